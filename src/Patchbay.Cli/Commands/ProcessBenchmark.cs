using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Patchbay.Cli.Arguments;
using Patchbay.Journal;
using Patchbay.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>Times the quartet on one, two, ... processes of this machine, each a node that computes one unit at a time
/// on one thread, with a journal in a file that they share.</summary>
internal static class ProcessBenchmark
{
    private const string Sweep = "processes-1";

    private const string Study = """
        name: processes
        models: [tiny-base, tiny-chat, tiny-goat, tiny-float]
        task: {kind: entity-tracking, boxes: 7, prompts: 300}
        seed: 20
        compute: {threads: 1, memory: 1GiB, expect: NODES}
        stages:
          - path-patching: {groups: [A, B, C], receivers: [6, 6, 6]}
        """;

    /// <summary>What one number of processes took.</summary>
    /// <param name="Processes">How many.</param>
    /// <param name="Seconds">From the first unit's begin to the last one's end, by the journal.</param>
    /// <param name="Computing">Seconds of computing in it, all units together.</param>
    private sealed record Times(int Processes, double Seconds, double Computing)
    {
        /// <summary>Share of the processes' time in which they do not compute.</summary>
        public double Idle => 1 - Computing / (Processes * Seconds);
    }

    /// <summary>Runs and prints it.</summary>
    /// <param name="call">The command.</param>
    /// <param name="folder">Where journals may lie; what is put there is removed.</param>
    /// <param name="most">The largest number of processes.</param>
    public static ExitCode Run(Call call, string folder, int most)
    {
        var times = new List<Times>();
        for (var count = 1; count <= most; count++)
            times.Add(call.WithProgress("processes", report =>
            {
                report($"{count} of {most} processes", (count - 1.0) / most);
                return Measure(call, Path.Combine(folder, $"bench_{Guid.NewGuid():N}"), count);
            }));
        call.WriteLine($"{BenchOutput.Machine()}; four models, one thread a process, journal in SQLite");
        var table = BenchOutput.Table([], "processes", "seconds", "not computing", "speed");
        foreach (var t in times) table.AddRow($"{t.Processes}", $"{t.Seconds:0.0}", $"{100 * t.Idle:0.0} %",
            $"{times[0].Seconds / t.Seconds:0.00} x");
        call.Draw(() => table);
        call.WriteJson(new { Machine = BenchOutput.Machine(), Processes = times });
        return ExitCode.Ok;
    }

    private static Times Measure(Call call, string folder, int count)
    {
        Directory.CreateDirectory(folder);
        var nodes = new List<Process>();
        try
        {
            var study = Path.Combine(folder, "study.yaml");
            File.WriteAllText(study, Study.Replace("NODES", count.ToString(CultureInfo.InvariantCulture),
                StringComparison.Ordinal));
            int[] ports = [.. Enumerable.Range(0, count).Select(_ => FreePorts.Two())];
            foreach (var port in ports)
                nodes.Add(Start(folder, "node", "run", "--port", $"{port}", "--seed", $"127.0.0.1:{ports[0]}",
                    "--slots", "1", "--threads", "1", "--memory", "4GiB"));
            WaitForApi(ports[0], call);
            using var run = Start(folder, "study", "run", study, "--node", $"127.0.0.1:{ports[0]}");
            while (!run.WaitForExit(200))
                if (call.Interrupted.IsCancellationRequested || nodes.Any(n => n.HasExited)) run.Kill();
            call.Interrupted.ThrowIfCancellationRequested();
            if (run.ExitCode != 0) throw new IOException($"the study ended with exit code {run.ExitCode}");
            using var journal = SqlJournal.Open(JournalPlace.Of(DataFolder.JournalFile(folder)), readOnly: true);
            var events = journal.Read(Sweep, 0).ToArray();
            var done = events.Where(e => e.Event is UnitCompleted).ToArray();
            return new(count,
                (done[^1].At - events.First(e => e.Event is UnitClaimed).At).TotalSeconds,
                done.Sum(e => ((UnitCompleted)e.Event).Seconds));
        }
        finally
        {
            foreach (var node in nodes)
            {
                if (!node.HasExited) node.Kill();
                node.WaitForExit();
                node.Dispose();
            }
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WaitForApi(int port, Call call)
    {
        for (var until = DateTime.UtcNow.AddMinutes(1); DateTime.UtcNow < until
            && !call.Interrupted.WaitHandle.WaitOne(100);)
        {
            using var client = new TcpClient();
            try
            {
                client.Connect(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                // It is not up yet.
            }
        }
    }

    // Another of this program, with that data folder; what it prints is of no interest.
    private static Process Start(string folder, params string[] arguments)
    {
        var (program, own) = (Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]);
        string[] all = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [own, .. arguments] : arguments;
        var info = new ProcessStartInfo(program, all) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment[DataFolder.Variable] = folder;
        info.Environment.Remove(DataFolder.JournalVariable);
        var process = Process.Start(info)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}

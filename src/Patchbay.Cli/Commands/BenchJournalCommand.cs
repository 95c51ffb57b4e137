using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Journal;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm bench journal`: how fast events are recorded and sweeps recovered.</summary>
internal sealed class BenchJournalCommand : PbmCommand
{
    private static readonly int[] Batches = [1, 40, 1000];
    private const int MostReplayed = 100_000;
    private readonly Option<string> data = DataFolder.Option();
    private readonly Option<int> most = CommonOptions.Parsed("--results", "N",
        "Results of the largest sweep; smaller ones are a tenth each", Lists.Count, 1_000_000);
    private readonly Option<int> seconds = CommonOptions.Parsed("--seconds", "N",
        "How long to record with each number of events", Lists.Count, 3);

    public BenchJournalCommand() : base(
        "journal", "Time the journal: events recorded a second, recovery of sweeps up to a million results",
        "pbm bench journal", "pbm bench journal --results 100000 --seconds 1 --json")
    {
        foreach (var option in new Option[] { data, most, seconds }) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        // On the disk that the journal of the operator's sweeps is on.
        var folder = Path.Combine(DataFolder.Chosen(call, data), $"bench-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            string AppendFile(int batch) => Path.Combine(folder, $"append-{batch}.db");
            var appends = call.WithProgress("append", report => Batches.Select(batch =>
            {
                report($"append {batch}", 0);
                return JournalBenchmark.Append(AppendFile(batch), batch, call.Get(seconds), call.Interrupted);
            }).ToArray());
            var poll = JournalBenchmark.Poll(AppendFile(Batches[^1]));
            ShowAppends(call, appends, poll);
            var recoveries = call.WithProgress("recover", report => Recoveries(call, folder, report));
            ShowRecoveries(call, recoveries);
            call.WriteJson(new
            {
                Machine = BenchOutput.Machine(),
                Appends = appends,
                PollSeconds = poll,
                Recoveries = recoveries,
            });
            return ExitCode.Ok;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private RecoveryTime[] Recoveries(Call call, string folder, ReportProgress report)
    {
        var times = new List<RecoveryTime>();
        foreach (var snapshot in new[] { true, false })
        {
            var last = snapshot ? call.Get(most) : Math.Min(MostReplayed, call.Get(most));
            for (long results = Math.Min(1000, call.Get(most)); results <= last; results *= 10)
            {
                var label = $"{results} results, {(snapshot ? "snapshot" : "replay")}";
                times.Add(JournalBenchmark.Recover(Path.Combine(folder, "recover.db"), (int)results, snapshot,
                    done => report(label, done), call.Interrupted));
                foreach (var left in Directory.GetFiles(folder, "recover.db*")) File.Delete(left);
            }
        }
        return [.. times];
    }

    private static void ShowAppends(Call call, IReadOnlyList<AppendRate> rates, double poll)
    {
        call.WriteLine($"{BenchOutput.Machine()}; every transaction on the disk before the next (synchronous FULL)");
        var table = BenchOutput.Table([], "events a transaction", "events", "seconds", "events/s", "transactions/s");
        foreach (var r in rates)
            table.AddRow($"{r.Batch}", $"{r.Events}", $"{r.Seconds:0.00}", $"{r.PerSecond:0}",
                $"{r.PerSecond / r.Batch:0}");
        call.Draw(() => table);
        call.WriteLine($"asking for events when there are no new ones: {1e6 * poll:0.0} microseconds");
    }

    private static void ShowRecoveries(Call call, IReadOnlyList<RecoveryTime> times)
    {
        const double MiB = 1048576;
        var table = BenchOutput.Table(
            [], "results", "events", "events read", "file MiB", "snapshot MiB", "saving it s", "recovery s");
        foreach (var r in times)
        {
            var (snapshot, saving) = r.SnapshotBytes == 0 ? ("none", "")
                : ($"{r.SnapshotBytes / MiB:0.00}", $"{r.SnapshotSeconds:0.000}");
            table.AddRow($"{r.Results}", $"{r.Events}", $"{r.Tail}", $"{r.FileBytes / MiB:0.0}", snapshot, saving,
                $"{r.Seconds:0.000}");
        }
        call.Draw(() => table);
        call.WriteLine("events read: those since the snapshot, or all; recovery s: opening the file and rebuilding the "
            + "state, best of three.");
    }
}

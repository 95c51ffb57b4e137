using System.Diagnostics;
using System.Text;
using Patchbay.Journal;

namespace Patchbay.EndToEnd.Tests;

/// <summary>What a `pbm` process did.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record Outcome(int Code, string Out, string Error)
{
    public override string ToString() => $"exit code {Code}\n{Out}\n{Error}";

    /// <summary>It ended with a code, and with one sentence that holds some parts.</summary>
    public void Says(int code, params string[] parts)
    {
        Assert.True(Code == code, ToString());
        Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        foreach (var part in parts) Assert.Contains(part, Error, StringComparison.Ordinal);
    }
}

/// <summary>Where a `pbm` keeps what it does.</summary>
/// <param name="Folder">Its data folder.</param>
/// <param name="Database">A database of PostgreSQL for the journal; null for a file in the folder.</param>
internal readonly record struct Home(string Folder, string? Database = null)
{
    /// <summary>The journal.</summary>
    public JournalPlace Journal => Database is null ? JournalPlace.Of(Path.Combine(Folder, "journal.db"))
        : JournalPlace.OfDatabase(Database, "--journal", mayHoldPassword: false);

    /// <summary>Events of a sweep; none where there is no journal yet.</summary>
    public SweepEvent[] Events(string sweep)
    {
        if (Database is null && !File.Exists(Path.Combine(Folder, "journal.db"))) return [];
        try
        {
            using var journal = SqlJournal.Open(Journal, readOnly: Database is not null);
            return [.. journal.Read(sweep, 0).Select(e => e.Event)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Units of a sweep that are recorded as done.</summary>
    public string[] Completed(string sweep) => [.. Events(sweep).OfType<UnitCompleted>().Select(e => e.Unit)];

    public static implicit operator Home(string folder) => new(folder);
}

/// <summary>Runs the real `pbm`, as a process of its own.</summary>
internal sealed class Pbm : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new(), errors = new();

    private Pbm(Process process) => this.process = process;

    /// <summary>The project's folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>What runs it: the published one, compiled ahead of time, where it is not older than what was
    /// built.</summary>
    private static string[] Program { get; } = FindProgram();

    /// <summary>What it has written so far.</summary>
    public string Out
    {
        get
        {
            lock (output) return output.ToString();
        }
    }

    /// <summary>What it has written on standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (errors) return errors.ToString();
        }
    }

    public bool HasExited => process.HasExited;

    /// <summary>Waits for something that processes do, some minutes at most.</summary>
    public static void WaitFor(Func<bool> reached, int minutes = 3)
    {
        for (var until = DateTime.UtcNow.AddMinutes(minutes); !reached(); Thread.Sleep(50))
            if (DateTime.UtcNow > until) Assert.Fail($"not reached within {minutes} minutes");
    }

    /// <summary>Runs a command to its end.</summary>
    public static Outcome Run(Home home, params string[] arguments)
    {
        using var pbm = Start(home, arguments);
        return pbm.Finish();
    }

    /// <summary>Runs a command to its end with some variables of its environment set: "NAME=VALUE".</summary>
    public static Outcome Run(string[] variables, Home home, params string[] arguments)
    {
        using var pbm = Start(home, arguments, variables);
        return pbm.Finish();
    }

    /// <summary>Runs a command to its end; on standard error is also what the system's linker did.</summary>
    public static Outcome RunTraced(Home home, params string[] arguments)
    {
        using var pbm = Start(home, arguments, "LD_DEBUG=files");
        return pbm.Finish();
    }

    /// <summary>Runs a command to its end; the runtime writes down which assemblies it loaded.</summary>
    public static Outcome RunListed(Home home, string trace, params string[] arguments)
    {
        using var pbm = Start(home, arguments, "DOTNET_EnableEventPipe=1", $"DOTNET_EventPipeOutputPath={trace}",
            "DOTNET_EventPipeConfig=Microsoft-Windows-DotNETRuntime:0x8:4"); // loader, informational
        return pbm.Finish();
    }

    /// <summary>Starts a command.</summary>
    public static Pbm Start(Home home, params string[] arguments) => Start([], home, arguments);

    /// <summary>Starts a command by another that runs it, such as on a machine of a <see cref="Network"/>.</summary>
    public static Pbm Start(string[] by, Home home, params string[] arguments) => Start(home, arguments, by, []);

    private static Pbm Start(Home home, string[] arguments, params string[] variables) =>
        Start(home, arguments, [], variables);

    private static Pbm Start(Home home, string[] arguments, string[] by, string[] variables)
    {
        string[] program = [.. by, .. IgnoresInterrupt ? ["env", "--default-signal=INT"] : Array.Empty<string>(),
            .. Program, .. arguments];
        var info = new ProcessStartInfo(program[0], program[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Root
        };
        info.Environment["PATCHBAY_DATA"] = home.Folder;
        if (home.Database is not null) info.Environment["PATCHBAY_JOURNAL"] = home.Database;
        foreach (var variable in variables.Select(v => v.Split('=', 2))) info.Environment[variable[0]] = variable[1];
        var pbm = new Pbm(new Process { StartInfo = info });
        pbm.process.OutputDataReceived += (_, e) => Append(pbm.output, e.Data);
        pbm.process.ErrorDataReceived += (_, e) => Append(pbm.errors, e.Data);
        pbm.process.Start();
        pbm.process.BeginOutputReadLine();
        pbm.process.BeginErrorReadLine();
        return pbm;
    }

    /// <summary>A shell that runs something in its background lets it ignore Ctrl-C, and what that starts too: bit 2 of
    /// SigIgn.</summary>
    private static bool IgnoresInterrupt { get; } = File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status")
        .Where(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))
            .Any(l => (Convert.ToUInt64(l[7..].Trim(), 16) & 2) != 0);

    /// <summary>Waits for its end.</summary>
    public Outcome Finish(double seconds = 300)
    {
        if (!process.WaitForExit(TimeSpan.FromSeconds(seconds)))
        {
            process.Kill();
            throw new TimeoutException($"pbm did not end within {seconds} s:\n{output}\n{errors}");
        }
        process.WaitForExit();
        return new(process.ExitCode, output.ToString(), errors.ToString());
    }

    /// <summary>Waits until it has written something.</summary>
    public void Until(string text, double seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (!Out.Contains(text, StringComparison.Ordinal))
        {
            if (process.HasExited || clock.Elapsed.TotalSeconds > seconds) throw new TimeoutException(
                $"pbm never wrote '{text}':\n{output}\n{errors}");
            Thread.Sleep(5);
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => Signal("-INT");

    /// <summary>Sends a signal, such as "-TERM".</summary>
    public void Signal(string signal) =>
        Process.Start("kill", [signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])
        .WaitForExit();

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    private static void Append(StringBuilder to, string? line)
    {
        lock (to) to.AppendLine(line);
    }

    private static string[] FindProgram()
    {
        var built = Path.Combine(AppContext.BaseDirectory, "pbm.dll");
        var published = Path.Combine(Root, "out", "pbm", "pbm");
        return File.GetLastWriteTimeUtc(published + ".dll") >= File.GetLastWriteTimeUtc(built) ? [published]
            : ["dotnet", built];
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Cluster.sln"))) return at.FullName;
        throw new InvalidOperationException("the project's root was not found");
    }
}

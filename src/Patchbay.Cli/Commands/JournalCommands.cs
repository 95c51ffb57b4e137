using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Journal;
using Patchbay.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm journal verify`: reads everything and says what is wrong.</summary>
internal sealed class JournalVerifyCommand : PbmCommand
{
    private readonly Option<string> data = DataFolder.Option();

    public JournalVerifyCommand() : base("verify", "Read the whole journal: pages, hashes, gaps, states, snapshots, artifacts", "pbm journal verify", "pbm journal verify --data ./patchbay --json") => Add(data);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var path = DataFolder.JournalPath(DataFolder.Of(call, data));
        using var journal = SqliteJournal.Open(path, readOnly: true);
        var report = call.WithProgress("reading", progress => JournalVerifier.Verify(journal, (what, done) => progress(what, done), call.Interrupted));
        foreach (var sweep in report.Sweeps)
        {
            call.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sweep.Sweep}: {sweep.Events:N0} events, {sweep.Results:N0} results, {SweepText.Of(sweep.Status)}"));
        }
        foreach (var problem in report.Problems) call.WriteLine($"problem: {problem}");
        call.WriteLine(report.Problems.Count == 0 ? $"{path}: {report.Sweeps.Count} sweeps, {report.Artifacts} artifacts, all whole" : $"{path}: {report.Problems.Count} problems");
        call.WriteJson(new
        {
            Journal = path,
            Sweeps = report.Sweeps.Select(s => new { s.Sweep, s.Events, s.Results, Status = SweepText.Word(s.Status), s.Gaps, s.Damaged }),
            report.Artifacts,
            report.Problems,
        });
        return report.Problems.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }
}

/// <summary>`pbm journal export`: the journal as JSON lines.</summary>
internal sealed class JournalExportCommand : PbmCommand
{
    private readonly Option<string> data = DataFolder.Option();
    private readonly Option<string> to = new("--out") { Description = "File to write", HelpName = "FILE", Required = true };

    public JournalExportCommand() : base("export", "Write all sweeps and artifacts as JSON lines: a backup, or a move to another machine", "pbm journal export --out journal.jsonl")
    {
        Add(data);
        Add(to);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var journal = SqliteJournal.Open(DataFolder.JournalPath(DataFolder.Of(call, data)), readOnly: true);
        var path = Path.GetFullPath(call.Get(to));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var unfinished = $"{path}.{Environment.ProcessId}.part";
        long count;
        try
        {
            using (var writer = new StreamWriter(unfinished)) count = call.WithProgress("writing", report => JournalExport.Export(journal, writer, (what, done) => report(what, done), call.Interrupted)).Events;
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
        call.WriteLine(string.Create(CultureInfo.InvariantCulture, $"written: {path}, {count:N0} events"));
        call.WriteJson(new { File = path, Events = count });
        return ExitCode.Ok;
    }
}

/// <summary>`pbm journal import FILE`: adds what an export holds.</summary>
internal sealed class JournalImportCommand : PbmCommand
{
    private readonly Argument<string> file = new("FILE") { Description = "Written by 'pbm journal export'" };
    private readonly Option<string> data = DataFolder.Option();

    public JournalImportCommand() : base("import", "Add the sweeps of an export; those that are there already are only gone on with", "pbm journal import journal.jsonl --data ./patchbay")
    {
        Add(file);
        Add(data);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        if (!File.Exists(path)) throw new FileNotFoundException($"there is no file {path}", path);
        var folder = DataFolder.Of(call, data);
        Directory.CreateDirectory(folder);
        using var journal = SqliteJournal.Open(DataFolder.JournalPath(folder));
        using var reader = new StreamReader(path);
        var count = call.WithProgress("reading", _ => JournalImport.Import(journal, reader, call.Interrupted)).Events;
        call.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count:N0} events added to {journal.Path}"));
        call.WriteJson(new { Journal = journal.Path, Added = count });
        return ExitCode.Ok;
    }
}

/// <summary>`pbm bench journal`: how fast events are recorded, and how long recovery takes.</summary>
internal sealed class BenchJournalCommand : PbmCommand
{
    private static readonly int[] Sizes = [1, 10, 40, 200], Results = [1000, 10_000, 100_000, 1_000_000];
    private readonly Option<string> data = DataFolder.Option();
    private readonly Option<int> most = CommonOptions.Parsed("--results", "N", "Largest sweep to recover", Lists.Count, Results[^1]);

    public BenchJournalCommand() : base("journal", "Measure events per second, single and batched, and recovery time against the size of a sweep", "pbm bench journal", "pbm bench journal --results 100000 --json")
    {
        Add(data);
        Add(most);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var home = DataFolder.Of(call, data);
        Directory.CreateDirectory(home);
        var folder = Directory.CreateDirectory(Path.Combine(home, $"bench-{Environment.ProcessId}")).FullName;
        try
        {
            var rates = call.WithProgress("appending", report => JournalBenchmark.Appends(folder, Sizes, done => report("appending", done)));
            var sizes = Results.Where(r => r <= call.Get(most)).ToArray();
            var times = call.WithProgress("recovering", report => sizes.Index().Select(size =>
            {
                report($"recovering {size.Item} results", size.Index / (double)sizes.Length);
                call.Interrupted.ThrowIfCancellationRequested();
                return JournalBenchmark.Recovery(folder, size.Item, replay: true);
            }).ToArray());
            Show(call, rates, times);
            return ExitCode.Ok;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Show(Call call, IReadOnlyList<AppendRate> rates, IReadOnlyList<RecoveryTime> times)
    {
        static string Text(FormattableString text) => FormattableString.Invariant(text);
        var appends = new Table { Border = TableBorder.Simple };
        foreach (var header in (string[])["events in a transaction", "events/s", "ms a transaction", "against single"]) appends.AddColumn(new TableColumn(header).RightAligned());
        foreach (var r in rates) appends.AddRow(Text($"{r.EventsPerTransaction}"), Text($"{r.EventsPerSecond:N0}"), Text($"{r.MillisecondsPerTransaction:0.00}"), Text($"{r.EventsPerSecond / rates[0].EventsPerSecond:0.0} x"));
        call.Out.Write(appends);
        var recoveries = new Table { Border = TableBorder.Simple };
        foreach (var header in (string[])["results", "events", "MB", "recovery", "from all events", "ratio", "snapshot"]) recoveries.AddColumn(new TableColumn(header).RightAligned());
        foreach (var t in times)
        {
            recoveries.AddRow(Text($"{t.Results:N0}"), Text($"{t.Events:N0}"), Text($"{t.Megabytes:0.0}"), Text($"{t.Seconds:0.000} s"), Text($"{t.ReplaySeconds:0.000} s"),
                Text($"{t.ReplaySeconds / t.Seconds:0.0} x"), Text($"{t.SnapshotSeconds:0.000} s"));
        }
        call.Out.Write(recoveries);
        call.WriteJson(new { Appends = rates, Recoveries = times });
    }
}

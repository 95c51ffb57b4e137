using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Journal;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm journal verify`: whether everything in the journal is as it was written.</summary>
internal sealed class JournalVerifyCommand : PbmCommand
{
    private readonly DataFolder data = new();

    public JournalVerifyCommand() : base(
        "verify", "Check every event, snapshot and artifact of the journal; changes nothing",
        "pbm journal verify", "pbm journal verify --data ./data --json")
    {
        foreach (var option in data.JournalOptions) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        using var journal = data.Open(call, readOnly: true);
        var report = call.WithProgress("journal", progress =>
            JournalVerifier.Verify(journal, (what, done) => progress(what, done), call.Interrupted));
        Show(call, report);
        call.WriteJson(new
        {
            report.Path,
            report.Version,
            report.Sound,
            Sweeps = report.Sweeps.Select(s => new
            {
                s.Sweep,
                Status = SweepDecider.Text(s.Status),
                s.Events,
                s.Results,
                s.Gaps,
                s.Damaged,
                s.CompletedTwice,
                s.Rebuilt,
                s.Snapshots,
                s.SnapshotsWrong,
            }),
            report.Artifacts,
            report.ArtifactsDamaged,
            report.Problems,
        });
        return report.Sound ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Show(Call call, JournalReport report)
    {
        var table = BenchOutput.Table(
            ["sweep", "status"], "events", "results", "gaps", "damaged", "twice", "rebuilt", "snapshots");
        foreach (var s in report.Sweeps)
        {
            var wrong = s.SnapshotsWrong == 0 ? "" : $", {s.SnapshotsWrong} wrong";
            table.AddRow(Markup.Escape(s.Sweep), SweepDecider.Text(s.Status), $"{s.Events}", $"{s.Results}",
                $"{s.Gaps}", $"{s.Damaged}", $"{s.CompletedTwice}", s.Rebuilt ? "yes" : "no", $"{s.Snapshots}{wrong}");
        }
        if (report.Sweeps.Count > 0) call.Draw(() => table);
        foreach (var problem in report.Problems) call.WriteLine($"problem: {problem}");
        var result = report.Sound ? "all as it was written" : Plural(report.Problems.Count, "problem");
        call.WriteLine($"{report.Path}: {Plural(report.Sweeps.Count, "sweep")}, "
            + $"{Plural(report.Artifacts, "artifact")}, {result}");
    }

    private static string Plural(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}

/// <summary>`pbm journal export`: the journal as lines of JSON.</summary>
internal sealed class JournalExportCommand : PbmCommand
{
    private readonly DataFolder data = new();
    private readonly Option<string?> file =
        new("--out") { Description = "File for the lines (default: standard output)", HelpName = "FILE" };

    public JournalExportCommand() : base(
        "export", "Write the journal out as lines of JSON, to keep or to move to another machine",
        "pbm journal export --out journal.jsonl", "pbm journal export --data ./data")
    {
        foreach (var option in data.JournalOptions) Add(option);
        Add(file);
    }

    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        if (path is null && call.IsJson)
            throw new InvalidDataException("with --json the lines need a file of their own: give one with --out");
        using var journal = data.Open(call, readOnly: true);
        if (path is null)
        {
            Export(call.Screen.Writer);
            return ExitCode.Ok;
        }
        var (events, artifacts) = OutputFile.Write(path, Export);
        call.WriteLine($"events: {events}, artifacts: {artifacts}, written to {path}");
        call.WriteJson(new { File = path, Events = events, Artifacts = artifacts });
        return ExitCode.Ok;

        (long Events, long Artifacts) Export(TextWriter writer) => call.WithProgress("export", progress =>
            JournalExport.Export(journal, writer, (what, done) => progress(what, done), call.Interrupted));
    }
}

/// <summary>`pbm journal import`: an export into the journal.</summary>
internal sealed class JournalImportCommand : PbmCommand
{
    private readonly Argument<string> file =
        new("FILE") { Description = "What 'pbm journal export' wrote; '-' reads standard input" };
    private readonly DataFolder data = new();

    public JournalImportCommand() : base(
        "import", "Add what an export holds and the journal does not; all of it or nothing",
        "pbm journal import journal.jsonl", "pbm journal import journal.jsonl --data ./data --json")
    {
        Add(file);
        foreach (var option in data.JournalOptions) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        if (path != "-") InputFile.Require(path);
        using var input = path == "-" ? Console.In : new StreamReader(path);
        using var journal = data.Open(call, readOnly: false);
        var result = call.WithProgress("import", _ => JournalImport.Import(journal, input, call.Interrupted));
        call.WriteLine($"events: {result.Events} added, {result.EventsKnown} known; "
            + $"artifacts: {result.Artifacts} added, {result.ArtifactsKnown} known");
        call.WriteJson(result);
        return ExitCode.Ok;
    }
}

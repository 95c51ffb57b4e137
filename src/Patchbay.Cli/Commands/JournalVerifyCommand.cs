using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Journal;
using Patchbay.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm journal verify`: whether everything in the journal is as it was written.</summary>
internal sealed class JournalVerifyCommand : PbmCommand
{
    private readonly Option<string> data = DataFolder.Option();

    public JournalVerifyCommand() : base("verify", "Check every event, snapshot and artifact of the journal; changes nothing",
        "pbm journal verify", "pbm journal verify --data ./data --json") => Add(data);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var journal = SqliteJournal.Open(DataFolder.JournalPath(DataFolder.Of(call, data)), readOnly: true);
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
        if (report.Sweeps.Count > 0)
        {
            var table = new Table().Border(TableBorder.Simple);
            table.AddColumn("sweep");
            table.AddColumn("status");
            foreach (var column in new[] { "events", "results", "gaps", "damaged", "twice", "rebuilt", "snapshots" })
                table.AddColumn(new TableColumn(column).RightAligned());
            foreach (var s in report.Sweeps)
            {
                table.AddRow(Markup.Escape(s.Sweep), SweepDecider.Text(s.Status), $"{s.Events}", $"{s.Results}", $"{s.Gaps}",
                    $"{s.Damaged}", $"{s.CompletedTwice}",
                    s.Rebuilt ? "yes" : "no", s.SnapshotsWrong == 0 ? $"{s.Snapshots}" : $"{s.Snapshots}, {s.SnapshotsWrong} wrong");
            }
            call.Draw(() => table);
        }
        foreach (var problem in report.Problems) call.WriteLine($"problem: {problem}");
        call.WriteLine($"{report.Path}: {Plural(report.Sweeps.Count, "sweep")}, {Plural(report.Artifacts, "artifact")}, "
            + (report.Sound ? "all as it was written" : Plural(report.Problems.Count, "problem")));
    }

    private static string Plural(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}

using System.CommandLine;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep report`: everything that a sweep found, as a page and as Markdown, with pictures and
/// data.</summary>
internal sealed class SweepReportCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;
    private readonly IReadOnlyList<string>? fontFolders;
    private readonly Argument<string> id = SweepJournals.Id();
    private readonly Option<string?> folder = new("--out")
    {
        Description = "Folder to write to (default: report-ID)",
        HelpName = "FOLDER"
    };
    private readonly Option<bool> partial = new(
        "--partial")
    { Description = "Report what there is of a sweep that is not complete" };

    /// <param name="open">Opens the journal.</param>
    /// <param name="fontFolders">Where fonts for PNG are; null: where Linux has them.</param>
    public SweepReportCommand(Func<Call, ISweepJournal> open, IReadOnlyList<string>? fontFolders = null)
        : base("report", "Write all that a sweep found as one HTML page and as Markdown, with pictures and data",
        "pbm sweep report tiny-1", "pbm sweep report paper-1 --out paper --json", "pbm sweep report tiny-1 --partial")
    {
        (this.open, this.fontFolders) = (open, fontFolders);
        Add(id);
        Add(folder);
        Add(partial);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var journal = open(call);
        try
        {
            var sweep = call.Get(id);
            var state = SweepJournals.Find(journal, sweep).State;
            var missing = SweepExport.Missing(state);
            if (missing.Count > 0 && !call.Get(partial))
                throw new InvalidDataException(
                    $"sweep {sweep} is not complete: {SweepExport.Summary(missing)}; "
                    + "report what there is with --partial");
            var home = call.Get(folder) ?? $"report-{sweep}";
            OutputFile.Check("--out", home, isFolder: true);
            var input = new ReportInput(RunFacts.Of(sweep, state, journal.Read(sweep, 0)), SweepFindings.Of(state),
                SweepReport.Training(state.Plan!));
            (string Path, string Text)[] files =
                [.. SweepReport.Files(input).Select(f => (Path.Combine(home, f.Path), f.Text))];
            foreach (var (path, text) in files) OutputFile.Write(path, text);
            string[] paths = [.. files.Select(f => f.Path), .. PngFiles.Write(call, files, fontFolders)];
            call.WriteLine($"written: {paths[0]}");
            call.WriteLine($"written: {paths[1]}, with {paths.Length - 2} pictures and data files beside it");
            if (missing.Count > 0) call.Notice($"not complete: {SweepExport.Summary(missing)}");
            call.WriteJson(new
            {
                Sweep = sweep,
                Html = paths[0],
                Markdown = paths[1],
                Files = paths,
                Missing = missing
            });
            return ExitCode.Ok;
        }
        finally
        {
            SweepJournals.Close(journal);
        }
    }
}

using System.CommandLine;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep compare`: two sweeps, or two models, figure by figure, with significance.</summary>
internal sealed class SweepCompareCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;
    private readonly Argument<string> first = new("A") { Description = "Id of the first sweep, or SWEEP:MODEL" };
    private readonly Argument<string> second = new("B") { Description = "Id of the second sweep, or SWEEP:MODEL" };
    private readonly Option<string?> output = new(
        "--out")
    { Description = "File to write the comparison to, .html or .md", HelpName = "FILE" };

    /// <param name="open">Opens the journal.</param>
    public SweepCompareCommand(Func<Call, ISweepJournal> open) : base("compare",
        "Compare two sweeps, or two models, figure by figure, with significance",
        "pbm sweep compare tiny-1 tiny-2", "pbm sweep compare quartet-1:tiny-base quartet-1:tiny-goat",
            "pbm sweep compare tiny-1 tiny-2 --out compared.html",
            "pbm sweep compare paper-1 paper-2 --json")
    {
        this.open = open;
        Add(first);
        Add(second);
        Add(output);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var file = call.Get(output);
        if (file is not null && Path.GetExtension(file) is not (".html" or ".md"))
            throw new InvalidDataException($"--out: {file} must end in .html or .md");
        var journal = open(call);
        try
        {
            var (a, b) = (Find(journal, call.Get(first)), Find(journal, call.Get(second)));
            var comparison = SweepComparison.Of(a, b);
            call.WriteThenShow(file is null ? [] : Write(call, file, ComparisonReport.Create(comparison)), files =>
            {
                Show(call, comparison);
                call.WriteJsonText(() => Document(comparison, files));
            });
            foreach (var run in new[] { a.Run, b.Run }.Where(r => r.Missing.Count > 0))
                call.Notice($"{run.Sweep} is not complete: {SweepExport.Summary(run.Missing)}");
            foreach (var note in comparison.Notes) call.Notice(note);
            return ExitCode.Ok;
        }
        finally
        {
            SweepJournals.Close(journal);
        }
    }

    private static ComparedSide Find(ISweepJournal journal, string name)
    {
        var (id, model) = ComparedSide.Split(name);
        var state = SweepJournals.Find(journal, id).State;
        return ComparedSide.Of(RunFacts.Of(id, state, journal.Read(id, 0)), SweepFindings.Of(state), model);
    }

    private static void Show(Call call, SweepComparison comparison)
    {
        call.WriteLine($"First: {comparison.First.Sweep}, second: {comparison.Second.Sweep}; "
            + $"{(comparison.SamePrompts ? "the same prompts" : "different prompts")}");
        if (comparison.Figures.Count == 0 && comparison.Overlaps.Count == 0) call.WriteLine(
            "They have no figure in common.");
        if (comparison.Figures.Count > 0)
        {
            call.WriteLine(SweepComparison.Caption);
            call.Draw(() => ComparisonReport.Figures(comparison));
        }
        if (comparison.Overlaps.Count == 0) return;
        call.WriteLine("Circuits. precision: share of the first's heads that are the second's; recall: share of the "
            + "second's that are the first's");
        call.Draw(() => ComparisonReport.Overlaps(comparison));
    }

    private static IEnumerable<string> Write(Call call, string file, ReportDocument report)
    {
        var isMarkdown = Path.GetExtension(file) == ".md";
        OutputFile.Write(file, isMarkdown ? MarkdownWriter.Write(report) : HtmlWriter.Write(report));
        yield return file;
        if (!isMarkdown) yield break;
        var folder = Path.Combine(Path.GetDirectoryName(file) ?? "", MarkdownWriter.PictureFolder);
        (string Path, string Text)[] pictures = [.. report.Pictures.Select(p =>
            (Path.Combine(folder, p.File), MarkdownWriter.PictureText(p.Picture)))];
        foreach (var (path, text) in pictures)
        {
            OutputFile.Write(path, text);
            yield return path;
        }
        foreach (var path in PngFiles.Write(call, pictures)) yield return path;
    }

    private static string Document(SweepComparison comparison, IReadOnlyList<string> files) => ReportData.Write(new
    {
        First = comparison.First.Sweep,
        Second = comparison.Second.Sweep,
        comparison.SamePrompts,
        Models = comparison.Models.Select(m => new
        {
            First = m.First.Name,
            Second = m.Second.Name,
            SameCheckpoint = m.First.Fingerprint == m.Second.Fingerprint
        }),
        Figures = comparison.Figures.Select(f => new
        {
            f.Part,
            f.Name,
            f.First,
            f.Second,
            Difference = f.Second - f.First,
            f.Difference?.Low,
            f.Difference?.High,
            f.Difference?.P,
            f.Test
        }),
        comparison.Overlaps,
        comparison.Notes,
        Files = files,
    }).TrimEnd();
}

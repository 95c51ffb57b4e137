using Patchbay.Cli.Charts;
using Patchbay.Cli.Report.Sections;
using Patchbay.Findings;
using Patchbay.Lab.Training;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Report;

/// <summary>A sweep's report: a section for all that was found, none for what was not.</summary>
internal static class SweepReport
{
    /// <summary>Why published figures do not fit the tiny quartet.</summary>
    public const string StandIns = "The tiny quartet's models are not the paper's: they stand for its 7B models and are about two thousand times smaller; "
        + "published figures stand beside them to compare patterns, not to be met.";

    private static readonly Func<ReportInput, Section?>[] Sections =
    [
        SummarySection.Of, RunSection.Of, AccuracySection.Of, PathPatchingSection.Of, CircuitSection.Of, OverlapSection.Of,
            AttentionSection.Of, MinimalitySection.Of,
        FaithfulnessSection.Of, CompletenessSection.Of, DcmSection.Of, FunctionalitySection.Of, CmapSection.Of, KnockoutSection.Of, PatchedSection.Of,
        AttributionSection.Of, TrainingSection.Of,
    ];

    /// <summary>The report.</summary>
    public static ReportDocument Of(ReportInput input)
    {
        var run = input.Run;
        var sections = Sections.Select(make => make(input)).OfType<Section>().ToList();
        sections.Add(ReadingSection.Of(sections));
        var models = string.Join(", ", run.Plan.Models.Select(m => m.Name));
        return new($"Sweep {run.Sweep}", $"Study {run.Plan.Study} on {models}; {run.Task}, seed {run.Plan.Seed}; {RunFacts.Time(run.Started)}",
            $"What was found in {Numbers.Count(run.Plan.Models.Count, "model")}, each figure with its definition, its sampling error, the published figure "
                + $"where there is one, and its data. Published: "
                + $"{PublishedFigures.Citation}.{(run.Plan.Models.Any(m => PublishedFigures.IsStandIn(m.Name)) ? " " + StandIns : "")}", sections);
    }

    /// <summary>Logs of training that lie beside the models' checkpoints, on the machine where this runs.</summary>
    public static IReadOnlyList<TrainingCurve> Training(SweepPlan plan) =>
    [
        .. from m in plan.Models
           let log = Path.Combine(m.Adapter ?? m.Path, TrainingLog.FileName)
           where File.Exists(log)
           let entries = TrainingLog.Read(log)
           where entries.Count > 0
           select new TrainingCurve(m.Name, entries),
    ];

    /// <summary>All the report's files, paths relative to its folder: the page, the Markdown with its pictures, the data.</summary>
    public static IEnumerable<(string Path, string Text)> Files(ReportInput input)
    {
        var report = Of(input);
        yield return ("report.html", HtmlWriter.Write(report));
        yield return ("report.md", MarkdownWriter.Write(report));
        foreach (var (file, picture) in report.Pictures) yield return ($"{MarkdownWriter.PictureFolder}/{file}", MarkdownWriter.PictureText(picture));
        yield return ("data.json", ReportData.Write(new { input.Run, input.Findings }));
        foreach (var section in report.Sections.Where(s => s.Data is not null))
            yield return (ReportData.FileOf(section), ReportData.Write(section.Data!));
    }
}

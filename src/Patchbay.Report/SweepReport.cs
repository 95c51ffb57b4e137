namespace Patchbay.Report;

/// <summary>A sweep's report: a section for all that was found, none for what was not.</summary>
internal static class SweepReport
{
    private static readonly Func<ReportInput, Section?>[] Sections =
    [
        WordsSections.Found, RunSections.Summary, RunSections.Run, EffectSections.Accuracy,
        CircuitSections.PathPatching,
        PruneSections.Elimination, CircuitSections.Circuits, CircuitSections.Overlap, CircuitSections.Attention,
        CircuitSections.Minimality,
        EvaluationSections.Faithfulness, EvaluationSections.Completeness, FunctionSections.Dcm,
        FunctionSections.Functionality, FunctionSections.Cmap, EffectSections.Knockout, EffectSections.Patched,
        EffectSections.Attribution, RunSections.Training,
    ];

    public static ReportDocument Document(ReportInput input)
    {
        var (run, plan) = (input.Run, input.Run.Plan);
        Section[] sections = [.. Sections.Select(make => make(input)).OfType<Section>()];
        var models = string.Join(", ", plan.Models.Select(m => m.Name));
        var standIns = plan.Models.Any(m => PublishedFigures.IsStandIn(m.Name))
            ? " The tiny quartet's models are not the paper's: they stand for its 7B models and are about two thousand "
                + "times smaller; published figures stand beside them to compare patterns, not to be met."
            : "";
        return new($"Sweep {run.Sweep}",
            $"Study {plan.Study} on {models}; {run.Task}, seed {plan.Seed}; {RunFacts.Time(run.Started)}",
            $"What was found in {SweepText.Count(plan.Models.Count, "model")}, each figure with its definition, its "
            + "sampling error, the published figure where there is one, and its data. Published: "
            + $"{PublishedFigures.Citation}.{standIns}", [.. sections, RunSections.Reading(sections)]);
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

    /// <summary>All the report's files, paths relative to its folder: the page, the Markdown with its pictures, the
    /// data.</summary>
    public static IEnumerable<(string Path, string Text)> Files(ReportInput input)
    {
        var report = Document(input);
        yield return ("report.html", HtmlWriter.Write(report));
        yield return ("report.md", MarkdownWriter.Write(report));
        foreach (var (file, picture) in report.Pictures)
            yield return ($"{MarkdownWriter.PictureFolder}/{file}", MarkdownWriter.PictureText(picture));
        yield return ("data.json", ReportData.Write(new { input.Run, input.Findings }));
        foreach (var section in report.Sections)
            if (section.Data is { } data) yield return (ReportData.FileOf(section), ReportData.Write(data));
    }
}

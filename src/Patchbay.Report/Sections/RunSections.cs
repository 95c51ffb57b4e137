namespace Patchbay.Report;

/// <summary>The sections about the whole: main figures, what was run, how models were trained, how to read it. The
/// first and the third are null where nothing was found for them.</summary>
internal static class RunSections
{
    private static readonly (string Name, string Reference)[] References =
    [
        ("Prakash et al. 2024", PublishedFigures.Citation + ", arXiv 2402.14811"),
        ("Wang et al. 2023", "Wang, Variengien, Conmy, Shlegeris, Steinhardt: Interpretability in the Wild: a Circuit "
            + "for Indirect Object Identification in GPT-2 small. ICLR 2023, arXiv 2211.00593"),
        ("Davies et al. 2023", "Davies, Nadeau, Prakash, Rott Shaham, Bau: Discovering Variable Binding Circuitry with "
            + "Desiderata. arXiv 2307.03637"),
        ("Geva et al. 2023", "Geva, Bastings, Filippova, Globerson: Dissecting Recall of Factual Associations in "
            + "Auto-Regressive Language Models. EMNLP 2023, arXiv 2304.14767"),
        ("Nanda 2023", "Nanda: Attribution Patching: Activation Patching at Industrial Scale"),
        ("Kramár et al. 2024", "Kramár, Lieberum, Shah, Nanda: AtP*: An efficient and scalable method for localizing "
            + "LLM behaviour to components. arXiv 2403.00745"),
        ("Zhang and Nanda 2024", "Zhang, Nanda: Towards Best Practices of Activation Patching in Language Models. ICLR "
            + "2024, arXiv 2309.16042"),
        ("Wilson 1927", "Wilson: Probable inference, the law of succession, and statistical inference. JASA 22"),
        ("McNemar 1947", "McNemar: Note on the sampling error of the difference between correlated proportions or "
            + "percentages. Psychometrika 12"),
        ("Newcombe 1998", "Newcombe: Interval estimation for the difference between independent proportions; the same "
            + "based on paired data. Statistics in Medicine 17"),
    ];

    /// <summary>The main figures of every model in one table.</summary>
    public static Section? Summary(ReportInput input)
    {
        var (models, first) = (input.Findings.Models, input.Findings.Models[0]);
        (string Heading, Func<ModelFindings, Cell?> Cell)[] columns =
        [
            (">accuracy", m => m.Accuracy is { } a ? Cell.Share(a.Right) : (Cell?)null),
            (">against base", m => AgainstBase(first, m)),
            (">heads in circuit", m => HeadsByGroup(input, m)),
            (">base's heads that are its", m => SharedHeads(input, m)),
            (">faithfulness of base's circuit", m => input.Findings.Circuits.FirstOrDefault(c =>
                (c.CircuitOf, c.Model, c.ElsewhereOwn) == (first.Name, m.Name, false)) is { } c
                ? new Cell(Numbers.Share(c.Faithfulness, "0.00")) : (Cell?)null),
            (">base with its circuit", m => input.Findings.Cmap.FirstOrDefault(c =>
                (c.Donor, c.Group, c.Form) == (m.Name, "circuit", "output")) is { } c
                ? Cell.Share(c.Patched) : (Cell?)null),
        ];
        var shown = columns.Where(c => models.Any(m => c.Cell(m) is not null)).ToArray();
        if (shown.Length == 0) return null;
        var groups = string.Join(", ", input.Groups.Select(g => g.Name));
        return new("summary", "At a glance",
            "The main figures of every model; each has its section, with how it is measured, below.", "",
            [new ReportTable($"Base: {first.Name}. Quieter: 95 % intervals, heads by group ({groups}), p values.",
                ["model", .. shown.Select(c => c.Heading)],
                models.Select(m => (Cell[])[m.Name, .. shown.Select(c => c.Cell(m) ?? Numbers.None)]))]);
    }

    private static Cell? HeadsByGroup(ReportInput input, ModelFindings model)
    {
        var sizes = input.Groups.Select(g => model.Circuit.GetValueOrDefault(g.Name) is { } heads ? $"{heads.Count}"
            : model.Scores.Any(s => s.Group.Name == g.Name) ? "0" : Numbers.None);
        return model.Circuit.Count == 0 ? (Cell?)null
            : new Cell($"{model.Circuit.Values.Sum(h => h.Count)}", string.Join(" + ", sizes));
    }

    private static Cell? AgainstBase(ModelFindings first, ModelFindings model)
    {
        if (model == first || first.Accuracy is not { } its || model.Accuracy is not { } own) return null;
        var difference = ReportInput.Difference(its.Right, its.Answers, own.Right, own.Answers);
        return new(Numbers.Difference(difference.Value), Numbers.Significance(difference.P));
    }

    private static Cell? SharedHeads(ReportInput input, ModelFindings model)
    {
        var first = input.Findings.Models[0];
        var overlaps = CircuitSections.Overlaps(input.Groups, first, model).Select(o => o.Overlap).ToArray();
        return model == first || overlaps.Length == 0 ? (Cell?)null
            : new Cell($"{overlaps.Sum(o => o.Shared)} of {overlaps.Sum(o => o.First)}");
    }

    /// <summary>What was run: the study, its models, versions, machines and times.</summary>
    public static Section Run(ReportInput input)
    {
        var run = input.Run;
        List<Block> blocks =
        [
            Facts(run),
            new ReportTable("Models. The fingerprint is the SHA-256 of configuration, weights and adapter.",
                ["model", ">layers", ">heads", "fingerprint", "checkpoint"],
                run.Plan.Models.Select(m => (Cell[])[m.Name, $"{m.Layers}", $"{m.Heads}", m.Fingerprint,
                    m.Adapter is { } adapter ? $"{m.Path} + {adapter}" : m.Path])),
            Stages(run),
        ];
        if (run.LeftOut is { } leftOut) blocks.Insert(0, new Note($"{string.Join(". ", leftOut)}."));
        if (run.Missing.Count > 0)
            blocks.Insert(0, new Note("The sweep is not complete; what is missing is left out below: "
                + $"{string.Join("; ", run.Missing)}."));
        return new("run", "What was run", "A sweep runs every stage of a study on every model; models with their "
            + "fingerprints, prompts, seed and number format are fixed when it is planned.",
            "docs/studies.md, docs/operating.md", blocks, run);
    }

    private static Facts Facts(RunFacts run)
    {
        var wall = run is { Started: { } started, Last: { } last } ? SweepText.Duration(last - started) : Numbers.None;
        var machines = run.Nodes.GroupBy(n => n.Host).Select(host =>
            $"{host.Key} ({(host.Count() == 1 ? "1 process" : $"{host.Count()} processes")}, "
            + $"{SweepText.Count(host.Sum(n => n.Units), "unit")})");
        return new(
        [
            ("sweep", run.Sweep), ("study", run.Plan.Study),
            .. run.Plan.Tags is { } tags ? [("tags", string.Join(", ", tags))] : Array.Empty<(string, string)>(),
            ("status", run.Status), ("prompts", run.Task),
            ("seed", $"{run.Plan.Seed}"), ("compute", run.Compute),
            ("program", run.Code is { } code ? $"pbm {code}" : Numbers.None),
            ("machine", run.Nodes.Count > 0 ? string.Join(", ", machines) : Numbers.None),
            ("started", RunFacts.Time(run.Started)), ("last event", RunFacts.Time(run.Last)),
            ("duration", $"{wall} from start to last event, {Duration(run.Seconds)} in units"),
        ]);
    }

    private static ReportTable Stages(RunFacts run)
    {
        string[] models = [.. run.Plan.Models.Select(m => m.Name)];
        var rows = run.Stages.GroupBy(s => s.Stage).Select(stage => (Cell[])
        [
            stage.Key, .. models.Select(m => Progress(stage.FirstOrDefault(s => s.Model == m))),
            Duration(stage.Sum(s => s.Seconds)),
        ]);
        return new("Stages by model, time spent in their units",
            ["stage", .. models.Select(m => ">" + m), ">all"], rows)
        { IsFolded = true };
    }

    private static Cell Progress(StageTime? stage) => stage switch
    {
        null => "",
        { Status: "complete" } => Duration(stage.Seconds),
        { Status: "waiting" } => new Cell(stage.Status, stage.Status),
        _ => new Cell($"{stage.Done} of {stage.Units}", stage.Status),
    };

    private static string Duration(double seconds) => SweepText.Duration(TimeSpan.FromSeconds(seconds));

    /// <summary>How the models were trained, where their logs lie beside them.</summary>
    public static Section? Training(ReportInput input)
    {
        if (input.Training.Count == 0) return null;
        var pictures = input.Training.Select(t => new Picture(t.Name, $"Training of {t.Name}", SvgLineChart.Draw(
            TrainingCurve.Chart([t]) with { IsBare = true, PlotWidth = 300, Title = $"Training of {t.Name}" })));
        var rows = input.Training.Select(t => (Cell[])
        [
            t.Name, $"{t.Steps:#,0}", $"{t.Tokens:#,0}", Duration(t.Seconds), Numbers.Share(t.Loss ?? double.NaN),
            string.Join("; ", t.Scores?.Select(s => $"{s.Key} {Numbers.Share(s.Value.Share)}") ?? []),
        ]);
        return new("training", "Training", "Loss of all predictions and accuracy on held-out questions as the model "
            + "was trained, from the log beside its checkpoint.", "docs/lab.md",
            [
                new Figure("Training curves: losses are means of several steps; bands are 95 % intervals.",
                    [.. pictures], 2),
                new ReportTable("At the end of training.",
                    ["model", ">steps", ">tokens", ">time in steps", ">loss", "last evaluation"], rows),
            ],
            input.Training.Select(t => new { t.Name, t.Steps, t.Tokens, t.Seconds, t.Loss, t.Losses, t.Scores }));
    }

    /// <summary>How errors and significance are meant, and where methods are from: the references that other sections
    /// name.</summary>
    public static Section Reading(IReadOnlyList<Section> others)
    {
        var references = References.Where(r => r.Name is "Wilson 1927" or "McNemar 1947" or "Newcombe 1998"
            || others.Any(s => s.Source.Contains(r.Name, StringComparison.Ordinal)));
        return new("reading", "How to read this", "Every figure was counted or averaged over a sample of prompts; what "
            + "stands beside it says how far chance alone would move it.", "",
            [
                new Paragraph("Intervals of shares are Wilson's, 95 %; of differences of shares, Newcombe's; ± is one "
                    + "standard error of a mean. Two answers to the same prompts are compared by McNemar's exact test, "
                    + "two shares counted on different prompts by the z test; both two-sided, significant below p = "
                    + ".05. Tests are not corrected for their number: of twenty comparisons of equals, one is expected "
                    + "to be significant."),
                new Paragraph("Colours of groups are Okabe and Ito's, colour scales of scores go from blue (negative) "
                    + "over the page's own colour to orange (positive); both are told apart by all common kinds of "
                    + "colour vision. Every dot, bar and cell names itself and its number when pointed at."),
                new ReportTable("References.", ["", ""], references.Select(r => (Cell[])[r.Name, r.Reference])),
            ]);
    }
}

namespace Patchbay.Report;

/// <summary>A comparison of two sweeps, for the terminal and as a report.</summary>
internal static class ComparisonReport
{
    private const int MostBars = 40;
    private static readonly string[] FigureHeadings =
        ["part", "figure", ">first", ">second", ">difference", ">95 % interval", ">p", "test"];
    private static readonly string[] OverlapHeadings =
        ["model", "group", ">heads of first", ">of second", .. CircuitSections.SharedHeadings];

    /// <summary>The figures as a table of the terminal.</summary>
    public static Table Figures(SweepComparison comparison) =>
        FittedTable.OfText(FigureHeadings, FigureRows(comparison).Select(row => row.Select(cell => cell.Text)));

    /// <summary>The overlaps as a table of the terminal.</summary>
    public static Table Overlaps(SweepComparison comparison) =>
        FittedTable.OfText(OverlapHeadings, OverlapRows(comparison).Select(row => row.Select(cell => cell.Text)));

    public static ReportDocument Create(SweepComparison comparison)
    {
        var (first, second) = (comparison.First, comparison.Second);
        List<Section> sections = [Runs(comparison)];
        if (comparison.Figures.Count > 0) sections.Add(FigureSection(comparison));
        if (comparison.Overlaps.Count > 0) sections.Add(OverlapSection(comparison));
        if (HeadSection(comparison) is { } heads) sections.Add(heads);
        return new($"{first.Sweep} and {second.Sweep}", first.Plan.Study == second.Plan.Study
                ? $"Study {first.Plan.Study}" : $"Studies {first.Plan.Study} and {second.Plan.Study}",
            SweepComparison.Caption, [.. sections, RunSections.Reading(sections)]);
    }

    private static Section Runs(SweepComparison comparison)
    {
        var (first, second) = (comparison.First, comparison.Second);
        (string Name, Func<RunFacts, string> Value)[] facts =
        [
            ("study", r => r.Plan.Study), ("status", r => r.Status), ("prompts", r => r.Task),
            ("seed", r => $"{r.Plan.Seed}"), ("compute", r => r.Compute), ("program", r => r.Code ?? Numbers.None),
            ("started", r => RunFacts.Time(r.Started)),
        ];
        var models = comparison.Models.Select(m => (Cell[])
            [m.First.Name, m.First.Fingerprint, m.Second.Name, m.Second.Fingerprint]);
        return new("runs", "What is compared",
            "Two sweeps, models of the same name beside each other, or two models, and every figure that both have.",
            "",
            [
                new ReportTable("", ["", first.Sweep, second.Sweep],
                    facts.Select(f => (Cell[])[f.Name, f.Value(first), f.Value(second)])),
                new ReportTable("Models and their fingerprints.", ["first", "", "second", ""], models),
                new Note(comparison.SamePrompts ? "Both asked the same prompts: seed and task are the same."
                    : "They asked different prompts: answers are not paired."),
                .. comparison.Notes.Select(n => new Note($"{char.ToUpperInvariant(n[0])}{n[1..]}.")),
            ]);
    }

    private static Section FigureSection(SweepComparison comparison)
    {
        var parts = comparison.Figures.Where(f => f.Difference is not null).GroupBy(f => f.Part).ToArray();
        List<Block> blocks = [new ReportTable(SweepComparison.Caption, FigureHeadings, FigureRows(comparison))];
        if (parts.Length > 0) blocks.Insert(0, Differences(parts));
        if (parts.Any(p => p.Key == "knockout"))
            blocks.Add(new Note("Of a knockout curve the layer is shown where the two sweeps differ most; its p is "
                + "multiplied by the number of layers (Bonferroni)."));
        return new("figures", "Figure by figure", "Every figure that both have: the second's less the first's, "
            + "and whether chance alone would do that.", "", blocks);
    }

    /// <summary>Differences with their intervals, part by part, on one axis so that parts can be compared.</summary>
    private static Figure Differences(IGrouping<string, ComparedFigure>[] parts)
    {
        var ends = parts.SelectMany(p => p).SelectMany(f => new[] { f.Difference!.Low, f.Difference.High });
        var reach = Math.Min(1, Math.Ceiling(ends.Max(Math.Abs) * 10 + 0.01) / 10);
        static Bar Bar(ComparedFigure f) => new(f.Name, f.Difference!.Value, f.Difference.Low, f.Difference.High)
        { Color = f.Difference.IsSignificant ? 5 : null };
        return new("Differences, second less first, with 95 % intervals; grey where not significant.",
            [.. parts.Select(part => new Picture(part.Key, $"Differences in {part.Key}", SvgBarChart.Draw(
                new(part.Key, "difference", [new("", [.. part.Take(MostBars).Select(Bar)])])
                {
                    Range = (-reach, reach), ArePoints = true, Format = "0.000", Lines = [new(0, "", IsDashed: false)],
                })))], 2);
    }

    private static Section OverlapSection(SweepComparison comparison) => new("overlap", "Circuits",
        "Of the two circuits of a model, or of the two models, group by group, the share of each one's heads that are "
            + "the other's too.",
        "Prakash et al. 2024, appendix; docs/method.md",
        [new ReportTable("Precision: share of the first's heads that are the second's; recall: share of the second's "
            + "that are the first's; rank: Spearman's correlation of all scores.", OverlapHeadings,
            OverlapRows(comparison))]);

    /// <summary>Every head's score in the second sweep against its score in the first, a picture for each
    /// group.</summary>
    private static Section? HeadSection(SweepComparison comparison)
    {
        var points = from m in comparison.Models.Index()
                     from first in m.Item.First.Scores
                     from second in m.Item.Second.Scores
                     where first.Group.Name == second.Group.Name && first.Scores.Length == second.Scores.Length
                         && first.Scores.GetLength(0) == second.Scores.GetLength(0)
                     from head in Head.All(first.Scores.GetLength(0), first.Scores.GetLength(1))
                     let point = new ScatterPoint($"{m.Item.Name} {head}", first[head], second[head], m.Index)
                     group point by first.Group.Titled();
        var pictures = points.Select(group => new Picture(group.Key, $"Heads of {group.Key}", SvgScatter.Draw(
            new(group.Key, comparison.First.Sweep, comparison.Second.Sweep, [.. group]) { HasDiagonal = true })));
        var colors = string.Join(", ", comparison.Models.Select(m => m.Name));
        Figure figure = new("A dot is a head, its score in the first to the right, in the second upwards; the line is "
            + $"where both are the same. Colours are models: {colors}.", [.. pictures], 4);
        return figure.Pictures.Count == 0 ? null : new("heads", "Head against head",
            "The scores of all heads, group by group: what lies along the line was found again.", "", [figure]);
    }

    private static IEnumerable<Cell[]> FigureRows(SweepComparison comparison) =>
        from f in comparison.Figures
        let format = f.Part == "DCM heads kept" ? "0" : "0.000"
        select (Cell[])
        [
            f.Part, f.Name, Numbers.Share(f.First, format), Numbers.Share(f.Second, format),
            Numbers.Difference(f.Second - f.First, format), f.Difference is { } d ? Numbers.Interval(d) : "",
            f.Difference is { } tested ? Numbers.Significance(tested.P) : "", f.Test,
        ];

    private static IEnumerable<Cell[]> OverlapRows(SweepComparison comparison) =>
        comparison.Overlaps.Select(o => (Cell[])[o.Model, o.Group, .. CircuitSections.Cells(o.Overlap)]);
}

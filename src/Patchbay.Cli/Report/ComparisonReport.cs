using Patchbay.Cli.Charts;
using Patchbay.Cli.Report.Sections;
using Spectre.Console;

namespace Patchbay.Cli.Report;

/// <summary>A comparison of two sweeps, for the terminal and as a report.</summary>
internal static class ComparisonReport
{
    private const int MostBars = 40;
    private static readonly string[] Headings = ["part", "figure", ">first", ">second", ">difference", ">95 % interval", ">p", "test"];
    private static readonly string[] OverlapHeadings = ["model", "group", ">heads of first", ">of second", ">shared", ">precision",
        ">recall", ">Jaccard", ">rank"];

    /// <summary>The figures as a table of the terminal.</summary>
    public static Table Figures(SweepComparison comparison) => Terminal(Headings, comparison.Figures.Select(Row));

    /// <summary>The overlaps as a table of the terminal.</summary>
    public static Table Overlaps(SweepComparison comparison) => Terminal(OverlapHeadings, comparison.Overlaps.Select(Row));

    /// <summary>The report.</summary>
    public static ReportDocument Of(SweepComparison comparison)
    {
        var (first, second) = (comparison.First, comparison.Second);
        List<Section> sections = [Runs(comparison)];
        if (comparison.Figures.Count > 0) sections.Add(FigureSection(comparison));
        if (comparison.Overlaps.Count > 0)
            sections.Add(new("overlap", "Circuits", "Of the two sweeps' circuits of a model, group by group, the share of each one's heads that are the "
                + "other's too.", "Prakash et al. 2024, appendix; docs/method.md",
                [ReportTable.Of("Precision: share of the first's heads that are the second's; recall: share of the second's that are the first's; rank: "
                    + "Spearman's correlation of all scores.", OverlapHeadings, comparison.Overlaps.Select(Row))]));
        sections.Add(ReadingSection.Of(sections));
        return new($"Sweeps {first.Sweep} and {second.Sweep}", $"Studies {first.Plan.Study} and {second.Plan.Study}",
            SweepComparison.Caption, sections);
    }

    private static Section Runs(SweepComparison comparison)
    {
        var (first, second) = (comparison.First, comparison.Second);
        (string Name, Func<RunFacts, string> Value)[] facts =
        [
            ("study", r => r.Plan.Study), ("status", r => r.Status), ("prompts", r => r.Task),
                ("seed", r => r.Plan.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("compute", r => r.Compute), ("program", r => r.Code ?? Numbers.None), ("started", r => RunFacts.Time(r.Started)),
        ];
        List<Block> blocks =
        [
            ReportTable.Of("", ["", first.Sweep, second.Sweep], facts.Select(f => (Cell[])[f.Name, f.Value(first), f.Value(second)])),
            ReportTable.Of("Models and their fingerprints.", ["first", "", "second", ""], comparison.Models
                .Select(m => (Cell[])[m.First.Name, m.First.Fingerprint, m.Second.Name, m.Second.Fingerprint])),
            new Note(comparison.SamePrompts ? "Both asked the same prompts: seed and task are the same."
                : "They asked different prompts: answers are not paired."),
            .. comparison.Notes.Select(n => new Note($"{char.ToUpperInvariant(n[0])}{n[1..]}.")),
        ];
        return new("runs", "What is compared", "Two sweeps, models of the same name beside each other, and every figure that both have.", "", blocks);
    }

    private static Section FigureSection(SweepComparison comparison)
    {
        var parts = comparison.Figures.Where(f => f.Difference is not null).GroupBy(f => f.Part).ToArray();
        List<Block> blocks = [];
        if (parts.Length > 0)
            blocks.Add(new Charts(parts).Figure());
        blocks.Add(ReportTable.Of(SweepComparison.Caption, Headings, comparison.Figures.Select(Row)));
        if (parts.Any(p => p.Key == "knockout"))
            blocks.Add(new Note("Of a knockout curve the layer is shown where the two sweeps differ most; its p is "
            + "multiplied by the number of layers (Bonferroni)."));
        return new("figures", "Figure by figure", "Every figure that both sweeps have: the second's less the first's, and whether chance alone would do that.", "", blocks);
    }

    /// <summary>Differences with their intervals, part by part.</summary>
    private sealed class Charts(IGrouping<string, ComparedFigure>[] parts)
    {
        public Figure Figure()
        {
            // All on one axis, so that differences of different parts can be compared.
            var reach = Math.Min(1, Math.Ceiling(parts.SelectMany(p => p).SelectMany(f => new[] { f.Difference!.Low, f.Difference.High })
                .Max(Math.Abs) * 10 + 0.01) / 10);
            return new("Differences, second less first, with 95 % intervals; grey where not significant.",
                [.. parts.Select(p => new Picture(p.Key, $"Differences in {p.Key}",
                    SvgBarChart.Draw(new(p.Key, "difference", [new("", [.. p.Take(MostBars).Select(Bar)])]) { Range = (-reach, reach),
                        ArePoints = true,
                    Format = "0.000", Lines = [new(0, "", false)] })))], 2);
        }

        private static Bar Bar(ComparedFigure f) => new(f.Name, f.Difference!.Value, f.Difference.Low,
            f.Difference.High)
        { Color = f.Difference.IsSignificant ? 5 : null };
    }

    private static Cell[] Row(ComparedFigure f)
    {
        var format = f.Part == "DCM heads kept" ? "0" : "0.000";
        return
        [
            f.Part, f.Name, Numbers.Share(f.First, format), Numbers.Share(f.Second, format), Numbers.Difference(f.Second - f.First, format),
            f.Difference is { } d ? Numbers.IntervalOfDifference(d) : "", f.Difference is { } tested ? Numbers.Significance(tested.P) : "", f.Test,
        ];
    }

    private static Cell[] Row(GroupOverlap o) =>
    [
        o.Model, o.Group, $"{o.Overlap.First}", $"{o.Overlap.Second}", $"{o.Overlap.Shared}", Numbers.Share(o.Overlap.Precision, "0.00"),
            Numbers.Share(o.Overlap.Recall, "0.00"),
        Numbers.Share(o.Overlap.Jaccard, "0.00"), Numbers.Share(o.Overlap.RankCorrelation, "0.00"),
    ];

    private static Table Terminal(string[] headings, IEnumerable<Cell[]> rows)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (var heading in headings)
        {
            var column = new TableColumn(new Text(heading.TrimStart('>')));
            table.AddColumn(heading.StartsWith('>') ? column.RightAligned() : column);
        }
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell.Text)));
        return table;
    }
}

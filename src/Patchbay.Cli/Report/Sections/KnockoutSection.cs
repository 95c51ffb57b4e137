using Patchbay.Cli.Charts;

using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Accuracy as attention is forbidden from a layer up.</summary>
internal static class KnockoutSection
{
    /// <summary>The section, or null where nothing was forbidden.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Select(m => m with { Knockouts = [.. m.Knockouts.Where(k => k.ByLayer.Count > 0)] })
            .Where(m => m.Knockouts.Count > 0).ToArray();
        if (models.Length == 0) return null;
        var rows = from m in models
                   from k in m.Knockouts
                   let all = Difference(k, 0)
                   select (Cell[])
                   [
                       m.Name, Name(k), Numbers.Of(k.Unchanged), Numbers.Of(k.ByLayer[0]),
                       $"{Numbers.Difference(all.Value)}, {Numbers.Significance(all.P)}", Harmless(k) is { } layer ? $"{layer}" : Numbers.None,
                   ];
        return new("knockout", "Attention knockout",
            "Accuracy when no head from layer l upwards may attend from one position to another; where it rises with l, what the position takes from the other has arrived below.",
            "Geva et al. 2023; Prakash et al. 2024, appendix; docs/method.md",
            [
                new Figure("Accuracy by the first layer in which attention is forbidden, with 95 % Wilson intervals. Grey: nothing forbidden.",
                    [.. models.Select(m => new Picture(m.Name, $"Attention knockout in {m.Name}", SvgLineChart.Draw(Chart(m))))], 2),
                ReportTable.Of("Attention forbidden in all layers, and the first layer from which forbidding it makes no significant difference.",
                    ["model", "attention", ">unchanged", ">forbidden in all", "difference", ">harmless from layer"], rows),
                new Note($"Differences by the {ReportInput.Test(models.All(m => m.Knockouts.All(k => Difference(k, 0).IsPaired)))}; a layer counts as harmless from which on no p is below .05, without correction for the number of layers."),
            ], models.Select(m => new { m.Name, m.Knockouts }).ToArray());
    }

    private static string Name(KnockoutCurve curve) => $"{curve.From} → {curve.To}".Replace('_', ' ');

    private static Tasks.ShareDifference Difference(KnockoutCurve curve, int layer) =>
        ReportInput.Difference(curve.Unchanged, curve.UnchangedAnswers, curve.ByLayer[layer], curve.LayerAnswers[layer]);

    private static int? Harmless(KnockoutCurve curve)
    {
        var last = Enumerable.Range(0, curve.ByLayer.Count).ToList().FindLastIndex(l => Difference(curve, l).IsSignificant);
        return last + 1 < curve.ByLayer.Count ? last + 1 : null;
    }

    private static LineChart Chart(ModelFindings model)
    {
        static LinePoint Point(int layer, Tasks.Proportion p) => new(layer, p.Share, p.Interval.Low, p.Interval.High);
        var unchanged = model.Knockouts[0].Unchanged;
        LineSeries[] lines =
        [
            new("", [Point(0, unchanged), Point(model.Layers - 1, unchanged)]),
            .. model.Knockouts.Select((k, i) => new LineSeries(Name(k), [.. k.ByLayer.Select((p, l) => Point(l, p))]) { Color = i,
                Dots = model.Layers <= 40 }),
        ];
        return new($"Attention knockout in {model.Name}", "", "first layer in which attention is forbidden",
            [new(model.Name, lines) { Range = (0, 1) }])
        { IsBare = true, PlotWidth = 270 };
    }
}

using Patchbay.Cli.Charts;

using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Whether anything outside the circuits takes over when heads are left out.</summary>
internal static class CompletenessSection
{
    /// <summary>The section, or null where no subset was left out.</summary>
    public static Section? Of(ReportInput input)
    {
        var circuits = input.Findings.Circuits.Where(c => c.Completeness.Count > 0).OrderBy(c => c.ElsewhereOwn).ToArray();
        if (circuits.Length == 0) return null;
        List<Block> blocks =
        [
            .. circuits.GroupBy(c => c.ElsewhereOwn).Select(some => new Figure((some.Key
                    ? "The same, judged at the groups' positions alone: heads at all other positions keep their own activations."
                    : "Accuracy of the circuit without K against that of the whole model without K; on the dashed line the two are equal. Grey: random "
                        + "subsets; coloured: whole groups."),
                [.. some.Select(c => new Picture($"{c.CircuitOf}-in-{c.Model}{FaithfulnessSection.Suffix(some.Key)}", $"Completeness of {Name(c)}",
                    SvgScatter.Draw(Chart(input, c))))], 4)),
            ReportTable.Of("Incompleteness: mean and greatest over random subsets, and of each whole group left out.",
                ["circuit", ">random subsets", ">mean", ">greatest", .. Groups(circuits).Select(g => ">" + g)],
                    circuits.Select(c => Row(c, Groups(circuits)))),
            ReportTable.Of("Every subset", ["circuit", "K", ">heads", ">F(C∖K)", ">F(M∖K)", ">incompleteness"],
                circuits.SelectMany(c => c.Completeness.Select(k =>
                (Cell[])[FaithfulnessSection.Named(Name(c), c), new(k.Subset, Group: input.ColorOf(k.Subset)), $"{k.Size}", Numbers.Of(k.Circuit), Numbers.Of(k.Model),
                    Numbers.Share(k.Incompleteness)]))) with { IsFolded = true },
        ];
        return new("completeness", "Completeness",
            "Incompleteness is |F(M∖K) − F(C∖K)|: how far circuit and whole model differ in accuracy once heads K of the circuit are left out of both; small "
                + "where the circuit holds all that matters.",
            "Wang et al. 2023; Prakash et al. 2024, circuit evaluation; docs/method.md", blocks,
            circuits.Select(c => new { c.CircuitOf, c.Model, c.ElsewhereOwn, c.Completeness }).ToArray());
    }

    private static string Name(CircuitFinding c) => c.CircuitOf == c.Model ? c.Model : $"{c.CircuitOf} in {c.Model}";

    private static string[] Groups(CircuitFinding[] circuits) =>
        [.. circuits.SelectMany(c => c.Completeness).Select(k => k.Subset).Where(s => s.StartsWith("group ", StringComparison.Ordinal)).Distinct()];

    private static Cell[] Row(CircuitFinding circuit, string[] groups)
    {
        var random = circuit.Completeness.Where(k => !groups.Contains(k.Subset)).Select(k => k.Incompleteness).ToArray();
        var error = random.Length < 2 ? double.NaN : Math.Sqrt(random.Sum(r =>
            Math.Pow(r - random.Average(), 2)) / (random.Length - 1) / random.Length);
        return
        [
            FaithfulnessSection.Named(Name(circuit), circuit), $"{random.Length}",
            random.Length > 0 ? Numbers.Of(new Estimate(random.Average(), error, random.Length)) : Numbers.None,
            Numbers.Share(random.DefaultIfEmpty(double.NaN).Max()),
            .. groups.Select(g => circuit.Completeness.FirstOrDefault(k => k.Subset == g) is { } k ? (Cell)Numbers.Share(k.Incompleteness)
                : Numbers.None),
        ];
    }

    private static Scatter Chart(ReportInput input, CircuitFinding circuit) => new(Name(circuit), "F(M∖K)", "F(C∖K)",
        [.. circuit.Completeness.Select(k => new ScatterPoint(k.Subset.Replace("group ", ""), k.Model.Share, k.Circuit.Share,
            input.ColorOf(k.Subset)) { IsNamed = input.ColorOf(k.Subset) is not null })])
    { Range = (0, 1), HasDiagonal = true };
}

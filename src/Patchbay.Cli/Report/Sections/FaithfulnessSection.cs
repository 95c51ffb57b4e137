using Patchbay.Cli.Charts;
using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>How much of each model's accuracy a circuit alone has.</summary>
internal static class FaithfulnessSection
{
    /// <summary>The section, or null where no circuit was evaluated.</summary>
    public static Section? Of(ReportInput input)
    {
        var circuits = input.Findings.Circuits.OrderBy(c => c.ElsewhereOwn).ToArray();
        if (circuits.Length == 0) return null;
        List<Block> blocks =
        [
            .. circuits.GroupBy(c => c.ElsewhereOwn).Select(some => new Figure((some.Key
                    ? "The same, judged at the groups' positions alone: heads at all other positions keep their own activations."
                    : "Accuracy of the whole model (pale) and of the circuit alone, with 95 % Wilson intervals, and of random circuits of its size: "
                        + "their mean, one standard deviation, and each as a dot. Diamonds are published."),
                [.. some.GroupBy(c => c.CircuitOf).Select(g =>
                    new Picture(g.Key + Suffix(some.Key), $"Circuit of {g.Key}", SvgBarChart.Draw(Chart(g.Key, [.. g]))))], 2)),
            ReportTable.Of("Circuits in models. Beside random: how many circuits; beside faithfulness: ± one standard error by error propagation.",
                ["circuit of", "in", ">heads", ">whole model", ">circuit", ">published (7B)", ">random", ">faithfulness", ">published (7B)",
                    "circuit against model"], circuits.Select(Row)),
            new Note($"Circuit and whole model answer the same prompts; they are compared by {ReportInput.Test(circuits.All(c => Difference(c).IsPaired))}."),
        ];
        return new("faithfulness", "Faithfulness",
            "A circuit's accuracy over the whole model's, when every head outside the circuit is set to its mean over other prompts.",
            "Prakash et al. 2024, circuit evaluation; docs/method.md", blocks,
            circuits.Select(c => new
            {
                c.CircuitOf,
                c.Model,
                c.ElsewhereOwn,
                c.Heads,
                c.Full,
                c.Circuit,
                c.Random,
                c.Faithfulness,
                c.FullAnswers,
                c.CircuitAnswers
            }).ToArray());
    }

    /// <summary>What names of files end with, for circuits judged at their positions alone.</summary>
    public static string Suffix(bool elsewhereOwn) => elsewhereOwn ? "-elsewhere-own" : "";

    /// <summary>A circuit's name, and how it was judged where that is not the paper's way.</summary>
    public static Cell Named(string name, CircuitFinding circuit) => new(name, circuit.ElsewhereOwn ? "elsewhere own" : "");

    private static Tasks.ShareDifference Difference(CircuitFinding c) => ReportInput.Difference(c.Full, c.FullAnswers, c.Circuit, c.CircuitAnswers);

    private static string? Published(CircuitFinding c) => PublishedFigures.ReferenceOf(c.CircuitOf) == "llama" && !c.ElsewhereOwn
        ? PublishedFigures.ReferenceOf(c.Model) : null;

    private static Cell[] Row(CircuitFinding c)
    {
        var (mean, _) = Random(c);
        var difference = Difference(c);
        return
        [
            Named(c.CircuitOf, c), c.Model, $"{c.Heads.Values.Sum()}", Numbers.Of(c.Full), Numbers.Of(c.Circuit),
            Numbers.Published(PublishedFigures.CircuitAccuracy(Published(c))),
                new(Numbers.Share(mean), c.Random.Count > 0 ? $"of {c.Random.Count}" : ""),
            Numbers.Of(new Estimate(c.Faithfulness, Error(c), c.Full.Count), "0.00"), Numbers.Published(PublishedFigures.Faithfulness(Published(c))),
            $"{Numbers.Difference(difference.Value)}, {Numbers.Significance(difference.P)}",
        ];
    }

    private static (double Mean, double Spread) Random(CircuitFinding c)
    {
        if (c.Random.Count == 0) return (double.NaN, double.NaN);
        var mean = c.Random.Average(r => r.Share);
        return (mean, Math.Sqrt(c.Random.Sum(r => (r.Share - mean) * (r.Share - mean)) / Math.Max(1, c.Random.Count - 1)));
    }

    /// <summary>Standard error of a ratio of two shares, by the first-order expansion, the two taken as independent: an upper bound where
    /// they rise and fall together.</summary>
    private static double Error(CircuitFinding c)
    {
        static double Relative(Tasks.Proportion p) => (1 - p.Share) / p.Right;
        return c.Circuit.Right == 0 || c.Full.Right == 0 ? double.NaN : c.Faithfulness * Math.Sqrt(Relative(c.Circuit) + Relative(c.Full));
    }

    private static BarChart Chart(string circuitOf, CircuitFinding[] circuits) => new($"Circuit of {circuitOf}", "accuracy",
    [
        .. circuits.Select(c =>
        {
            var (mean, spread) = Random(c);
            return new BarGroup(c.Model == circuitOf ? $"in {c.Model} itself" : $"in {c.Model}",
            [
                Bar.Of("whole model", c.Full) with { IsPale = true, Published = PublishedFigures.Accuracy(Published(c)) },
                Bar.Of("circuit", c.Circuit) with { Published = PublishedFigures.CircuitAccuracy(Published(c)) },
                new Bar("random", mean, mean - spread, mean + spread) { IsPale = true, Dots = [.. c.Random.Select(r => r.Share)],
                    Published = PublishedFigures.RandomCircuit(Published(c)) },
            ]);
        }),
    ]);
}

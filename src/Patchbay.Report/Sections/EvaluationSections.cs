namespace Patchbay.Report;

/// <summary>The sections about how well a circuit stands for its model. Each is null where nothing was found for
/// it.</summary>
internal static class EvaluationSections
{
    private const string Sources = "Prakash et al. 2024, circuit evaluation; docs/method.md";

    /// <summary>How much of each model's accuracy a circuit alone has.</summary>
    public static Section? Faithfulness(ReportInput input)
    {
        CircuitFinding[] circuits = [.. input.Findings.Circuits.OrderBy(c => c.ElsewhereOwn)];
        if (circuits.Length == 0) return null;
        var figures = Figures(circuits, "Accuracy of the whole model (pale) and of the circuit alone, with 95 % Wilson "
            + "intervals, and of random circuits of its size: their mean, one standard deviation, and each as a dot. "
            + "Diamonds are published.", 2, some => some.GroupBy(c => c.CircuitOf).Select(own => new Picture(own.Key,
                $"Circuit of {own.Key}", SvgBarChart.Draw(new($"Circuit of {own.Key}", "accuracy",
                    [.. own.Select(CircuitBars)])))));
        return new("faithfulness", "Faithfulness", "A circuit's accuracy over the whole model's, when every head "
            + "outside the circuit is set to its mean over other prompts.", Sources,
            [
                .. figures,
                new ReportTable("Circuits in models. Beside random: how many circuits; beside faithfulness: ± one "
                    + "standard error by error propagation.",
                    ["circuit of", "in", ">heads", ">whole model", ">circuit", ">published (7B)", ">random",
                        ">faithfulness", ">published (7B)", "circuit against model"], circuits.Select(CircuitRow)),
                new Note("Circuit and whole model answer the same prompts; they are compared by "
                    + $"{ReportInput.TestOf(circuits.Select(AgainstModel))}."),
            ],
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
                c.CircuitAnswers,
            }));
    }

    /// <summary>A figure of the circuits that were judged the paper's way, and one of those judged at their positions
    /// alone, whose files' names say so.</summary>
    private static IEnumerable<Figure> Figures(CircuitFinding[] circuits, string caption, int abreast,
        Func<IEnumerable<CircuitFinding>, IEnumerable<Picture>> pictures) =>
        circuits.GroupBy(c => c.ElsewhereOwn).Select(some => some.Key
            ? new Figure("The same, judged at the groups' positions alone: heads at all other positions keep their own "
                + "activations.", [.. pictures(some).Select(p => p with { Name = p.Name + "-elsewhere-own" })], abreast)
            : new Figure(caption, [.. pictures(some)], abreast));

    /// <summary>A circuit's name, and how it was judged where that is not the paper's way.</summary>
    private static Cell Named(string name, CircuitFinding circuit) =>
        new(name, circuit.ElsewhereOwn ? "elsewhere own" : "");

    private static ShareDifference AgainstModel(CircuitFinding c) =>
        ReportInput.Difference(c.Full, c.FullAnswers, c.Circuit, c.CircuitAnswers);

    /// <summary>The paper's model whose figures stand beside: the paper has the circuit of Llama alone.</summary>
    private static string? Reference(CircuitFinding c) =>
        PublishedFigures.ReferenceOf(c.CircuitOf) == "llama" && !c.ElsewhereOwn
            ? PublishedFigures.ReferenceOf(c.Model) : null;

    private static Cell[] CircuitRow(CircuitFinding c) =>
    [
        Named(c.CircuitOf, c), c.Model, $"{c.Heads.Values.Sum()}", Cell.Share(c.Full), Cell.Share(c.Circuit),
        Cell.Published(PublishedFigures.CircuitAccuracy(Reference(c))),
        new(Numbers.Share(MeanAndSpread([.. c.Random.Select(r => r.Share)]).Mean),
            c.Random.Count > 0 ? $"of {c.Random.Count}" : ""),
        Cell.Mean(new(c.Faithfulness, FaithfulnessError(c), c.Full.Count), "0.00"),
        Cell.Published(PublishedFigures.Faithfulness(Reference(c))), Numbers.Tested(AgainstModel(c)),
    ];

    private static BarGroup CircuitBars(CircuitFinding c)
    {
        double[] random = [.. c.Random.Select(r => r.Share)];
        var (mean, spread) = MeanAndSpread(random);
        var reference = Reference(c);
        return new(c.Model == c.CircuitOf ? $"in {c.Model} itself" : $"in {c.Model}",
        [
            Bar.Share("whole model", c.Full) with { IsPale = true, Published = PublishedFigures.Accuracy(reference) },
            Bar.Share("circuit", c.Circuit) with { Published = PublishedFigures.CircuitAccuracy(reference) },
            new Bar("random", mean, mean - spread, mean + spread)
            {
                IsPale = true, Dots = random, Published = PublishedFigures.RandomCircuit(reference),
            },
        ]);
    }

    /// <summary>Mean and standard deviation; both NaN where there is no value, the second 0 of one.</summary>
    private static (double Mean, double Spread) MeanAndSpread(double[] values)
    {
        if (values.Length == 0) return (double.NaN, double.NaN);
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / Math.Max(1, values.Length - 1)));
    }

    /// <summary>Standard error of a ratio of two shares, by the first-order expansion, the two taken as independent: an
    /// upper bound where they rise and fall together.</summary>
    private static double FaithfulnessError(CircuitFinding c)
    {
        static double Relative(Proportion p) => (1 - p.Share) / p.Right;
        return c.Circuit.Right == 0 || c.Full.Right == 0 ? double.NaN
            : c.Faithfulness * Math.Sqrt(Relative(c.Circuit) + Relative(c.Full));
    }

    /// <summary>Whether anything outside the circuits takes over when heads are left out.</summary>
    public static Section? Completeness(ReportInput input)
    {
        CircuitFinding[] circuits =
            [.. input.Findings.Circuits.Where(c => c.Completeness.Count > 0).OrderBy(c => c.ElsewhereOwn)];
        if (circuits.Length == 0) return null;
        string[] groups = [.. circuits.SelectMany(c => c.Completeness).Select(k => k.Subset)
            .Where(s => s.StartsWith("group ", StringComparison.Ordinal)).Distinct()];
        var figures = Figures(circuits, "Accuracy of the circuit without K against that of the whole model without K; "
            + "on the dashed line the two are equal. Grey: random subsets; coloured: whole groups.", 4,
            some => some.Select(c => new Picture($"{c.CircuitOf}-in-{c.Model}", $"Completeness of {InModel(c)}",
                    SvgScatter.Draw(Subsets(input, c)))));
        var subsets = from c in circuits
                      from k in c.Completeness
                      select (Cell[])[Named(InModel(c), c), new(k.Subset, Group: input.Color(k.Subset)), $"{k.Size}",
                          Cell.Share(k.Circuit), Cell.Share(k.Model), Numbers.Share(k.Incompleteness)];
        return new("completeness", "Completeness", "Incompleteness is |F(M∖K) − F(C∖K)|: how far circuit and "
            + "whole model differ in accuracy once heads K of the circuit are left out of both; small where the "
            + "circuit holds all that matters.", "Wang et al. 2023; " + Sources,
            [
                .. figures,
                new ReportTable("Incompleteness: mean and greatest over random subsets, and of each whole group left "
                    + "out.",
                    ["circuit", ">random subsets", ">mean", ">greatest", .. groups.Select(g => ">" + g)],
                    circuits.Select(c => IncompletenessRow(c, groups))),
                new ReportTable("Every subset",
                    ["circuit", "K", ">heads", ">F(C∖K)", ">F(M∖K)", ">incompleteness"], subsets)
                { IsFolded = true },
            ],
            circuits.Select(c => new { c.CircuitOf, c.Model, c.ElsewhereOwn, c.Completeness }));
    }

    private static string InModel(CircuitFinding c) => c.CircuitOf == c.Model ? c.Model : $"{c.CircuitOf} in {c.Model}";

    private static Cell[] IncompletenessRow(CircuitFinding circuit, string[] groups)
    {
        double[] random =
            [.. circuit.Completeness.Where(k => !groups.Contains(k.Subset)).Select(k => k.Incompleteness)];
        var (mean, spread) = MeanAndSpread(random);
        var error = random.Length < 2 ? double.NaN : spread / Math.Sqrt(random.Length);
        return
        [
            Named(InModel(circuit), circuit), $"{random.Length}", Cell.Mean(new(mean, error, random.Length)),
            Numbers.Share(random.DefaultIfEmpty(double.NaN).Max()),
            .. groups.Select(g => Numbers.Share(
                circuit.Completeness.FirstOrDefault(k => k.Subset == g)?.Incompleteness ?? double.NaN)),
        ];
    }

    private static Scatter Subsets(ReportInput input, CircuitFinding circuit)
    {
        var points = circuit.Completeness.Select(k => new ScatterPoint(k.Subset.Replace("group ", ""), k.Model.Share,
            k.Circuit.Share, input.Color(k.Subset))
        { IsNamed = input.Color(k.Subset) is not null });
        return new(InModel(circuit), "F(M∖K)", "F(C∖K)", [.. points]) { Range = (0, 1), HasDiagonal = true };
    }
}

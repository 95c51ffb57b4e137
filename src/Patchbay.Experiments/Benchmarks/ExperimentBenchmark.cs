using Patchbay.Models.Weights;

namespace Patchbay.Experiments;

/// <summary>An experiment's interventions by the cone against whole forward passes, in the same process.</summary>
/// <param name="Experiment">Which.</param>
/// <param name="Interventions">How many the cone did.</param>
/// <param name="ConeSeconds">Per intervention, the base run's share included; best of the repeats.</param>
/// <param name="ReferenceSeconds">Per intervention, mean of a few.</param>
/// <param name="LargestDifference">Largest absolute difference of the answer's probability, over what both did.</param>
public sealed record ExperimentTiming(
    string Experiment, int Interventions, double ConeSeconds, double ReferenceSeconds, double LargestDifference)
{
    /// <summary>How many times faster the cone is.</summary>
    public double Ratio => ReferenceSeconds / ConeSeconds;
}

/// <summary>Times every experiment against its plain reference: what <c>pbm bench experiments</c> shows.</summary>
/// <param name="model">The model.</param>
/// <param name="donor">Another of the same shape, for cross-model patching.</param>
/// <param name="prompts">Prompts with the chain's positions and counterfactuals.</param>
/// <param name="heads">Heads of every group.</param>
/// <param name="few">Interventions that the reference does.</param>
/// <param name="repeats">Runs of the cone; the best counts.</param>
public sealed class ExperimentBenchmark(
    Decoder model, Decoder donor, PromptSet prompts, Circuit heads, int few, int repeats)
{
    private readonly BatchPrompts all = new(prompts.Prompts, 0);
    private readonly int[][] means = [.. prompts.Prompts.Select(p => p.Counterfactual.Ids)];

    /// <summary>Minimality of each group (all pairs), circuits, knockout, activation patching, and cross-model
    /// patching.</summary>
    /// <param name="progress">Told what is under way.</param>
    public IReadOnlyList<ExperimentTiming> Run(Action<string>? progress = null)
    {
        var timings = new List<ExperimentTiming>();
        foreach (var group in heads.Chain.Groups)
            Add($"minimality {group.Name} (at {group.Position})", () => Minimal(group.Name));
        Add("circuits", Circuits);
        Add("knockout", Knockouts);
        Add("activation patching, by group", Patches);
        foreach (var form in new[] { "output", "input qkv" })
            Add($"cmap, {form}", () => CrossModel(new CmapForm(form)));
        return timings;

        void Add(string name, Func<ExperimentTiming> measure)
        {
            progress?.Invoke(name);
            using var scope = NewDisposeScope();
            timings.Add(measure() with { Experiment = name });
        }
    }

    private ExperimentTiming Minimal(string group)
    {
        var members = heads.Groups[group];
        var pairs = members
            .SelectMany((_, i) => Minimality.Pairs(group, members, i, asPublished: false)).ToArray();
        return Ablated(evaluator => evaluator.PlanWithout(heads, pairs), i => heads.Without(pairs[i]));
    }

    private ExperimentTiming Circuits()
    {
        var random = SplitMix64.For(20, "benchmark");
        var circuits = Enumerable.Range(0, 10)
            .Select(_ => heads.Random(model.Config.Layers, model.Config.Heads, random)).ToArray();
        return Ablated(evaluator => evaluator.Plan(circuits), i => circuits[i]);
    }

    private ExperimentTiming Knockouts()
    {
        var (last, label) = (all.At(PositionNames.Last), all.At(PositionNames.QueryLabel));
        return Variants(last.Min(), _ => [.. Enumerable.Range(0, model.Config.Layers)
            .Select(l => new Variant { Knockouts = [new Knockout(l, last, label)] })]);
    }

    private ExperimentTiming Patches()
    {
        IReadOnlyList<PlacedHead> Placed(string group, IReadOnlyList<Head> members) =>
            [.. members.Select(head => new PlacedHead(heads.Chain.Group(group).Position, head))];
        return Variants(From, batch =>
            HeadPatching.Variants(model, batch, [.. heads.Groups.Select(g => Placed(g.Key, g.Value))]));
    }

    private ExperimentTiming CrossModel(CmapForm form)
    {
        var path = Path.GetTempFileName();
        try
        {
            Cmap.Capture(donor, prompts, heads, [form], path);
            using var file = TensorFile.Open(path);
            string[][] groups = [[.. heads.Groups.Keys], .. heads.Groups.Keys.Select(g => new[] { g })];
            return Variants(From, Cmap.Variants(
                model, prompts, heads, file, [.. groups.Select(g => (form, (IReadOnlyList<string>)g))]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private int From => heads.Chain.Groups.Min(g => all.At(g.Position).Min());

    private Metric Probability => Answers.Probability(prompts.Prompts);

    /// <summary>Times circuits of which all else is ablated. Means are made once for many experiments: they are not
    /// timed.</summary>
    private ExperimentTiming Ablated(Func<CircuitEvaluator, PlannedVariants> plan, Func<int, Circuit> kept)
    {
        var (best, values) = (new BestTime(), new double[0, 0]);
        for (var r = 0; r < repeats; r++)
        {
            using var evaluator = new CircuitEvaluator(model, prompts, means, heads.Chain);
            best.Time(() =>
            {
                var planned = plan(evaluator);
                values = planned.Batches.Evaluate(planned.Variants, _ => Probability);
            });
        }
        var mean = Ablation.MeanOf(model, new(means));
        var timing = Against(best.Seconds, values, chosen => [.. chosen.Select(i =>
        {
            var alive = kept(i).AtPositions.Select(p => new KeptHeads(all.At(p.Key), p.Value));
            return PlainAblation.Evaluate(model, all.Clean, new Ablation(mean, [.. alive]), Probability);
        })]);
        foreach (var t in mean) t.Dispose();
        return timing;
    }

    /// <summary>Times variants of one base run, from a position on.</summary>
    private ExperimentTiming Variants(int from, Func<BatchPrompts, IReadOnlyList<Variant>> make)
    {
        var (seconds, values) = BestTime.Measure(repeats, () =>
        {
            using var scope = NewDisposeScope();
            using var cone = new ConeEvaluator(BaseRun.Create(model, all.Clean, from));
            return cone.Evaluate(make(all), Probability);
        });
        using var outer = NewDisposeScope();
        using var reference = new ReferenceEvaluator(model, all.Clean);
        var variants = make(all);
        return Against(seconds, values, chosen =>
        {
            var plain = reference.Evaluate([.. chosen.Select(i => variants[i])], Probability);
            return [.. chosen.Select((_, i) => Enumerable.Range(0, prompts.Count).Select(n => plain[i, n]).ToArray())];
        });
    }

    /// <summary>The cone's seconds for all and its values by [intervention, prompt], against a few of them by the
    /// reference.</summary>
    private ExperimentTiming Against(double seconds, double[,] values, Func<int[], double[][]> reference)
    {
        var count = values.GetLength(0);
        var several = Math.Min(few, count);
        int[] chosen = [.. Enumerable.Range(0, several).Select(i => (int)((i + 0.5) * count / several))];
        var (plainSeconds, plain) = BestTime.Measure(1, () => reference(chosen));
        var difference = chosen.Zip(plain).Max(pair =>
            pair.Second.Select((p, n) => Math.Abs(p - values[pair.First, n])).Max());
        return new("", count, seconds / count, plainSeconds / several, difference);
    }
}

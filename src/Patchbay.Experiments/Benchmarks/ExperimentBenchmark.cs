using System.Diagnostics;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments;

/// <summary>An experiment's interventions by the cone against whole forward passes, in the same process.</summary>
/// <param name="Experiment">Which.</param>
/// <param name="Interventions">How many the cone did.</param>
/// <param name="ConeSeconds">Per intervention, the base run's share included; best of the repeats.</param>
/// <param name="ReferenceSeconds">Per intervention, mean of a few.</param>
/// <param name="LargestDifference">Largest absolute difference of the answer's probability (of the loss for DCM), over
/// what both did.</param>
public sealed record ExperimentTiming(string Experiment, int Interventions, double ConeSeconds, double ReferenceSeconds, double LargestDifference)
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
public sealed class ExperimentBenchmark(Llama model, Llama donor, PromptSet prompts, Circuit heads, int few, int repeats)
{
    private readonly BatchPrompts all = new(prompts.Prompts, 0);
    private readonly int[][] means = [.. prompts.Prompts.Select(p => p.Counterfactual.Ids)];

    /// <summary>Minimality of each group (all pairs), circuits, knockout, activation patching, and cross-model
    /// patching.</summary>
    /// <param name="progress">Told what is under way.</param>
    public IReadOnlyList<ExperimentTiming> Run(Action<string>? progress = null)
    {
        var timings = new List<ExperimentTiming>();
        void Add(string name, Func<ExperimentTiming> measure)
        {
            progress?.Invoke(name);
            using var scope = NewDisposeScope();
            timings.Add(measure() with { Experiment = name });
        }
        foreach (var group in heads.Chain.Groups) Add($"minimality {group.Name} (at {group.Position})", () => Minimal(group.Name));
        Add("circuits", Circuits);
        Add("knockout", Knockouts);
        Add("activation patching, by group", Patches);
        foreach (var form in new[] { "output", "input qkv" }) Add($"cmap, {form}", () => CrossModel(new CmapForm(form)));
        return timings;
    }

    private ExperimentTiming Minimal(string group)
    {
        var pairs = heads.Groups[group].SelectMany((_, i) => Minimality.Pairs(group, heads.Groups[group], i, asPublished: false)).ToArray();
        var (seconds, values) = Ablated(evaluator => evaluator.PlanWithout(heads, pairs));
        return Against(seconds, values, i => heads.Without(pairs[i]).AtPositions);
    }

    private ExperimentTiming Circuits()
    {
        var random = SplitMix64.For(20, "benchmark");
        var circuits = Enumerable.Range(0, 10).Select(_ => heads.Random(model.Config.Layers, model.Config.Heads, random)).ToArray();
        var (seconds, values) = Ablated(evaluator => evaluator.Plan(circuits));
        return Against(seconds, values, i => circuits[i].AtPositions);
    }

    private ExperimentTiming Knockouts()
    {
        var (last, label) = (all.At(PositionNames.Last), all.At(PositionNames.QueryLabel));
        return Variants(last.Min(), _ => [.. Enumerable.Range(0, model.Config.Layers)
            .Select(l => new Variant { Knockouts = [new Knockout(l, last, label)] })]);
    }

    private ExperimentTiming Patches() => Variants(From, batch => HeadPatching.Variants(model, batch,
        [.. heads.Groups.Select(g => (IReadOnlyList<PlacedHead>)[.. g.Value.Select(h => new PlacedHead(heads.Chain.Group(g.Key).Position, h))])]));

    private ExperimentTiming CrossModel(CmapForm form)
    {
        var path = Path.GetTempFileName();
        try
        {
            Cmap.Capture(donor, prompts, heads, [form], path);
            using var file = TensorFile.Open(path);
            return Variants(From, Cmap.Variants(model, prompts, heads, file,
                [(form, [.. heads.Groups.Keys]), .. heads.Groups.Keys.Select(g => (form, (IReadOnlyList<string>)[g]))]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private int From => heads.Chain.Groups.Min(g => all.At(g.Position).Min());

    private Metric Probability => Answers.Probability(prompts.Prompts);

    private (double Seconds, double[,] Values) Ablated(Func<CircuitEvaluator, PlannedVariants> plan)
    {
        var (best, values) = (double.PositiveInfinity, new double[0, 0]);
        for (var r = 0; r < repeats; r++)
        {
            using var evaluator = new CircuitEvaluator(model, prompts, means, heads.Chain); // means are made once for many experiments: not timed
            var clock = Stopwatch.StartNew();
            var planned = plan(evaluator);
            values = planned.Batches.Evaluate(planned.Variants, _ => Probability);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return (best, values);
    }

    private ExperimentTiming Against(double seconds, double[,] values, Func<int, IReadOnlyDictionary<string, IReadOnlyList<Head>>> alive)
    {
        var mean = Ablation.MeanOf(model, new(means));
        var chosen = Chosen(values.GetLength(0));
        var difference = 0.0;
        var clock = Stopwatch.StartNew();
        foreach (var i in chosen)
        {
            var plain = PlainAblation.Evaluate(model, all.Clean,
                new Ablation(mean, [.. alive(i).Select(p => new KeptHeads(all.At(p.Key), p.Value))]), Probability);
            difference = Math.Max(difference, plain.Select((p, n) => Math.Abs(p - values[i, n])).Max());
        }
        var reference = clock.Elapsed.TotalSeconds / chosen.Length;
        foreach (var t in mean) t.Dispose();
        return new("", values.GetLength(0), seconds / values.GetLength(0), reference, difference);
    }

    private ExperimentTiming Variants(int from, Func<BatchPrompts, IReadOnlyList<Variant>> make)
    {
        var (best, values, variants) = (double.PositiveInfinity, new double[0, 0], (IReadOnlyList<Variant>)[]);
        for (var r = 0; r < repeats; r++)
        {
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            using var cone = new ConeEvaluator(BaseRun.Create(model, all.Clean, from));
            variants = make(all);
            values = cone.Evaluate(variants, Probability);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        using var outer = NewDisposeScope();
        using var reference = new ReferenceEvaluator(model, all.Clean);
        variants = make(all);
        var chosen = Chosen(variants.Count);
        var timer = Stopwatch.StartNew();
        var plain = reference.Evaluate([.. chosen.Select(i => variants[i])], Probability);
        var difference = 0.0;
        for (var i = 0; i < chosen.Length; i++)
            for (var n = 0; n < prompts.Count; n++) difference = Math.Max(difference, Math.Abs(plain[i, n] - values[chosen[i], n]));
        return new("", variants.Count, best / variants.Count, timer.Elapsed.TotalSeconds / chosen.Length, difference);
    }

    private int[] Chosen(int count) => [.. Enumerable.Range(0, Math.Min(few, count)).Select(i => (int)((i + 0.5) * count / Math.Min(few, count)))];
}

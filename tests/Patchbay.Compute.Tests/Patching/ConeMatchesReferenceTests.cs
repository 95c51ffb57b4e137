using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>The cone against whole forward passes: random models, prompts of unequal length, every kind of edit.</summary>
public class ConeMatchesReferenceTests
{
    private const int Cases = 320;

    public static TheoryData<int> Blocks() => [.. Enumerable.Range(0, 8)];

    /// <summary>Cases are numbered by seed; a failure names the seed that repeats it.</summary>
    [Theory]
    [MemberData(nameof(Blocks))]
    public void Cone_equals_reference_on_random_variants_in_float64(int block)
    {
        for (var seed = block; seed < Cases; seed += 8)
        {
            var difference = LargestDifference(seed, ScalarType.Float64);
            Assert.True(difference < 1e-9, $"seed {seed}: cone and reference differ by {difference:e2}");
        }
    }

    [Fact]
    public void Cone_equals_reference_on_random_variants_in_float32_where_fused_kernels_run()
    {
        for (var seed = 1000; seed < 1040; seed++)
        {
            var difference = LargestDifference(seed, ScalarType.Float32);
            Assert.True(difference < 2e-3, $"seed {seed}: cone and reference differ by {difference:e2}");
        }
    }

    [Fact]
    public void The_random_variants_do_change_the_logits()
    {
        var changed = Enumerable.Range(0, 20).Count(seed => LargestDifference(seed, ScalarType.Float64, withoutEdits: true) > 1e-3);
        Assert.True(changed >= 15, $"only {changed} of 20 cases change anything");
    }

    /// <summary>Largest absolute difference of any logit or probe of some random variants between the two evaluators; with
    /// <paramref name="withoutEdits"/> between the variants and the base.</summary>
    private static double LargestDifference(int seed, ScalarType dtype, bool withoutEdits = false)
    {
        using var scope = NewDisposeScope();
        var random = new Random(seed);
        var groups = random.Next(3) switch { 0 => (4, 4), 1 => (4, 2), _ => (2, 1) };
        using var model = RandomModels.Create(seed, random.Next(1, 7), groups.Item1, groups.Item2,
            headWidth: dtype == ScalarType.Float32 ? random.Next(1, 4) * 8 + (random.Next(2) * 64) : 4, dtype: dtype, bias: random.Next(3) == 0);
        var prompts = new PaddedPrompts([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ =>
            Enumerable.Range(0, random.Next(3, 12)).Select(_ => random.Next(model.Config.Vocabulary)).ToArray())]);
        var variants = RandomVariants.Some(random, model.Config, prompts, dtype);
        var probes = RandomVariants.Probes(random, model.Config, prompts);
        using var cone = new ConeEvaluator(BaseRun.Create(model, prompts), chunkBytes: random.Next(2) == 0 ? 1 : 1 << 20);
        using var reference = new ReferenceEvaluator(model, prompts);

        // A metric that depends on every logit, and on which prompt it is.
        var weights = randn([prompts.Count, model.Config.Vocabulary], dtype: dtype);
        Tensor Metric(Tensor logits, Tensor rows) => (logits * weights.index_select(0, rows)).sum(-1);
        double[,] fast = cone.Evaluate(variants, Metric), plain = reference.Evaluate(variants, Metric);
        double[] baseFast = cone.BaseMetric(Metric), basePlain = reference.BaseMetric(Metric);
        double largest = 0;
        for (var n = 0; n < prompts.Count; n++)
        {
            if (!withoutEdits) largest = Math.Max(largest, Math.Abs(baseFast[n] - basePlain[n]));
            for (var v = 0; v < variants.Count; v++)
                largest = Math.Max(largest, Math.Abs(fast[v, n] - (withoutEdits ? baseFast[n] : plain[v, n])));
        }
        if (withoutEdits) return largest;
        foreach (var (a, b) in cone.Read(variants, probes).Zip(reference.Read(variants, probes)))
            largest = Math.Max(largest, (a - b).abs().max().to(ScalarType.Float64).item<double>());
        return largest;
    }
}

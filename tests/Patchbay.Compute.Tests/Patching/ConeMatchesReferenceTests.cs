using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>The cone against whole forward passes: random models, unequal prompts, every kind of edit.</summary>
public class ConeMatchesReferenceTests
{
    [Fact]
    public void Cone_equals_reference_on_random_variants_in_float64() =>
        RandomCases.Check(ConeCase.Any(ScalarType.Float64), 320, made => AssertSame(made, ScalarType.Float64, 1e-9));

    [Fact]
    public void Cone_equals_reference_on_random_variants_in_float32_where_fused_kernels_run() =>
        RandomCases.Check(ConeCase.Any(ScalarType.Float32), 40, made => AssertSame(made, ScalarType.Float32, 2e-3));

    [Fact]
    public void The_random_variants_do_change_the_logits()
    {
        var changed = Enumerable.Range(0, 20).Count(number => LargestDifference(
            RandomCases.Case(ConeCase.Any(ScalarType.Float64), number), ScalarType.Float64, withoutEdits: true) > 1e-3);
        Assert.True(changed >= 15, $"only {changed} of 20 cases change anything");
    }

    private static void AssertSame(ConeCase made, ScalarType dtype, double tolerance)
    {
        var difference = LargestDifference(made, dtype);
        Assert.True(difference < tolerance, $"cone and reference differ by {difference:e2}");
    }

    /// <summary>Largest absolute difference of any logit or probe of the variants between the two evaluators; with
    /// <paramref name="withoutEdits"/> between the variants and the base.</summary>
    private static double LargestDifference(ConeCase made, ScalarType dtype, bool withoutEdits = false)
    {
        using var scope = NewDisposeScope();
        using var model = made.CreateModel(dtype);
        var prompts = new PaddedPrompts(made.Prompts);
        var variants = made.CreateVariants(prompts, dtype);
        var probes = made.Probes.Create();
        using var cone = new ConeEvaluator(BaseRun.Create(model, prompts), chunkBytes: made.ByRow ? 1 : 1 << 20);
        using var reference = new ReferenceEvaluator(model, prompts);

        // A metric that depends on every logit, and on which prompt it is.
        var weights = randn([prompts.Count, model.Config.Vocabulary], dtype: dtype, device: model.Device);
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

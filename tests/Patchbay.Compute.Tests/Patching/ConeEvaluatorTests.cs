using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

public class ConeEvaluatorTests
{
    private static readonly PaddedPrompts Prompts = new([[1, 2, 3, 4, 5, 6], [6, 5, 4, 3], [2, 2, 9, 1, 7]]);

    private static Tensor Sum(Tensor logits, Tensor rows) => logits.square().sum(-1);

    private static Variant[] Senders(Decoder model) =>
    [
        .. from layer in Enumerable.Range(0, model.Config.Layers)
           from head in Enumerable.Range(0, model.Config.Heads)
           select new Variant { Edits = [new HeadEdit(Site.Z, new Head(layer, head), Prompts.Last,
               ones([3, 4], dtype: ScalarType.Float64))] },
    ];

    [Fact]
    public void An_allocation_failure_halves_the_chunk_and_goes_on()
    {
        using var scope = NewDisposeScope();
        using var model = RandomModels.Create(1, layers: 3, heads: 4, keyValueHeads: 2);
        var variants = Senders(model);
        using var plain = new ConeEvaluator(BaseRun.Create(model, Prompts));
        var sizes = new List<int>();
        using var failing = new ConeEvaluator(BaseRun.Create(model, Prompts))
        {
            BeforeChunk = size =>
            {
                sizes.Add(size);
                if (size > 3) throw new InvalidOperationException(
                    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes");
            },
        };
        AssertSame(plain.Evaluate(variants, Sum), failing.Evaluate(variants, Sum));
        Assert.Equal([12, 6, 3], sizes[..3]);
        Assert.Equal(2, failing.Halvings);
    }

    [Fact]
    public void An_allocation_failure_of_a_single_variant_is_reported()
    {
        using var model = RandomModels.Create(1, layers: 1, heads: 1, keyValueHeads: 1);
        using var failing = new ConeEvaluator(BaseRun.Create(model, Prompts))
        {
            BeforeChunk = _ =>
            throw new InvalidOperationException("CUDA out of memory")
        };
        Assert.Throws<InvalidOperationException>(() => failing.Evaluate(Senders(model), Sum));
    }

    [Fact]
    public void Chunks_of_one_give_the_same_as_all_at_once()
    {
        using var scope = NewDisposeScope();
        using var model = RandomModels.Create(2, layers: 3, heads: 4, keyValueHeads: 4);
        using var all = new ConeEvaluator(BaseRun.Create(model, Prompts));
        using var one = new ConeEvaluator(BaseRun.Create(model, Prompts), chunkBytes: 1);
        AssertSame(all.Evaluate(Senders(model), Sum), one.Evaluate(Senders(model), Sum));
    }

    [Fact]
    public void A_base_run_that_starts_late_serves_variants_behind_its_start_and_refuses_others()
    {
        using var scope = NewDisposeScope();
        using var model = RandomModels.Create(3, layers: 2, heads: 2, keyValueHeads: 2);
        using var whole = new ConeEvaluator(BaseRun.Create(model, Prompts));
        using var late = new ConeEvaluator(BaseRun.Create(model, Prompts, from: 3));
        AssertSame(whole.Evaluate(Senders(model), Sum), late.Evaluate(Senders(model), Sum));
        var early = new Variant
        {
            Edits = [new HeadEdit(Site.Q, new Head(0, 0), [1, 1, 1],
            ones([3, 4], dtype: ScalarType.Float64))]
        };
        Assert.Contains("keeps positions from 3 on", Assert.Throws<ArgumentException>(() => late.Evaluate([early], Sum))
            .Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Edits_that_make_no_sense_are_refused_by_name()
    {
        using var scope = NewDisposeScope();
        using var model = RandomModels.Create(3, layers: 2, heads: 2, keyValueHeads: 2);
        using var cone = new ConeEvaluator(BaseRun.Create(model, Prompts));
        var value = ones([3, 4], dtype: ScalarType.Float64);
        string Refusal(Variant v) => Assert.Throws<ArgumentException>(() => cone.Evaluate([v], Sum)).Message;

        Assert.Contains("no head 2.0",
            Refusal(new Variant { Edits = [new HeadEdit(Site.Z, new Head(2, 0), Prompts.Last, value)] }),
            StringComparison.Ordinal);
        Assert.Contains("position 4 of prompt 1",
            Refusal(new Variant { Edits = [new HeadEdit(Site.Z, new Head(0, 0), [4, 4, 4], value)] }),
            StringComparison.Ordinal);
        Assert.Contains("expected (3, 4)",
            Refusal(new Variant
            {
                Edits = [new HeadEdit(Site.Z, new Head(0, 0), Prompts.Last,
            value.narrow(0, 0, 2))]
            }), StringComparison.Ordinal);
        var twice = new HeadEdit(Site.Z, new Head(0, 0), Prompts.Last, value);
        var collide = new Variant { Edits = [twice, twice with { Keep = 0.5 }] };
        Assert.Contains("two edits", Assert.Throws<InvalidDataException>(() => cone.Evaluate([collide], Sum)).Message,
            StringComparison.Ordinal);
        Assert.Contains("itself", Refusal(new Variant { Knockouts = [new Knockout(0, Prompts.Last, Prompts.Last)] }),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_native_outlives_an_evaluation()
    {
        var before = Tensor.TotalCount;
        using (var scope = NewDisposeScope())
        {
            using var model = RandomModels.Create(4, layers: 3, heads: 4, keyValueHeads: 2);
            using var cone = new ConeEvaluator(BaseRun.Create(model, Prompts));
            var variants = Senders(model);
            cone.Evaluate(variants, Sum);
            cone.Read(variants, [new Probe(Site.V, new Head(2, 1), Prompts.Last)]);
            var held = Tensor.TotalCount;
            cone.Evaluate(variants, Sum);
            Assert.Equal(held, Tensor.TotalCount);
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    /// <summary>The same but for rounding: on some machines a product's bits depend on how many rows it has.</summary>
    private static void AssertSame(double[,] expected, double[,] found)
    {
        var tolerance = 1e-12 * expected.Cast<double>().Max(Math.Abs);
        foreach (var (x, y) in expected.Cast<double>().Zip(found.Cast<double>())) Assert.Equal(x, y, tolerance);
    }
}

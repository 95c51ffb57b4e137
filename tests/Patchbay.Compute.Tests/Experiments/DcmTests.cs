using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments.Tests;

public sealed class DcmTests
{
    private static readonly DecoderConfig Config = RandomPrompts.Config;

    private static readonly Head[] Group = [new(2, 1), new(1, 3), new(3, 0), new(1, 0), new(2, 2)];

    [Theory]
    [InlineData(1, 4, 0, 3)]
    [InlineData(2, 2, 1, 3)]
    [InlineData(3, 1, 5, 3)]
    [InlineData(4, 2, 0, 1)]
    [InlineData(5, 2, 5, 2)]
    public void The_cone_gives_the_losses_and_masks_of_whole_passes(int seed, int keyValueHeads, int beforeLast,
        int highestLayer)
    {
        Head[] group = [.. Group.Where(h => h.Layer <= highestLayer)];
        using var model = Model(seed, keyValueHeads);
        var triples = Triples(seed, 17, beforeLast);
        var options = new DcmOptions { Batch = 5, Lambda = 0.02 };
        var cone = Dcm.Train(model, group, triples, triples, triples, options);
        var whole = Dcm.Train(model, group, triples, triples, triples, options with { Reference = true });
        Assert.Equal(8, cone.Steps.Count);
        foreach (var (a, b) in cone.Steps.Zip(whole.Steps))
        {
            Assert.Equal(b.Loss, a.Loss, 1e-9);
            foreach (var (x, y) in a.Mask.Zip(b.Mask)) Assert.Equal(y, x, 1e-9);
        }
        Assert.Equal(whole.Validations, cone.Validations);
        Assert.Equal(whole.Heads, cone.Heads);
        Assert.Equal((whole.Validation, whole.Test, whole.AllHeads), (cone.Validation, cone.Test, cone.AllHeads));
        Assert.True(cone.Steps[^1].Mask.Max() - cone.Steps[^1].Mask.Min() > 0.05, "all heads went the same way");
    }

    [Fact]
    public void A_step_is_Adams_on_the_losss_gradient_by_finite_differences()
    {
        using var model = Model(5, 2);
        var triples = Triples(5, 4, 2);
        var options = new DcmOptions { Batch = 4, Epochs = 3, Lambda = 0.2, LearningRate = 0.05 };
        var steps = Train(model, triples, options).Steps;
        double[] mask = [1, 1, 1, 1, 1], mean = new double[5], square = new double[5];
        for (var t = 1; t <= 3; t++)
        {
            Assert.Equal(Loss(model, triples, mask, options.Lambda), steps[t - 1].Loss, 1e-9);
            for (var i = 0; i < 5; i++)
            {
                double At(double by) => Loss(model, triples, [.. mask.Select((m, j) => j == i ? m + by : m)],
                    options.Lambda);
                var gradient = (At(1e-5) - At(-1e-5)) / 2e-5;
                mean[i] = 0.9 * mean[i] + 0.1 * gradient;
                square[i] = 0.999 * square[i] + 0.001 * gradient * gradient;
            }
            double Move(int i) => 0.05 * (mean[i] / (1 - Math.Pow(0.9, t))) / (
                Math.Sqrt(square[i] / (1 - Math.Pow(0.999, t))) + 1e-8);
            mask = [.. mask.Select((m, i) => m - Move(i))];
            foreach (var (expected, found) in mask.Zip(steps[t - 1].Mask)) Assert.Equal(expected, found, 1e-5);
            mask = [.. mask.Select(m => Math.Clamp(m, 0, 1))];
        }
    }

    [Fact]
    public void It_finds_the_heads_whose_patching_makes_the_model_answer_the_targets()
    {
        using var model = Model(6, 4, spread: 2.5);
        var all = Enumerable.Range(0, 16).Select(i => new Head(i / 4, i % 4)).ToArray();
        Head[] carriers = [new(1, 2), new(2, 0), new(3, 3)];
        var reachable = Reachable(model, carriers, 160);
        var (train, validation, test) = (reachable[..96], reachable[96..128], reachable[128..]);
        var found = Dcm.Train(model, all, train, validation, test,
            new DcmOptions { Batch = 16, Epochs = 6, Lambda = 0.02 });
        Assert.Equal(32, Answered(model, carriers, test).Count(a => a));
        Assert.DoesNotContain(true, Answered(model, [], test));
        Assert.Equal(found.Test.Right, Answered(model, found.Heads, test).Count(a => a));
        Assert.Equal(found.AllHeads.Right, Answered(model, all, test).Count(a => a));
        Assert.True(found.Test.Share > 0.8, $"{found.Test} with {string.Join(' ', found.Heads)}");
        Assert.True(found.Test.Share > found.AllHeads.Share, $"{found.Test} against {found.AllHeads} of all heads");
        Assert.All(carriers, head => Assert.Contains(head, found.Heads));
    }

    [Fact]
    public void The_best_validation_is_kept_and_of_equals_the_one_with_more_heads_then_the_earliest()
    {
        using var model = Model(7, 2);
        var triples = Triples(7, 24, 1);
        // No head of this group makes the model answer what it never answers: all validations are equal.
        bool Answers(int token, Head[] patched) => Answered(model, patched,
            [.. triples.Select(x => x with { Target = token })]).Contains(true);
        var never = Enumerable.Range(0, Config.Vocabulary).First(t => !Answers(t, Group) && !Answers(t, []));
        foreach (var validation in new[] { [.. triples.Select(x => x with { Target = never })], triples })
        {
            var options = new DcmOptions { Batch = 6, EvaluateEvery = 1, Epochs = 3, LearningRate = 0.15 };
            var found = Dcm.Train(model, Group, triples, validation, triples, options);
            Assert.Equal(12, found.Validations.Count);
            var best = found.Validations.OrderByDescending(v => v.Answered.Right).ThenByDescending(v => v.Heads)
                .ThenBy(v => v.Step).First();
            Assert.Equal(best.Answered, found.Validation);
            Assert.Equal(best.Heads, found.Heads.Count);
            Assert.Equal(found.Steps[best.Step].Mask.Select(m => Math.Clamp(m, 0, 1)), found.Mask);
            Assert.Equal(Group.Where((_, i) => found.Mask[i] <= 0.5), found.Heads);
            Assert.True(found.Validations.Select(v => v.Heads).Distinct().Count() > 1);
        }
    }

    [Fact]
    public void Validations_are_of_every_fourth_step_of_each_epoch()
    {
        using var model = Model(8, 2);
        var found = Train(model, Triples(8, 18, 0), new DcmOptions { Batch = 3 });
        Assert.Equal([0, 4, 6, 10], found.Validations.Select(v => v.Step));
    }

    [Fact]
    public void A_repeated_training_gives_the_same_and_small_memory_no_other()
    {
        using var model = Model(9, 2);
        var triples = Triples(9, 20, 3);
        var options = new DcmOptions { Batch = 8 };
        var first = Train(model, triples, options);
        var again = Train(model, triples, options);
        Assert.Equal(first.Steps.SelectMany(s => s.Mask.Append(s.Loss)),
            again.Steps.SelectMany(s => s.Mask.Append(s.Loss)));
        var tokens = triples.Max(t => Math.Max(t.Base.Length, t.Source.Length));
        var smallest = Budgets.Smallest(model, triples.Length, tokens, triples.Min(t => t.BasePosition), 1);
        foreach (var memory in new[] { smallest, smallest + 30_000 })
        {
            var tight = Train(model, triples, options with { MemoryBytes = memory });
            foreach (var (a, b) in first.Steps.Zip(tight.Steps))
                foreach (var (x, y) in a.Mask.Zip(b.Mask)) Assert.Equal(x, y, 1e-12);
            Assert.Equal(first.Heads, tight.Heads);
        }
    }

    [Fact]
    public void Functionality_by_the_cone_equals_whole_passes()
    {
        using var model = Model(10, 2);
        var triples = Targeted(model, Group, Triples(10, 30, 2));
        triples = [.. triples.Select((t, i) => i % 3 == 0 ? t with { Target = (t.Target + 1) % Config.Vocabulary }
            : t)];
        var cone = Answered(model, Group, triples);
        Assert.Equal(triples.Select((_, i) => i % 3 != 0), cone);
        Assert.Equal(cone, Answered(model, Group, triples, new() { Reference = true, Batch = 7 }));
    }

    [Fact]
    public void Bad_input_is_refused_in_one_sentence_and_interruption_is_heard()
    {
        using var model = Model(11, 2);
        var triples = Triples(11, 3, 0);
        string Refusal(IReadOnlyList<Head> group, DcmTriple[] some) =>
            Assert.Throws<InvalidDataException>(() => Dcm.Train(model, group, some, triples, triples, new())).Message;
        Assert.Contains("at least one head", Refusal([], triples), StringComparison.Ordinal);
        Assert.Contains("head 9.0", Refusal([new(9, 0)], triples), StringComparison.Ordinal);
        Assert.Contains("2.1 twice", Refusal([new(2, 1), new(2, 1)], triples), StringComparison.Ordinal);
        Assert.Contains("one triple to train", Refusal(Group, []), StringComparison.Ordinal);
        Assert.Contains("train triple 1", Refusal(Group, [triples[0], triples[1] with { Target = 13 }]),
            StringComparison.Ordinal);
        Assert.Contains("source position", Refusal(Group, [triples[0] with { SourcePosition = 40 }]),
            StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => Dcm.Train(model, Group, triples, triples, triples, new(), null,
            new CancellationToken(true)));
    }

    /// <summary>Whether each triple is answered with its target when heads are patched entirely.</summary>
    private static bool[] Answered(Decoder model, IReadOnlyList<Head> heads, IReadOnlyList<DcmTriple> triples,
        DcmOptions? options = null)
    {
        options ??= new();
        using var sources = options.Reference ? null : new DcmSources(model, heads, triples);
        return [.. DcmEvaluation.Answered(model, [heads], triples, options, sources, null, default).Cast<bool>()];
    }

    private static DcmResult Train(Decoder model, DcmTriple[] triples, DcmOptions options) =>
        Dcm.Train(model, Group, triples, triples, triples, options);

    private static Decoder Model(int seed, int keyValueHeads, double spread = 1.5) =>
        Decoder.Random(Config with { KeyValueHeads = keyValueHeads }, seed, ScalarType.Float64, spread);

    /// <summary>Random prompts of unequal length; the group's position lies so many before the last (5:
    /// anywhere).</summary>
    private static DcmTriple[] Triples(int seed, int count, int beforeLast)
    {
        var random = new Random(seed);
        int[] Ids() => [.. Enumerable.Range(0, random.Next(6, 10)).Select(_ => random.Next(Config.Vocabulary))];
        int Position(int[] ids) => ids.Length - 1 - (beforeLast == 5 ? random.Next(5) : beforeLast);
        return
        [
            .. Enumerable.Range(0, count).Select(_ =>
            {
                int[] from = Ids(), to = Ids();
                return new DcmTriple(to, Position(to), from, Position(from), random.Next(Config.Vocabulary));
            }),
        ];
    }

    /// <summary>Triples whose target is the model's answer when the carriers are patched, and not without.</summary>
    private static DcmTriple[] Reachable(Decoder model, Head[] carriers, int count)
    {
        var triples = Targeted(model, carriers, Triples(6, 3 * count, 0));
        var already = Answered(model, [], triples);
        DcmTriple[] reachable = [.. triples.Where((_, i) => !already[i]).Take(count)];
        Assert.Equal(count, reachable.Length);
        return reachable;
    }

    private static DcmTriple[] Targeted(Decoder model, Head[] heads, DcmTriple[] triples)
    {
        using var scope = NewDisposeScope();
        return [.. triples.Select(t =>
            t with { Target = (int)Logits(model, t, heads, [.. heads.Select(_ => 0.0)]).argmax().item<long>() })];
    }

    private static double Loss(Decoder model, DcmTriple[] triples, double[] mask, double lambda)
    {
        using var scope = NewDisposeScope();
        return -triples.Average(t => Logits(model, t, Group, mask)[t.Target].ToDouble())
            + lambda * mask.Sum(m => 1 - m);
    }

    /// <summary>Logits at the last token of one triple's base by a whole pass with a mask: (vocabulary).</summary>
    private static Tensor Logits(Decoder model, DcmTriple t, Head[] heads, double[] mask)
    {
        var kept = new Tensor[Config.Layers];
        model.Forward(Ids(t.Source), new Hooks((l, z) => kept[l] = z.clone().DetachFromDisposeScope()));
        return model.Forward(Ids(t.Base), new Hooks((l, z) =>
        {
            z = z.clone();
            foreach (var (head, m) in heads.Zip(mask).Where(h => h.First.Layer == l))
            {
                var current = z[0, t.BasePosition, head.Index];
                current.copy_(current * m + kept[l][0, t.SourcePosition, head.Index] * (1 - m));
            }
            return z;
        }))[0, t.Base.Length - 1];
    }

    private static Tensor Ids(int[] ids) => tensor(Array.ConvertAll(ids, i => (long)i)).unsqueeze(0);

    private sealed class Hooks(Func<int, Tensor, Tensor> change) : ForwardHooks
    {
        public override Tensor Z(int layer, Tensor z) => change(layer, z);
    }
}

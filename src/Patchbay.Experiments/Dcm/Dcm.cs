namespace Patchbay.Experiments;

/// <summary>How to train a mask.</summary>
public sealed record DcmOptions
{
    /// <summary>Cost of a whole head patched, in logits.</summary>
    public double Lambda { get; init; } = 0.01;

    /// <summary>Adam's.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Times that the training triples are gone through, in their order.</summary>
    public int Epochs { get; init; } = 2;

    /// <summary>Triples of a step; an epoch's last may have fewer.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>In each epoch the mask after steps 0, k, 2k, ... goes to validation.</summary>
    public int EvaluateEvery { get; init; } = 4;

    /// <summary>Resident memory to stay within, in bytes, or null for what is free: base runs that do not fit are made
    /// anew.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Whole forward and backward passes in place of the cone.</summary>
    public bool Reference { get; init; }
}

/// <summary>One step of training.</summary>
/// <param name="Loss">Before it: -mean(target's logit) + lambda · sum(1 - m).</param>
/// <param name="Mask">After it, in the group's order, not yet clamped.</param>
public sealed record DcmStep(double Loss, double[] Mask);

/// <summary>One validation.</summary>
/// <param name="Step">Number of the step after which it was, from 0.</param>
/// <param name="Heads">Heads with a rounded mask of 0.</param>
/// <param name="Answered">Validation triples answered with their target.</param>
public sealed record DcmValidation(int Step, int Heads, Proportion Answered);

/// <summary>What DCM found.</summary>
/// <param name="Heads">The heads that carry the information: rounded mask 0, in the group's order.</param>
/// <param name="Mask">The mask kept, clamped to 0..1 but not rounded, in the group's order.</param>
/// <param name="Validation">Its accuracy on the validation triples, the best of all validations.</param>
/// <param name="TestAnswers">Test triples answered with them.</param>
/// <param name="AllHeadsAnswers">The same with the whole group patched.</param>
/// <param name="Steps">Every step.</param>
/// <param name="Validations">Every validation.</param>
public sealed record DcmResult(IReadOnlyList<Head> Heads, double[] Mask, Proportion Validation, bool[] TestAnswers,
    bool[] AllHeadsAnswers,
    IReadOnlyList<DcmStep> Steps, IReadOnlyList<DcmValidation> Validations)
{
    /// <summary>Accuracy on the test triples.</summary>
    public Proportion Test => new(TestAnswers.Count(a => a), TestAnswers.Length);

    /// <summary>Accuracy on the test triples with the whole group patched.</summary>
    public Proportion AllHeads => new(AllHeadsAnswers.Count(a => a), AllHeadsAnswers.Length);
}

/// <summary>
/// Desiderata-based component masking (Davies et al. 2023, "Discovering Variable Binding Circuitry with Desiderata";
/// here as Prakash et al. 2024, section 5): which heads of a group carry a piece of information.
///
/// A mask m, one number a head, initially 1, makes z of head i at the group's position m_i · z + (1 - m_i) · z_source,
/// where z is the altered run's own. Adam minimises -mean(logit of the target at the last token) + lambda · sum(1 - m)
/// over the training triples; m is clamped to 0..1 before every step, weights are frozen. Of the masks validated,
/// rounded, the one of best accuracy is kept, of equals the one with more heads, of these the earliest.
/// </summary>
public static class Dcm
{
    /// <summary>Trains a mask over a group of heads.</summary>
    /// <param name="model">The model.</param>
    /// <param name="group">The heads, each once.</param>
    /// <param name="train">Triples that the mask is trained on.</param>
    /// <param name="validation">Triples that choose among masks.</param>
    /// <param name="test">Triples that the chosen one is reported on.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each step.</param>
    /// <exception cref="InvalidDataException">A head or triple does not fit, or the memory is too small.</exception>
    public static DcmResult Train(Decoder model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> train,
        IReadOnlyList<DcmTriple> validation,
        IReadOnlyList<DcmTriple> test, DcmOptions options, Action<double>? progress = null,
            CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EvaluateEvery, 1);
        if (group.Count == 0) throw new InvalidDataException("DCM needs at least one head in the group, found none.");
        CheckHeads(group, model.Config);
        DcmTriple.Check(train, "train", model.Config);
        DcmTriple.Check(validation, "validation", model.Config);
        DcmTriple.Check(test, "test", model.Config);
        using var sources = options.Reference ? null : new DcmSources(model, group, train.Concat(validation)
            .Concat(test));
        var steps = Steps(model, group, train, sources, options, part => progress?.Invoke(0.8 * part), cancel);
        // The mask does not depend on its validations: they can all be made at once.
        var perEpoch = steps.Count / options.Epochs;
        int[] validated = [.. Enumerable.Range(0, steps.Count).Where(s => s % perEpoch % options.EvaluateEvery == 0)];
        Head[][] kept = [.. validated.Select(s => Kept(group, steps[s].Mask))];
        var right = Right(DcmEvaluation.Answered(model, kept, validation, options, sources, part =>
            progress?.Invoke(0.8 + 0.1 * part), cancel));
        var best = Best(right, [.. kept.Select(k => k.Length)]);
        var tested = DcmEvaluation.Answered(model, [kept[best], group], test, options, sources, part =>
            progress?.Invoke(0.9 + 0.1 * part), cancel);
        bool[] Tested(int set) => [.. Enumerable.Range(0, test.Count).Select(n => tested[set, n])];
        return new DcmResult(kept[best], Clamped(steps[validated[best]].Mask), new(right[best], validation.Count),
            Tested(0), Tested(1), steps,
            [.. validated.Select((step, v) => new DcmValidation(step, kept[v].Length,
                new(right[v], validation.Count)))]);
    }

    /// <summary>Index of the validation that counts: most right, of equals most heads, of these the first.</summary>
    internal static int Best(IReadOnlyList<int> right, IReadOnlyList<int> heads) =>
        Enumerable.Range(0, right.Count).OrderByDescending(v => right[v]).ThenByDescending(v => heads[v]).First();

    private static List<DcmStep> Steps(Decoder model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> train,
        DcmSources? sources,
        DcmOptions options, Action<double> progress, CancellationToken cancel)
    {
        var steps = new List<DcmStep>();
        using var slices = new DcmSlices(model, group, train, sources, options);
        var mask = group.Select(_ => 1.0).ToArray();
        var adam = new Adam(mask.Length, options.LearningRate);
        var count = options.Epochs * slices.Batches.Count;
        for (var step = 0; step < count; step++)
        {
            cancel.ThrowIfCancellationRequested();
            mask = Clamped(mask);
            var batch = step % slices.Batches.Count;
            var triples = slices.Batches[batch].Length;
            var gradient = new double[mask.Length];
            var loss = options.Lambda * mask.Sum(m => 1 - m);
            foreach (var slice in slices.InBatch(batch)) // a slice is a part of the batch
            {
                var (sum, of) = slice.TargetLogit(mask);
                loss -= sum / triples;
                for (var i = 0; i < of.Length; i++) gradient[i] -= of[i] / triples;
            }
            mask = adam.Step(mask, [.. gradient.Select(g => g - options.Lambda)]);
            steps.Add(new DcmStep(loss, mask));
            progress((step + 1.0) / count);
        }
        return steps;
    }

    private static Head[] Kept(IReadOnlyList<Head> group, double[] mask)
    {
        var clamped = Clamped(mask);
        return [.. group.Where((_, i) => Math.Round(clamped[i]) == 0)]; // one half rounds to 0
    }

    private static double[] Clamped(double[] mask) => [.. mask.Select(m => Math.Clamp(m, 0, 1))];

    private static int[] Right(bool[,] answered) =>
        [.. Enumerable.Range(0, answered.GetLength(0)).Select(p => Enumerable.Range(0, answered.GetLength(1))
            .Count(n => answered[p, n]))];

    private static void CheckHeads(IReadOnlyList<Head> heads, DecoderConfig config)
    {
        foreach (var h in heads)
        {
            if (h.Layer < 0 || h.Layer >= config.Layers || h.Index < 0 || h.Index >= config.Heads)
            {
                throw new InvalidDataException(
                    $"head {h} of the group does not exist: the model has {config.Layers} layers of {config.Heads} "
                        + "heads.");
            }
        }
        var twice = heads.GroupBy(h => h).FirstOrDefault(same => same.Count() > 1);
        if (twice is not null) throw new InvalidDataException(
            $"the group names head {twice.Key} twice; expected each head once.");
    }

    /// <summary>Adam (Kingma and Ba 2015) over a handful of numbers, with the usual betas .9 and .999 and epsilon
    /// 1e-8.</summary>
    private sealed class Adam(int size, double rate)
    {
        private readonly double[] mean = new double[size], square = new double[size];
        private int steps;

        public double[] Step(double[] values, double[] gradient)
        {
            steps++;
            return [.. values.Select((value, i) =>
            {
                mean[i] = 0.9 * mean[i] + 0.1 * gradient[i];
                square[i] = 0.999 * square[i] + 0.001 * gradient[i] * gradient[i];
                var root = Math.Sqrt(square[i] / (1 - Math.Pow(0.999, steps)));
                return value - rate * mean[i] / (1 - Math.Pow(0.9, steps)) / (root + 1e-8);
            })];
        }
    }
}

using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>How well a model answers questions.</summary>
internal static class Evaluation
{
    private const int AtOnce = 128;

    /// <summary>How many questions are answered right: every token of an answer the likeliest, given those before it;
    /// or, where several answers are right, one drawn from the distribution, always by the same random
    /// numbers.</summary>
    public static Proportion Score(
        DecoderConfig config, DecoderWeights weights, IReadOnlyList<Question> questions, int threads = 1)
    {
        var right = 0;
        var random = SplitMix64.For(0, "answers drawn");
        foreach (var some in questions.Chunk(AtOnce))
        {
            using var scope = NewDisposeScope();
            var batch = new PackedBatch([.. some.Select(q =>
                new TrainingSequence("question", [.. q.Ids, .. q.Answer], new float[q.Ids.Length + q.Answer.Length]))]);
            var logits = Logits(config, weights, batch, threads);
            var best = Array.ConvertAll(logits.argmax(-1).cpu().data<long>().ToArray(), i => (int)i);
            right += some.Where((q, n) => q.Others.Count > 0
                ? random.NextDouble() < Probability(logits, batch.Offsets[n + 1] - 1, [.. q.Answer, .. q.Others])
                : best.AsSpan(batch.Offsets[n + 1] - q.Answer.Length, q.Answer.Length).SequenceEqual(q.Answer)).Count();
        }
        return new(right, questions.Count);
    }

    /// <summary>Logits of the next id after each row: (R, V), in the current dispose scope.</summary>
    private static Tensor Logits(DecoderConfig config, DecoderWeights weights, PackedBatch batch, int threads)
    {
        using var scope = NewDisposeScope();
        var shares = Shares.Each(batch, threads, share =>
        {
            using var _ = no_grad();
            return PackedForward.Logits(config, weights, share).DetachFromDisposeScope();
        });
        var logits = cat(shares).MoveToOuterDisposeScope();
        foreach (var share in shares) share.Dispose();
        return logits;
    }

    /// <summary>What the distribution of a row gives to all of some ids together.</summary>
    private static double Probability(Tensor logits, int row, int[] ids)
    {
        using var scope = NewDisposeScope();
        var distribution = logits.select(0, row).softmax(-1, ScalarType.Float64);
        return distribution.index_select(0, RowIndex.Of(ids, logits.device)).sum().item<double>();
    }
}

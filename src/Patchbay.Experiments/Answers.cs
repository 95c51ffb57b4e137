namespace Patchbay.Experiments;

/// <summary>What rows of logits say about the prompts' answers; where several are right, about all of them
/// together.</summary>
internal static class Answers
{
    /// <summary>Id of the most probable of all tokens.</summary>
    public static Tensor Token(Tensor logits, Tensor rows) => logits.argmax(-1).to(ScalarType.Float64);

    /// <summary>1 where the most probable of all tokens is an answer, else 0.</summary>
    public static Metric Right(IReadOnlyList<Prompt> prompts)
    {
        var (answers, _) = Table(prompts);
        return (logits, rows) =>
        {
            using var scope = NewDisposeScope();
            // Answers filled up repeat the first one, so any match is one.
            var matches = logits.argmax(-1).unsqueeze(1).eq(tensor(answers).to(logits.device).index_select(0, rows));
            return matches.to(ScalarType.Float64).sum([1]).gt(Number.Of(0)).to(ScalarType.Float64)
                .MoveToOuterDisposeScope();
        };
    }

    /// <summary>Softmax probability of the answers.</summary>
    public static Metric Probability(IReadOnlyList<Prompt> prompts)
    {
        var (answers, counts) = Table(prompts);
        return (logits, rows) =>
        {
            using var scope = NewDisposeScope();
            var wide = logits.dtype == ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
            var targets = tensor(answers).to(logits.device).index_select(0, rows);
            var counted = tensor(counts).to(logits.device).index_select(0, rows);
            return (wide.gather(1, targets) - wide.logsumexp(1, true)).exp().mul(counted).sum(1L)
                .MoveToOuterDisposeScope();
        };
    }

    /// <summary>Rank of the best answer among all tokens, 1 the most probable.</summary>
    public static Metric Rank(IReadOnlyList<Prompt> prompts)
    {
        var (answers, _) = Table(prompts);
        return (logits, rows) =>
        {
            using var scope = NewDisposeScope();
            var best = logits.gather(1, tensor(answers).to(logits.device).index_select(0, rows)).amax([1],
                keepdim: true);
            return logits.gt(best).to(ScalarType.Float64).sum([1]).add(Number.One, Number.One)
                .MoveToOuterDisposeScope();
        };
    }

    /// <summary>Answers (N, K) and how often each counts: a row of fewer answers than K is filled up with its first
    /// one, which counts 0 times there.</summary>
    private static (long[,] Answers, float[,] Counts) Table(IReadOnlyList<Prompt> prompts)
    {
        var most = prompts.Max(p => p.Answers.Count);
        var answers = new long[prompts.Count, most];
        var counts = new float[prompts.Count, most];
        foreach (var (n, prompt) in prompts.Index())
            for (var k = 0; k < most; k++)
                (answers[n, k], counts[n, k]) = k < prompt.Answers.Count ? (prompt.Answers[k], 1) : (prompt.Answer, 0);
        return (answers, counts);
    }
}

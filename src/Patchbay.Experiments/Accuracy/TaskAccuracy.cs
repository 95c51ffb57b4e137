namespace Patchbay.Experiments;

/// <summary>What a model makes of prompts, one by one.</summary>
/// <param name="Right">Whether the most probable of all tokens is the answer.</param>
/// <param name="Probability">Probability of the answer.</param>
/// <param name="Rank">Rank of the answer among all tokens, 1 the most probable.</param>
public sealed record AskedPrompts(bool[] Right, double[] Probability, double[] Rank);

/// <summary>How often a model's most probable token is the answer.</summary>
public static class TaskAccuracy
{
    private const int AtOnce = 64; // prompts of one forward pass

    /// <summary>Runs every clean prompt once, and looks at the answer at the last token.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">Prompts within its vocabulary.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked before each pass.</param>
    public static AskedPrompts Ask(Decoder model, PromptSet prompts, Action<double>? progress = null,
        CancellationToken cancel = default)
    {
        var (right, probability, rank) = (new List<bool>(), new List<double>(), new List<double>());
        foreach (var some in prompts.Prompts.Chunk(AtOnce))
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var padded = new PaddedPrompts([.. some.Select(p => p.Clean.Ids)]);
            using var run = BaseRun.Create(model, padded, padded.Last.Min());
            right.AddRange(run.Metric(Answers.Right(some)).Select(r => r != 0));
            probability.AddRange(run.Metric(Answers.Probability(some)));
            rank.AddRange(run.Metric(Answers.Rank(some)));
            progress?.Invoke(right.Count / (double)prompts.Count);
        }
        return new([.. right], [.. probability], [.. rank]);
    }
}

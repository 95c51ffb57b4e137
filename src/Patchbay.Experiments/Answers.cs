using Patchbay.Patching;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Experiments;

/// <summary>What rows of logits say about the prompts' answers.</summary>
internal static class Answers
{
    /// <summary>1 where the most probable of all tokens is the answer, else 0.</summary>
    public static Metric Right(IReadOnlyList<Prompt> prompts) => (logits, rows) =>
    {
        using var scope = NewDisposeScope();
        return logits.argmax(-1).eq(Targets(prompts, logits, rows)).to(ScalarType.Float64).MoveToOuterDisposeScope();
    };

    /// <summary>How many tokens are more probable than the answer, plus one.</summary>
    public static Metric Rank(IReadOnlyList<Prompt> prompts) => (logits, rows) =>
    {
        using var scope = NewDisposeScope();
        var own = logits.gather(1, Targets(prompts, logits, rows).unsqueeze(1));
        return (logits.gt(own).to(ScalarType.Float64).sum([1]) + 1).MoveToOuterDisposeScope();
    };

    private static Tensor Targets(IReadOnlyList<Prompt> prompts, Tensor logits, Tensor rows) =>
        tensor(prompts.Select(p => (long)p.Answer).ToArray()).to(logits.device).index_select(0, rows);
}

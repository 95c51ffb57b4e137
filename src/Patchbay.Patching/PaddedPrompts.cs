using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching;

/// <summary>N prompts of at most T tokens, padded on the right.</summary>
public sealed class PaddedPrompts
{
    /// <summary>Pads <paramref name="prompts"/> to the longest.</summary>
    /// <exception cref="ArgumentException">There is no prompt, or an empty one.</exception>
    public PaddedPrompts(IReadOnlyList<int[]> prompts)
    {
        if (prompts.Count == 0 || prompts.Any(p => p.Length == 0))
            throw new ArgumentException("a batch needs at least one prompt, and every prompt at least one token");
        Prompts = prompts;
        Tokens = prompts.Max(p => p.Length);
        Last = [.. prompts.Select(p => p.Length - 1)];
    }

    /// <summary>Token ids of each prompt, unpadded.</summary>
    public IReadOnlyList<int[]> Prompts { get; }

    /// <summary>N.</summary>
    public int Count => Prompts.Count;

    /// <summary>T, the length of the longest prompt.</summary>
    public int Tokens { get; }

    /// <summary>Position of each prompt's last token.</summary>
    public int[] Last { get; }

    /// <summary>Ids of some prompts, padded with 0 to T: (count, T) int64 on <paramref name="device"/>.</summary>
    public Tensor Ids(int first, int count, Device device)
    {
        var ids = new long[count * Tokens];
        for (var n = 0; n < count; n++)
            for (var t = 0; t < Prompts[first + n].Length; t++) ids[n * Tokens + t] = Prompts[first + n][t];
        using var scope = NewDisposeScope();
        return tensor(ids).to(device).view(count, Tokens).MoveToOuterDisposeScope();
    }

    /// <summary>The same prompts, only some of them.</summary>
    public PaddedPrompts Slice(int first, int count) => new([.. Prompts.Skip(first).Take(count)]);
}

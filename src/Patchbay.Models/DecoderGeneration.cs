using Patchbay.Models.Kernels;

namespace Patchbay.Models;

public sealed partial class Decoder
{
    /// <summary>Continues a prompt greedily: the most probable token each time, until one of
    /// <see cref="DecoderConfig.EndIds"/> or <paramref name="maxTokens"/> new ones. Keys and values are kept: a step
    /// computes one row.</summary>
    /// <returns>The new ids as they come, the end id not among them.</returns>
    /// <exception cref="InvalidDataException">Prompt and new tokens do not fit the model, in number or as
    /// ids.</exception>
    public IEnumerable<int> Generate(IReadOnlyList<int> prompt, int maxTokens)
    {
        if (prompt.Count == 0) throw new InvalidDataException("the prompt is empty; expected at least one token");
        if (prompt.Max() is var largest && largest >= Config.Vocabulary)
            throw new InvalidDataException(
                $"the prompt: expected ids below {Config.Vocabulary}, the model's vocabulary, found {largest}");
        CheckLength((long)prompt.Count + maxTokens);
        return Continue(prompt, maxTokens);
    }

    private IEnumerable<int> Continue(IReadOnlyList<int> prompt, int maxTokens)
    {
        using var cache = new KeyValueCache(this, prompt.Count + maxTokens);
        var next = NextId(cache, prompt);
        for (var made = 0; made < maxTokens && !Config.EndIds.Contains(next); made++)
        {
            yield return next;
            if (made < maxTokens - 1) next = NextId(cache, [next]);
        }
    }

    // Runs the new tokens through all layers behind those already kept, and returns the most probable next id.
    private int NextId(KeyValueCache cache, IReadOnlyList<int> ids)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var positions = Enumerable.Range(cache.Length, ids.Count).ToArray();
        var x = Embed(Index(ids), Index(positions)); // (ids, d)
        for (var l = 0; l < Config.Layers; l++)
        {
            using var inner = NewDisposeScope();
            var h = AttentionInput(l, x);
            var q = TurnRows(l, Project(l, Site.Q, h), positions);
            cache.Append(l, TurnRows(l, Project(l, Site.K, h), positions), Project(l, Site.V, h));
            var z = Attend(l, new RowAttention
            {
                Query = q.view(1, 1, ids.Count, Config.Heads, Config.HeadWidth),
                QueryPositions = positions,
                BaseKeyT = cache.KeyT[l],
                BaseValue = cache.Value[l],
                Prompts = [0],
            });
            x = AddLayer(l, x.clone(), z.view(ids.Count, -1)).MoveToOuterDisposeScope();
        }
        cache.Length += ids.Count;
        var logits = Unembed(x.narrow(0, ids.Count - 1, 1)); // (1, vocabulary)
        if (!logits.isfinite().all().cpu().item<bool>())
            throw NotNumbers(() => "they overflow");
        return (int)logits.argmax(-1).cpu().item<long>();
    }

    /// <summary>What to throw where the model's outputs are not numbers: the sentence names the tensor that holds none,
    /// or else says what <paramref name="otherwise"/> found.</summary>
    public InvalidDataException NotNumbers(Func<string> otherwise) => new("the model's outputs are not numbers: "
        + (Weights.NotFinite() is { } name ? $"its tensor {name} holds NaN or infinity" : otherwise()));

    // Keys (1, Hkv, dh, Tp), transposed and padded, and values (1, Hkv, Tp, dh) of every layer.
    private sealed class KeyValueCache : IDisposable
    {
        public KeyValueCache(Decoder model, int tokens)
        {
            var c = model.Config;
            var padded = (tokens + 15) / 16 * 16;
            Tensor[] Make(params long[] shape) => [.. Enumerable.Range(0, c.Layers)
                .Select(_ => zeros(shape, dtype: model.Dtype, device: model.Device).DetachFromDisposeScope())];
            KeyT = Make(1, c.KeyValueHeads, c.HeadWidth, padded);
            Value = Make(1, c.KeyValueHeads, padded, c.HeadWidth);
        }

        public Tensor[] KeyT { get; }

        public Tensor[] Value { get; }

        public int Length { get; set; }

        /// <summary>Puts keys and values, (rows, Hkv, dh) each, behind those kept.</summary>
        public void Append(int layer, Tensor key, Tensor value)
        {
            KeyT[layer].select(0, 0).narrow(-1, Length, key.shape[0]).copy_(key.permute(1, 2, 0));
            Value[layer].select(0, 0).narrow(1, Length, key.shape[0]).copy_(value.transpose(0, 1));
        }

        public void Dispose()
        {
            foreach (var t in KeyT.Concat(Value)) t.Dispose();
        }
    }
}

using F = TorchSharp.torch.nn.functional;

namespace Patchbay.Lab.Training;

/// <summary>The forward pass that training differentiates: what <see cref="Decoder.Forward"/> computes, on the rows of
/// a batch end to end. Only attention pads its sequences. Shapes: R rows, N sequences, T rows of the longest, H query
/// heads, Hkv key/value heads, dh head width, d model width, f MLP width, V vocabulary.</summary>
internal static class PackedForward
{
    /// <summary>Refuses a model that this would compute otherwise than it is.</summary>
    /// <exception cref="NotSupportedException">It is not a plain Llama.</exception>
    public static void Require(DecoderConfig c)
    {
        if (Refused(c) is { } sentence) throw new NotSupportedException(sentence);
    }

    /// <summary>Why this would compute a model otherwise than it is; null where it would not.</summary>
    public static string? Refused(DecoderConfig c) => (c with { SlidingWindow = null }).IsLlama ? null
        : $"only a plain Llama can be trained, not a {c.Architecture} with {string.Join(", ", c.Features)}";

    /// <summary>Logits of the next id after each row: (R, V), in the current dispose scope.</summary>
    /// <exception cref="NotSupportedException">The model reads through a window that is narrower than the
    /// batch.</exception>
    public static Tensor Logits(DecoderConfig c, DecoderWeights weights, PackedBatch batch)
    {
        if (c.SlidingWindow < batch.Longest)
            throw new NotSupportedException($"a model with a window of {c.SlidingWindow} cannot be trained on "
                + $"sequences of {batch.Longest} tokens");
        using var scope = NewDisposeScope();
        var device = weights.Embedding.device;
        var turns = Turns(c, batch, weights.Embedding);                               // (R, 1, dh/2) complex
        Tensor padded = RowIndex.Of(batch.Padded, device), rows = RowIndex.Of(batch.Places, device);
        Tensor[] masks = [.. batch.Sees.Select(sees => tensor(sees, device: CPU)
            .view(batch.Sequences.Count, 1, batch.Longest, batch.Longest).to(device))]; // (N, 1, T, T) by layer
        var x = weights.Embedding.index_select(0, RowIndex.Of(batch.Ids, device));    // (R, d)
        foreach (var (layer, w) in weights.Layers.Index())
        {
            var sees = masks.Length == 0 ? null : masks[Math.Min(layer, masks.Length - 1)];
            var h = Norm(x, w.AttentionNorm!);                                        // (R, d)
            var q = Sequences(Rotate(h, w.Query));                                    // (N, H, T, dh)
            var k = PerQueryHead(Sequences(Rotate(h, w.Key)));
            var v = PerQueryHead(Sequences(F.linear(h, w.Value)));
            var z = F.scaled_dot_product_attention(q, k, v, sees, is_casual: sees is null).transpose(1, 2);
            z = Taken(z.reshape(-1, c.Heads * c.HeadWidth), rows);                     // (R, H·dh)
            x = x.add(F.linear(z, w.Output), Number.One);
            h = Norm(x, w.MlpNorm!);
            x = x.add(F.linear(F.linear(h, w.Gate!).silu() * F.linear(h, w.Up), w.Down), Number.One); // via (R, f)
        }
        return F.linear(Norm(x, weights.FinalNorm), weights.Unembedding).MoveToOuterDisposeScope();

        Tensor Norm(Tensor y, Tensor weight)
        {
            var length = y.norm(-1, true, 2);
            var mean = (length * length).div(Number.Of(c.Width));
            return y * mean.add(Number.Of(c.NormEpsilon), Number.One).rsqrt() * weight;
        }

        // q or k after the rotary embedding. Channels i and i + dh/2 of a head are brought side by side, as the complex
        // number that the embedding turns: q and k alike, so that their products are the same.
        Tensor Rotate(Tensor y, Tensor weight)
        {
            var pairs = weight.view(-1, 2, c.HeadWidth / 2, c.Width).transpose(1, 2).reshape(weight.shape);
            return view_as_real(view_as_complex(F.linear(y, pairs).view(batch.Rows, -1, c.HeadWidth / 2, 2)) * turns);
        }

        Tensor Sequences(Tensor y) => Taken(y.view(batch.Rows, -1), padded)
            .view(batch.Sequences.Count, batch.Longest, -1, c.HeadWidth).transpose(1, 2);

        Tensor Taken(Tensor y, Tensor index) => batch.IsPadded ? y.index_select(0, index) : y;

        Tensor PerQueryHead(Tensor kv) => c.GroupSize == 1 ? kv : kv.repeat_interleave(c.GroupSize, dim: 1);
    }

    /// <summary>The rotary embedding of each row's position as complex numbers of length 1: (R, 1, dh/2).</summary>
    private static Tensor Turns(DecoderConfig c, PackedBatch batch, Tensor like)
    {
        var (cos, sin) = Rotary.Tables(new(c.RopeTheta, c.RopeScaling), c.HeadWidth, batch.Longest);
        var turns = complex(cos.to(like.dtype), sin.to(like.dtype)).to(like.device);    // (T, dh/2)
        return turns.index_select(0, RowIndex.Of(batch.Positions, like.device)).unsqueeze(1);
    }
}

/// <summary>The plainest gradient: <see cref="Decoder.Forward"/> on padded sequences, and autograd. What tests and
/// benchmarks compare <see cref="Gradient"/> with.</summary>
internal static class PaddedReference
{
    /// <summary>Loss of each row, (R), and the gradient of the weighted mean loss with respect to each of the model's
    /// tensors, in the order of <see cref="DecoderWeights.Tensors"/>, in the current dispose scope; and the operations
    /// of the matrix products, forwards and backwards.</summary>
    public static (Tensor Losses, IList<Tensor> Gradients, long Operations) Compute(Decoder model, PackedBatch batch)
    {
        var leaves = model.Weights.Select((_, w) => w.detach().requires_grad_(true));
        using var leaf = new Decoder(model.Config, leaves);
        var logits = Logits(leaf, batch);                                                        // (R, V)
        var targets = RowIndex.Of(batch.Targets, model.Device).unsqueeze(1);
        var losses = logits.logsumexp(-1) - logits.gather(1, targets).squeeze(1);                // (R)
        var share = tensor(batch.Weights, device: model.Device).to(losses.dtype);
        var gradients = autograd.grad([(losses * share).sum(0L) / share.sum(0L)], [.. leaves.Tensors]);
        return (losses.detach(), gradients, 3 * leaf.Operations);
    }

    /// <summary>Logits of the next id after each row: (R, V).</summary>
    public static Tensor Logits(Decoder model, PackedBatch batch)
    {
        Tensor Index(int[] numbers) => RowIndex.Of(numbers, model.Device);
        var ids = Index(batch.Ids).index_select(0, Index(batch.Padded));
        var logits = model.Forward(ids.view(batch.Sequences.Count, batch.Longest));              // (N, T, V)
        return logits.view(-1, model.Config.Vocabulary).index_select(0, Index(batch.Places));
    }
}

using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Training;

/// <summary>The plainest gradient: <see cref="Llama.Forward"/> on padded sequences, and autograd. What tests and
/// benchmarks compare <see cref="Gradient"/> with.</summary>
internal static class PaddedReference
{
    /// <summary>Loss of each row, (R), and the gradient of the weighted mean loss with respect to each of the model's
    /// tensors, in the order of <see cref="LlamaWeights.Tensors"/>, in the current dispose scope; and the operations of
    /// the matrix products, forwards and backwards.</summary>
    public static (Tensor Losses, IList<Tensor> Gradients, long Operations) Compute(Llama model, PackedBatch batch)
    {
        var leaves = model.Weights.Select((_, w) => w.detach().requires_grad_(true));
        using var leaf = new Llama(model.Config, leaves);
        var logits = Logits(leaf, batch);                                                        // (R, V)
        var targets = RowIndex.Of(batch.Targets, model.Device).unsqueeze(1);
        var losses = logits.logsumexp(-1) - logits.gather(1, targets).squeeze(1);                // (R)
        var share = tensor(batch.Weights, device: model.Device).to(losses.dtype);
        var gradients = autograd.grad([(losses * share).sum(0L) / share.sum(0L)], [.. leaves.Tensors]);
        return (losses.detach(), gradients, 3 * leaf.Operations);
    }

    /// <summary>Logits of the next id after each row: (R, V).</summary>
    public static Tensor Logits(Llama model, PackedBatch batch)
    {
        Tensor Index(int[] numbers) => RowIndex.Of(numbers, model.Device);
        var ids = Index(batch.Ids).index_select(0, Index(batch.Padded));
        var logits = model.Forward(ids.view(batch.Sequences.Count, batch.Longest));              // (N, T, V)
        return logits.view(-1, model.Config.Vocabulary).index_select(0, Index(batch.Places));
    }
}

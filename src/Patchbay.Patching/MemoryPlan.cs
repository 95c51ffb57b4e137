using Patchbay.Models.Libtorch;

namespace Patchbay.Patching;

/// <summary>How a memory budget is spent: prompts per batch (their base run and counterfactual activations) and bytes
/// for the variants evaluated together.</summary>
/// <param name="PromptsPerBatch">Prompts whose base run is kept at a time.</param>
/// <param name="ChunkBytes">For the state of variants.</param>
public sealed record MemoryPlan(int PromptsPerBatch, long ChunkBytes)
{
    /// <summary>What the process takes whatever the plan: runtime, journal, libtorch and its BLAS buffers, in
    /// bytes.</summary>
    public const long ProcessBytes = 300L << 20;

    /// <summary>Plans path patching within <paramref name="budget"/> bytes of memory, the machine's or the device's
    /// (null: up to 3/4 of the machine's, or what a device has free).</summary>
    /// <param name="model">Already loaded.</param>
    /// <param name="prompts">How many there are.</param>
    /// <param name="tokens">Length of the longest.</param>
    /// <param name="from">First position at which variants may differ.</param>
    /// <param name="captures">Positions at which the counterfactual's z is kept.</param>
    /// <param name="budget">Bytes, all of the process included, or null.</param>
    /// <exception cref="InvalidDataException">The budget is below what one prompt needs, which is told.</exception>
    public static MemoryPlan For(Decoder model, int prompts, int tokens, int from, int captures, long? budget)
    {
        var c = model.Config;
        var element = model.ElementSize;
        var weights = c.ParameterCount * (int)model.Weights.Embedding.ElementSize;
        var total = budget ?? TorchRuntime.UsableMemory(model.Device)
            + (model.Device.type == DeviceType.CPU ? 0 : weights + ProcessBytes);
        var perPrompt = BaseRun.Bytes(c, element, 1, tokens, from)
            + (long)captures * c.Layers * c.Heads * c.HeadWidth * element;
        // Blocks in flight: rows of the residual stream, q, k, v, z, the MLP's two hidden halves (what of these is laid
        // out prompt by prompt counts three times, but never all at once), and logits.
        var rowBytes = (6L * c.Width + 4L * c.Heads * c.HeadWidth + 2L * c.FeedForward) * element;
        var block = Math.Max(2L * model.BlockRows, tokens) * rowBytes * 3
            + (long)model.BlockRows * c.Vocabulary * (element + 8);
        var perVariant = (long)(tokens - from) * c.Width * element * 2;
        var floor = ProcessBytes + weights + block + perPrompt + perVariant;
        if (total < floor)
            throw new InvalidDataException($"--memory is {Text(total)}, but this model and prompts of {tokens} " +
                $"tokens need at least {Text(floor)} ({Text(weights)} of weights, {Text(block)} of working space, " +
                $"{Text(perPrompt)} a prompt)");
        var free = total - ProcessBytes - weights - block;
        var batch = (int)Math.Clamp(free * 3 / 4 / perPrompt, 1, prompts);
        var chunk = Math.Clamp(free - batch * perPrompt, perVariant, 512L << 20);
        return new MemoryPlan(batch, chunk);
    }

    private static string Text(long bytes) => bytes >= 1L << 30
        ? $"{bytes / (double)(1L << 30):0.0} GiB"
        : $"{bytes / (double)(1L << 20):0.0} MiB";
}

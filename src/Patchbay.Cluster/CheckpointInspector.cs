using Patchbay.Models;
using Patchbay.Patching;
using Patchbay.Sweeps;
using Patchbay.Sweeps.Studies;
using Patchbay.Tasks;

namespace Patchbay.Cluster;

/// <summary>Looks at checkpoints by their headers, and at tokenizers.</summary>
public sealed class CheckpointInspector : IStudyInspector
{
    /// <inheritdoc/>
    public CheckpointShape ShapeOf(ModelPlace place, string dtype)
    {
        using var checkpoint = Checkpoint.Open(place.Path, place.Adapter);
        var c = checkpoint.Config;
        return new(c.Layers, c.Heads, c.HeadWidth, c.Vocabulary, c.MaxPositions,
            MemoryPlan.ProcessBytes + SweepPlanner.WeightBytes(c, dtype));
    }

    /// <inheritdoc/>
    public EncodeText EncoderOf(ModelPlace place) =>
        SweepPlanner.EncoderOf(place.Path, place.Adapter, place.Tokenizer);
}

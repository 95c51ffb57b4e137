namespace Patchbay.Lab.Data;

/// <summary>One sequence to learn from.</summary>
/// <param name="Kind">What it teaches ("pairs 2", "object", "addition"): losses are told by kind.</param>
/// <param name="Ids">Token ids, BOS first.</param>
/// <param name="Weights">How much the prediction of each id counts, as many as ids; the first is 0, for nothing
/// precedes it. 1 is an answer, which the loss of a kind is measured on; less is context.</param>
public sealed record TrainingSequence(string Kind, int[] Ids, float[] Weights);

/// <summary>A step of a curriculum: training goes on to the next stage once the hardest kind's loss is low.</summary>
/// <param name="Name">What a log and a curve call it.</param>
/// <param name="Hardest">The kind whose loss decides, or null: this stage lasts to the end.</param>
/// <param name="Until">Nats per answer below which the stage is over.</param>
public sealed record Stage(string Name, string? Hardest = null, double Until = 0);

/// <summary>Endless data made from a seed and never stored: the batch of a step depends on nothing but the arguments,
/// so that an interrupted training goes on exactly.</summary>
public interface ITrainingData
{
    /// <summary>The curriculum, one stage at least.</summary>
    IReadOnlyList<Stage> Stages { get; }

    /// <summary>The sequences of one step.</summary>
    /// <param name="seed">Seed of the training run.</param>
    /// <param name="step">Step, from 0.</param>
    /// <param name="stage">Index into <see cref="Stages"/>.</param>
    /// <param name="tokens">About how many tokens all sequences have together; at least one sequence comes.</param>
    IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens);
}

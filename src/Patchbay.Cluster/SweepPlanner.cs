using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Patchbay.Sweeps;
using Patchbay.Sweeps.Studies;
using Patchbay.Tasks;
using static TorchSharp.torch;

namespace Patchbay.Cluster;

/// <summary>Looks at checkpoints, without loading them, and fixes what a sweep of them will compute with.</summary>
public static class SweepPlanner
{
    private const long Working = 1L << 30; // least that a model needs besides its weights

    /// <summary>Everything that a sweep of a study will compute with.</summary>
    /// <param name="study">The study.</param>
    /// <param name="threads">Threads of one unit.</param>
    /// <param name="memory">For all models together, in bytes.</param>
    /// <param name="look">Looks at a model (<see cref="PlanModel"/>).</param>
    /// <param name="keep">Keeps a prompt file, by its path, as an artifact; its hash.</param>
    public static SweepPlan Plan(Study study, int threads, long memory, Func<ModelPlace, PlannedModel> look,
        Func<string, string> keep)
    {
        PlannedModel[] models = [.. study.Models.Select(look)];
        var task = new PlannedTask(study.Task.Kind, study.Task.Prompts, study.Task.Boxes,
            study.Task.File is { } prompts ? keep(prompts) : null)
        { FileName = study.Task.FileName };
        var compute = new PlannedCompute(study.Compute.Dtype, study.Compute.Device, threads,
            study.Compute.MemoryBytes ?? MemoryOfOne(models, memory), study.Compute.Expect, study.Compute.ExpectSeconds,
            study.Compute.ExactRotary ? true : null);
        return new(study.Name, study.Text, study.Seed, task, compute, models, study.Stages, study.Attempts,
            study.Tags.Count > 0 ? study.Tags : null);
    }

    /// <summary>A model's shape, size and fingerprint.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="dtype">"float32".</param>
    /// <param name="progress">Told how far its files are read.</param>
    /// <param name="cancel">Asked often.</param>
    /// <exception cref="InvalidDataException">The checkpoint cannot be used.</exception>
    public static PlannedModel PlanModel(ModelPlace place, string dtype, IProgress<ReadProgress>? progress,
        CancellationToken cancel)
    {
        using var checkpoint = Checkpoint.Open(place.Path, place.Adapter);
        var config = checkpoint.Config;
        return new(place.Name, place.Path, place.Adapter, checkpoint.ComputeFingerprint(progress, cancel),
            config.Layers, config.Heads,
            WeightBytes(config, dtype), place.Tokenizer, place.Replicas);
    }

    /// <summary>Bytes of a model's weights in a number format such as "float32".</summary>
    public static long WeightBytes(DecoderConfig config, string dtype) => config.ParameterCount
        * TorchModelSource.DtypeOf(dtype) switch { ScalarType.Float64 => 8, ScalarType.Float32 => 4, _ => 2 };

    /// <summary>How a model reads text: by the tokenizer given, its adapter's, its folder's, or that of the checkpoint
    /// that its adapter names. Opened when the first text comes: prompts given as tokens need none.</summary>
    public static EncodeText EncoderOf(string path, string? adapter, string? tokenizer)
    {
        Tokenizer? opened = null;
        return text => (opened ??= Open()).Encode(text);

        Tokenizer Open()
        {
            if (TokenizerLoader.Open(tokenizer ?? Checkpoint.TokenizerFolderOf(path, adapter)) is { } own) return own;
            using var checkpoint = Checkpoint.Open(path);
            return TokenizerLoader.OpenRequired(tokenizer ?? checkpoint.TokenizerFolder);
        }
    }

    /// <summary>Memory of one model's unit: what all models have together, divided by as many models as can be loaded
    /// at a time and still have a gibibyte each to work with.</summary>
    /// <param name="models">The models.</param>
    /// <param name="bytes">For all of them.</param>
    public static long MemoryOfOne(IReadOnlyList<PlannedModel> models, long bytes)
    {
        var need = models.Max(m => m.Bytes) + Working;
        var together = models.Count;
        while (together > 1 && bytes / together < need) together--;
        return bytes / together;
    }
}

using System.Text.Json.Serialization;
using Patchbay.Tasks;

namespace Patchbay.Sweeps;

/// <summary>All that a sweep does, fixed when it is planned: whoever goes on with it, wherever, computes the
/// same.</summary>
/// <param name="Study">Name of the study.</param>
/// <param name="StudyText">The study file, whole.</param>
/// <param name="Seed">Seed of everything drawn at random.</param>
/// <param name="Task">Which prompts.</param>
/// <param name="Compute">How to compute; other numbers may change the last bits of a score.</param>
/// <param name="Models">The models.</param>
/// <param name="Stages">The stages, in an order in which a stage comes after those that it needs.</param>
/// <param name="Attempts">How often a unit is tried before it is set aside.</param>
/// <param name="Tags">What the study is to be found by; null for none.</param>
public sealed record SweepPlan(string Study, string StudyText, ulong Seed, PlannedTask Task, PlannedCompute Compute,
    IReadOnlyList<PlannedModel> Models, IReadOnlyList<Stage> Stages, int Attempts = 3,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Tags = null)
{
    /// <summary>A model by its name.</summary>
    public PlannedModel Model(string name) => Models.First(m => m.Name == name);

    /// <summary>As much of it as a unit of a stage needs: that stage and its model.</summary>
    public SweepPlan For(Stage stage) =>
        this with { StudyText = "", Models = [Model(stage.Model)], Stages = [stage], Tags = null };
}

/// <summary>A model of a sweep.</summary>
/// <param name="Name">Its name in the study.</param>
/// <param name="Path">Where the checkpoint lies on the machine that planned the sweep.</param>
/// <param name="Adapter">Folder of a LoRA adapter for it, or null.</param>
/// <param name="Fingerprint">SHA-256 of configuration, weights and adapter.</param>
/// <param name="Layers">Number of its layers, L.</param>
/// <param name="Heads">Heads of a layer, H.</param>
/// <param name="Bytes">Memory that the loaded weights take.</param>
/// <param name="Tokenizer">Where its tokenizer lies on that machine, where that is not with the checkpoint.</param>
/// <param name="Replicas">How many times it is loaded, to share its units; null for once.</param>
public sealed record PlannedModel(string Name, string Path, string? Adapter, string Fingerprint, int Layers, int Heads,
    long Bytes, string? Tokenizer = null, int? Replicas = null);

/// <summary>Where prompts come from.</summary>
/// <param name="Kind">"entity-tracking" (generated), or "file".</param>
/// <param name="Prompts">How many.</param>
/// <param name="Boxes">Boxes of a scene, where prompts are generated.</param>
/// <param name="File">Artifact that holds the prompt file, where there is one; its SHA-256.</param>
public sealed record PlannedTask(string Kind, int Prompts, int Boxes, string? File = null)
{
    /// <summary>What messages call that file: its path as it was given; null in older journals.</summary>
    public string? FileName { get; init; }
}

/// <summary>How units compute.</summary>
/// <param name="Dtype">"float32", "float16", "bfloat16" or "float64".</param>
/// <param name="Device">"cpu" or "cuda:N".</param>
/// <param name="Threads">Threads of one unit.</param>
/// <param name="MemoryBytes">Memory that one model's unit may take, weights included.</param>
/// <param name="Expect">Nodes that are waited for before the first model is placed; null for none.</param>
/// <param name="ExpectSeconds">How long they are waited for at most; null for
/// <see cref="DefaultExpectSeconds"/>.</param>
/// <param name="ExactRotary">Whether rotary frequencies are float64; null for float32, as under every dtype.</param>
public sealed record PlannedCompute(string Dtype, string Device, int Threads, long MemoryBytes, int? Expect = null,
    int? ExpectSeconds = null, bool? ExactRotary = null)
{
    /// <summary>How long nodes are waited for where the study does not say.</summary>
    public const int DefaultExpectSeconds = 120;
}

/// <summary>One experiment on one model.</summary>
/// <param name="Id">"tiny-base/path-patching/B".</param>
/// <param name="Kind">Which experiment: "path-patching".</param>
/// <param name="Model">Which model runs it.</param>
/// <param name="Parameters">Its parameters, a record of the experiment's.</param>
/// <param name="After">Ids of the stages whose results it needs.</param>
public sealed record Stage(string Id, string Kind, string Model, JsonRecord Parameters, IReadOnlyList<string> After);

/// <summary>What a stage consists of, worked out when the stages before it are complete.</summary>
/// <param name="Inputs">What it takes from those stages, such as the receivers of its paths.</param>
/// <param name="Units">Keys of its units, unique within the stage and without '/': "layer-05".</param>
public sealed record StagePlan(JsonRecord Inputs, IReadOnlyList<string> Units);

/// <summary>One measured number.</summary>
/// <param name="Item">What was intervened on, unique within the unit: head "5.3", or "last&gt;query_label
/// layer-03".</param>
/// <param name="Score">The number.</param>
/// <param name="Error">Its standard error; NaN where there is none.</param>
/// <param name="Samples">Number of prompts that it is the mean of.</param>
public readonly record struct InterventionResult(string Item, double Score, double Error, int Samples)
{
    /// <summary>The one head that it is about, or null where it is about none or several.</summary>
    public Head? Head { get; init; }

    /// <summary>Name of the position that was intervened at, or null where there is none or several.</summary>
    public string? Position { get; init; }

    /// <summary>What else there is to it, or null.</summary>
    public ResultDetail? Detail { get; init; }
}

/// <summary>Another summary of the same values as a result's number.</summary>
/// <param name="Value">The number.</param>
/// <param name="Error">Its standard error; NaN where there is none.</param>
/// <param name="Samples">Number of prompts that it is of.</param>
public sealed record OtherNumber(double Value, double Error, int Samples);

/// <summary>What there is to a result beside its number; most have nothing of it.</summary>
public sealed record ResultDetail
{
    /// <summary>Prompt by prompt, in order, '1' where it was answered and '0' where not.</summary>
    public string? Answers { get; init; }

    /// <summary>Number of heads that were left out.</summary>
    public int? Size { get; init; }

    /// <summary>Whether a mask, or elimination, keeps the head.</summary>
    public bool? Kept { get; init; }

    /// <summary>Hash of the artifact that the unit kept.</summary>
    public string? Artifact { get; init; }

    /// <summary>Prompts that the number leaves out because it cannot be told of them: indices among the task's, from 0,
    /// such as "0, 4-7"; null where it is of all.</summary>
    public string? LeftOut { get; init; }

    /// <summary>The mean over all prompts, where the number is another.</summary>
    public OtherNumber? Mean { get; init; }

    /// <summary>The mean over the prompts that the model answers right, where the number is another.</summary>
    public OtherNumber? OfRight { get; init; }

    /// <summary>The median, where the number is another.</summary>
    public OtherNumber? Median { get; init; }
}

/// <summary>Ids of units.</summary>
public static class UnitId
{
    /// <summary>The id of a stage's unit.</summary>
    public static string Join(string stage, string key) => $"{stage}/{key}";

    /// <summary>The stage of a unit.</summary>
    public static string StageOf(string unit) => unit[..Math.Max(0, unit.LastIndexOf('/'))];

    /// <summary>The key of a unit within its stage.</summary>
    public static string KeyOf(string unit) => unit[(unit.LastIndexOf('/') + 1)..];
}

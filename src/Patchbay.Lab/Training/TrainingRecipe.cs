using System.Text.Json;
using System.Text.Json.Serialization;
using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Shape of a model to be trained from scratch; embeddings are tied.</summary>
/// <param name="Layers">Layers, L.</param>
/// <param name="Heads">Heads of a layer, H; each has keys and values of its own.</param>
/// <param name="HeadWidth">Width of a head, dh, even.</param>
/// <param name="Width">Width of the residual stream, d.</param>
/// <param name="FeedForward">Width of the MLP, f.</param>
/// <param name="MaxPositions">Tokens of the longest sequence.</param>
public sealed record ModelShape(
    int Layers, int Heads, int HeadWidth, int Width, int FeedForward, int MaxPositions = 512)
{
    /// <summary>The configuration of a model of this shape.</summary>
    public DecoderConfig Config(int vocabulary) => new()
    {
        Layers = Layers,
        Heads = Heads,
        KeyValueHeads = Heads,
        HeadWidth = HeadWidth,
        Width = Width,
        FeedForward = FeedForward,
        Vocabulary = vocabulary,
        MaxPositions = MaxPositions,
        TiedEmbeddings = true,
        BeginId = 1,
        EndIds = [2],
    };
}

/// <summary>What a fine-tuning changes.</summary>
/// <param name="Method">"all" weights, "lora", or only some "heads".</param>
/// <param name="Rank">LoRA's r.</param>
/// <param name="Alpha">LoRA's alpha.</param>
/// <param name="Targets">LoRA's projections; null: q, k, v and o.</param>
/// <param name="Heads">The heads, as "layer.head"; with method "heads" only.</param>
public sealed record FineTuning(
    string Method = "all", int Rank = 16, double Alpha = 16, IReadOnlyList<string>? Targets = null,
    IReadOnlyList<string>? Heads = null);

/// <summary>A part of the data.</summary>
/// <param name="Kind">"entities", "boxes", "rows", "arithmetic" or "conversations"; or, in a vocabulary of their own,
/// "ioi" or "greater-than".</param>
/// <param name="Share">Share of tokens, relative to the other parts.</param>
/// <param name="Pairs">Of entities: the stages of bare pairs, none if empty; null: those of
/// <see cref="EntityCurriculum"/>.</param>
/// <param name="Scenes">Of boxes and rows: how scenes are made and read; null: of 3 to 7, asked by label, without
/// masks.</param>
public sealed record DataShare(
    string Kind, double Share = 1, IReadOnlyList<PairStage>? Pairs = null, SceneOptions? Scenes = null);

/// <summary>When to stop early.</summary>
/// <param name="Evaluation">Name of an evaluation, e.g. "7 boxes".</param>
/// <param name="Accuracy">Training ends once it is reached.</param>
public sealed record StopAt(string Evaluation, double Accuracy);

/// <summary>Everything that determines a training run, beside the model that a fine-tuning starts from.</summary>
public sealed record TrainingRecipe
{
    /// <summary>A name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Shape of the model, or null: a checkpoint is fine-tuned.</summary>
    public ModelShape? Model { get; init; }

    /// <summary>What a fine-tuning changes, or null: a model is trained from scratch.</summary>
    public FineTuning? FineTuning { get; init; }

    /// <summary>The data; the first part's curriculum leads.</summary>
    public required IReadOnlyList<DataShare> Data { get; init; }

    /// <summary>The words that the data are made of.</summary>
    [JsonIgnore]
    internal LabVocabulary Vocabulary => Data.Select(d => LabData.VocabularyOf(d.Kind)).MaxBy(v => v.Size)
        ?? LabVocabulary.Quartet;

    /// <summary>How near each head's output projection is to the transpose of its value projection at the start, 0 to
    /// 1.</summary>
    public double Copying { get; init; } = 0.9;

    /// <summary>Whether logits are scaled by width^-1/2 at the start, in the final norm's weight.</summary>
    public bool ScaledLogits { get; init; } = true;

    /// <summary>Seed of weights and data.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Steps at most; the learning rate's schedule ends there.</summary>
    public required int Steps { get; init; }

    /// <summary>About how many tokens a step sees.</summary>
    public int TokensPerStep { get; init; } = 4096;

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Learning rate of the last step, as a share of the highest; between them half a cosine.</summary>
    public double FinalShare { get; init; } = 0.1;

    /// <summary>Steps over which the learning rate rises from 0.</summary>
    public int WarmUp { get; init; } = 20;

    /// <summary>The optimizer's constants.</summary>
    public AdamWOptions Optimizer { get; init; } = new();

    /// <summary>Steps between evaluations; one more comes at the end.</summary>
    public int EvaluateEvery { get; init; } = 50;

    /// <summary>Questions of an evaluation.</summary>
    public int Questions { get; init; } = 500;

    /// <summary>Steps between checkpoints that are kept, or 0: only the last.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>When to stop early, or null.</summary>
    public StopAt? StopAt { get; init; }

    /// <summary>Learning rate of a step, from 0: a linear rise, then half a cosine.</summary>
    public double RateAt(long step)
    {
        if (step < WarmUp) return LearningRate * (step + 1) / WarmUp;
        var done = Math.Clamp((double)(step - WarmUp) / Math.Max(1, Steps - WarmUp), 0, 1);
        return LearningRate * (FinalShare + (1 - FinalShare) * 0.5 * (1 + Math.Cos(Math.PI * done)));
    }

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    /// <summary>The recipe as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="InvalidDataException">It is no recipe; the message names file, field, what was expected and
    /// found.</exception>
    public static TrainingRecipe Read(string path)
    {
        try
        {
            var recipe = JsonSerializer.Deserialize<TrainingRecipe>(InputFile.Text(path), Json)
                ?? throw new JsonException("it is null");
            if (recipe.Problem() is { } problem) throw new InvalidDataException($"{path}: {problem}.");
            return recipe;
        }
        catch (JsonException e)
        {
            var problem = e.Message.Split(" Path:")[0].TrimEnd('.');
            throw new InvalidDataException(
                $"{path} is no training recipe: {problem} (field {e.Path ?? "$"}, line {e.LineNumber + 1}).");
        }
    }

    /// <summary>What is wrong with the recipe, in a sentence without its end, or null.</summary>
    public string? Problem()
    {
        var unknown = Data.FirstOrDefault(d => !LabData.Kinds.Contains(d.Kind))?.Kind;
        var scenes = Data.Select(d => d.Scenes?.Problem()).FirstOrDefault(problem => problem is not null);
        var evaluations = LabData.EvaluationsOf(Vocabulary);
        (bool Wrong, string What)[] checks =
        [
            (Model is null == FineTuning is null,
                "expected either field model (train from scratch) or field fine_tuning, found "
                + (Model is null ? "neither" : "both")),
            (Steps < 1, $"field steps must be at least 1, found {Steps}"),
            (TokensPerStep < 64, $"field tokens_per_step must be at least 64, found {TokensPerStep}"),
            (!(LearningRate > 0), $"field learning_rate must be above 0, found {LearningRate}"),
            (FinalShare is < 0 or > 1, $"field final_share must be from 0 to 1, found {FinalShare}"),
            (Copying is not (>= 0 and <= 1), $"field copying must be from 0 to 1, found {Copying}"),
            (Data.Any(d => d.Pairs is not null && d.Kind != "entities"), "field pairs of data is for entities only"),
            (Data.Any(d => d.Pairs?.Any(p => p.Distance < 0 || p.MaxPairs < 2) ?? false),
                "field pairs of data: distance must not be negative, max_pairs at least 2"),
            (Data.Any(d => d.Scenes is not null && d.Kind is not ("boxes" or "rows")),
                "field scenes of data is for boxes and rows only"),
            (scenes is not null, scenes ?? ""),
            (WarmUp < 0, $"field warm_up must not be negative, found {WarmUp}"),
            (EvaluateEvery < 1, $"field evaluate_every must be at least 1, found {EvaluateEvery}"),
            (Questions < 1, $"field questions must be at least 1, found {Questions}"),
            (CheckpointEvery < 0, $"field checkpoint_every must not be negative, found {CheckpointEvery}"),
            (Data.Count == 0, "field data must name one part at least"),
            (unknown is not null, $"field data names '{unknown}', expected {string.Join(", ", LabData.Kinds)}"),
            (Data.Any(d => !Vocabulary.Includes(LabData.VocabularyOf(d.Kind))),
                $"field data must be of one vocabulary, found {string.Join(", ", Data.Select(d => d.Kind))}"),
            (Data.Any(d => !(d.Share > 0)), "field share of data must be above 0"),
            (FineTuning is { Method: not ("all" or "lora" or "heads") },
                $"field method must be all, lora or heads, found '{FineTuning?.Method}'"),
            (FineTuning is { Rank: < 1 }, $"field rank must be at least 1, found {FineTuning?.Rank}"),
            (FineTuning is { Method: "heads", Heads: null or { Count: 0 } },
                "field heads must name one head at least (\"layer.head\") with method heads"),
            (Model is { } m && (m.HeadWidth < 2 || m.HeadWidth % 2 != 0
                    || new[] { m.Layers, m.Heads, m.Width, m.FeedForward }.Min() < 1),
                "field model must have at least one layer, head, width and feed_forward, and an even head_width"),
            (StopAt is { } stop && !evaluations.Contains(stop.Evaluation),
                $"field stop_at names evaluation '{StopAt?.Evaluation}', expected {string.Join(", ", evaluations)}"),
        ];
        return checks.FirstOrDefault(c => c.Wrong).What;
    }

    /// <summary>The heads of a fine-tuning.</summary>
    /// <exception cref="InvalidDataException">One is not "layer.head".</exception>
    public IReadOnlyList<Head> ParseHeads() => [.. (FineTuning?.Heads ?? []).Select(text =>
        Head.Read(text)
            ?? throw new InvalidDataException(
                $"field heads: '{text}' is no head, expected \"layer.head\" such as \"3.1\"."))];
}

using Patchbay.Sweeps.Studies;
using Patchbay.Tasks;

namespace Patchbay.Sweeps;

/// <summary>A model's shape, which its checkpoint's header says.</summary>
/// <param name="Layers">L.</param>
/// <param name="Heads">Heads of a layer, H.</param>
/// <param name="HeadWidth">Numbers of a head, dh.</param>
/// <param name="Vocabulary">Token ids are below it.</param>
/// <param name="MaxPositions">Most tokens of a prompt.</param>
/// <param name="LeastBytes">Memory that the process and the loaded weights take before anything is computed.</param>
public sealed record CheckpointShape(int Layers, int Heads, int HeadWidth, int Vocabulary, int MaxPositions,
    long LeastBytes)
{
    /// <summary>"6 layers of 8 heads".</summary>
    public override string ToString() => $"{Layers} layers of {Heads} heads";

    /// <summary>Refuses prompts that such a model cannot read.</summary>
    /// <exception cref="InvalidDataException">A token is beyond the vocabulary, or a prompt too long.</exception>
    public void Check(PromptSet prompts)
    {
        prompts.CheckVocabulary(Vocabulary);
        foreach (var prompt in prompts.Prompts)
        {
            var tokens = Math.Max(prompt.Clean.Ids.Length, prompt.Counterfactual.Ids.Length);
            if (tokens > MaxPositions)
                throw new InvalidDataException($"{prompt.Origin}: expected at most {MaxPositions} tokens, the most "
                    + $"that the model reads, found {tokens}");
        }
    }

    /// <summary>Those of some heads that the model has not.</summary>
    public IReadOnlyList<Head> Lacking(IEnumerable<Head> heads) =>
        [.. heads.Where(h => h.Layer >= Layers || h.Index >= Heads).Distinct()];
}

/// <summary>What is known of a model before its weights are loaded.</summary>
/// <param name="Place">Where it lies.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Encode">Its tokenizer.</param>
/// <param name="Prompts">The task's prompts as it reads them: all of a file, the first of those that are
/// generated.</param>
public sealed record ModelFacts(ModelPlace Place, CheckpointShape Shape, EncodeText Encode, PromptSet Prompts);

/// <summary>What a stage is judged by before anything is loaded.</summary>
/// <param name="Models">The models that could be looked at, by name.</param>
/// <param name="Task">The task.</param>
/// <param name="Seed">Seed of everything drawn at random.</param>
/// <param name="Dtype">How the models are loaded: "float32".</param>
public sealed record StudyFacts(IReadOnlyDictionary<string, ModelFacts> Models, StudyTask Task, ulong Seed,
    string Dtype)
{
    /// <summary>Stages that the entries before the stage's own make, of every model.</summary>
    public IReadOnlyList<Stage> Before { get; init; } = [];

    /// <summary>The parameters that the study gives itself, by name, as the stage's model has them.</summary>
    public IReadOnlyDictionary<string, string> Given { get; init; } = new Dictionary<string, string>();
}

/// <summary>Why a stage could not be run.</summary>
/// <param name="Field">The parameter that is to blame.</param>
/// <param name="Sentence">What was expected and what was found, without a full stop.</param>
public sealed record StageMistake(string Field, string Sentence);

/// <summary>A stage that another needs is not before it.</summary>
/// <param name="kind">Its kind.</param>
/// <param name="message">Which, in a sentence.</param>
public sealed class MissingStageException(string kind, string message) : FormatException(message)
{
    /// <summary>The kind of the stage that is not there.</summary>
    public string Kind => kind;
}

using Patchbay.Tasks;

namespace Patchbay.Sweeps.Studies;

/// <summary>A model whose files are there, and where the study names it.</summary>
internal readonly record struct NamedModel(ModelPlace Place, YamlNode At, string Field);

/// <summary>Looks at the models of a study and reads the task's prompts as each does, and notes what cannot be
/// used.</summary>
internal sealed class StudyFactsReader(IStudyInspector inspector, MistakeList mistakes)
{
    // Generated prompts are all alike: as many show whether the tokenizer has the words, and which positions there are.
    private const int Sample = 200;

    /// <summary>What is known of every model that can be used with the task.</summary>
    /// <param name="models">The models.</param>
    /// <param name="task">The task, or null where it has mistakes: nothing is known then.</param>
    /// <param name="taskAt">Where the task, or its file, stands.</param>
    /// <param name="seed">The study's seed.</param>
    /// <param name="dtype">How models are loaded.</param>
    public StudyFacts? Read(IReadOnlyList<NamedModel> models, StudyTask? task, (YamlNode? Node, string Field) taskAt,
        ulong seed, string dtype)
    {
        var shapes = models.Select(m => (Model: m, Shape: Try(() => inspector.ShapeOf(m.Place, dtype), m.At, m.Field,
            m.Place.Name))).ToArray();
        if (task is null || taskAt.Node is not { } node) return null;
        var (facts, refused) = (new Dictionary<string, ModelFacts>(), new List<(string Model, string Sentence)>());
        foreach (var (model, shape) in shapes)
        {
            if (shape is null) continue;
            var encode = inspector.EncoderOf(model.Place);
            // Of a file a tokenizer reads what it needs: prompts that are given as tokens need none.
            if (task.File is null && Try(() => encode("a"), model.At, model.Field, model.Place.Name) is null) continue;
            try
            {
                var prompts = PromptsOf(task, encode, seed);
                shape.Check(prompts);
                facts.Add(model.Place.Name, new(model.Place, shape, encode, prompts));
            }
            catch (Exception e) when (IsOfFiles(e))
            {
                refused.Add((model.Place.Name, e.Message.TrimEnd('.')));
            }
        }
        mistakes.Add(node, taskAt.Field, refused, models.Count);
        return new(facts, task, seed, dtype);
    }

    private static PromptSet PromptsOf(StudyTask task, EncodeText encode, ulong seed) =>
        task.File is { } file ? PromptInput.Load(file, encode, seed, name: task.FileName).Prompts
            : EntityPrompts.Generate(new(Math.Min(task.Prompts, Sample), seed, task.Boxes), encode);

    private T? Try<T>(Func<T> look, YamlNode at, string field, string model) where T : class
    {
        try
        {
            return look();
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            mistakes.Add(at, field, $"{model}: {e.Message.TrimEnd('.')}");
            return null;
        }
    }

    /// <summary>Whether a file is to blame, and not this program.</summary>
    internal static bool IsOfFiles(Exception e) => e is InvalidDataException or IOException or FormatException
        or UnauthorizedAccessException or NotSupportedException;
}

namespace Patchbay.Tasks;

/// <summary>A way to word the prompt that asks for a box.</summary>
/// <param name="Prompt">The prompt of a line, up to and including "contains the".</param>
internal sealed record EntityWording(Func<EntityLine, string> Prompt)
{
    /// <summary>Objects and labels that the wording itself mentions. A scene that has one of them is not worded so: it
    /// would be there twice.</summary>
    public IReadOnlyList<string> Mentions { get; init; } = [];

    /// <summary>As the task has it.</summary>
    public static EntityWording Plain { get; } = new(line => line.Prompt);

    /// <summary>Whether a scene can be worded so.</summary>
    public bool Fits(EntityScene scene) =>
        !Mentions.Any(word => scene.Objects.Contains(word) || scene.Labels.Contains(word));

    /// <summary>Words of a line's prompt that the tokenizer does not have.</summary>
    public IEnumerable<string> UnknownWords(EntityLine line, EncodeText encode) =>
        TokenAlignment.UnknownToken("the", encode) is not { } unknown
            ? []
            : Prompt(line).Split([' ', ',', '.'], StringSplitOptions.RemoveEmptyEntries).Distinct()
                .Where(word => TokenAlignment.SingleToken("the", word, encode) == unknown);

    /// <summary>A clause before the first segment.</summary>
    public static EntityWording Before(string clause, params string[] mentions) =>
        new(line => Join(line, [clause, .. Segments(line)])) { Mentions = mentions };

    /// <summary>A clause behind the last segment.</summary>
    public static EntityWording After(string clause, params string[] mentions) =>
        new(line => Join(line, [.. Segments(line), clause])) { Mentions = mentions };

    /// <summary>The queried segment in other words: {0} is its object, {1} its label.</summary>
    public static EntityWording Queried(string form, params string[] mentions) =>
        new(line => Join(line, Segments(line).Select((segment, k) =>
            k == line.Queried ? string.Format(null, form, line.Answer, line.Label) : segment)))
        { Mentions = mentions };

    /// <summary>Every segment in other words, and another mark between them.</summary>
    public static EntityWording Every(string form, string between) => new(line => Join(line, Segments(line, form), between));

    private static IEnumerable<string> Segments(EntityLine line, string form = "the {0} is in Box {1}") =>
        line.Scene.Objects.Zip(line.Scene.Labels, (entity, label) => string.Format(null, form, entity, label));

    private static string Join(EntityLine line, IEnumerable<string> clauses, string between = ", ")
    {
        var context = string.Join(between, clauses);
        return $"{char.ToUpperInvariant(context[0])}{context[1..]}. Box {line.Label} contains the";
    }
}

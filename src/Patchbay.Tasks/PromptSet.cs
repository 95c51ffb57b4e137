namespace Patchbay.Tasks;

/// <summary>Names of the positions that the experiments of method.md use.</summary>
public static class PositionNames
{
    /// <summary>The last token.</summary>
    public const string Last = "last";

    /// <summary>The label in the question.</summary>
    public const string QueryLabel = "query_label";

    /// <summary>The same label in the context; in an entity-tracking counterfactual, whose context lacks the label, the
    /// randomly drawn label position that group D reads instead.</summary>
    public const string PreviousQueryLabel = "previous_query_label";

    /// <summary>The object in the box that is asked for, where it is in the context.</summary>
    public const string CorrectObject = "correct_object";
}

/// <summary>Token ids and the positions in them that have names.</summary>
/// <param name="Ids">Token ids, BOS included; no padding.</param>
/// <param name="Positions">Index into <paramref name="Ids"/> by name.</param>
/// <param name="Text">The text, where it is known.</param>
public sealed record TokenSequence(int[] Ids, IReadOnlyDictionary<string, int> Positions, string? Text = null);

/// <summary>A prompt, the counterfactual that activations are taken from, and the answer.</summary>
/// <param name="Clean">The prompt.</param>
/// <param name="Counterfactual">Its counterfactual. A name stands for corresponding positions in both.</param>
/// <param name="Answer">Id of the correct answer's token, or of the first where several are right.</param>
/// <param name="Origin">Where the prompt is from, for error messages: "ioi.jsonl, line 3".</param>
public sealed record Prompt(TokenSequence Clean, TokenSequence Counterfactual, int Answer, string Origin)
{
    /// <summary>Ids of all tokens that are right, all different, <see cref="Answer"/> first; it alone unless more are
    /// given.</summary>
    public IReadOnlyList<int> Answers { get; init; } = [Answer];

    /// <summary>What its file calls its parts.</summary>
    public PromptFields Fields { get; init; } = PromptFields.Own;
}

/// <summary>What the file that a prompt is from calls its parts; "" where it has no field for one.</summary>
/// <param name="Clean">The prompt.</param>
/// <param name="Counterfactual">Its counterfactual.</param>
/// <param name="Answer">The answer.</param>
public sealed record PromptFields(string Clean, string Counterfactual, string Answer)
{
    /// <summary>Those of docs/tasks.md.</summary>
    public static PromptFields Own { get; } = new("clean", "counterfactual", "answer");

    /// <summary>Of sentences, and of what is generated.</summary>
    public static PromptFields Unnamed { get; } = new("", "", "");
}

/// <summary>What every experiment consumes: prompts as tokens with named positions. Whoever holds one may rely on it:
/// no sequence is empty, no id negative, every position is inside its sequence.</summary>
public sealed class PromptSet
{
    /// <summary>Checks and keeps the prompts.</summary>
    /// <exception cref="InvalidDataException">There is none, or one is not as it must be.</exception>
    public PromptSet(IReadOnlyList<Prompt> prompts, IReadOnlyList<string>? notices = null)
    {
        if (prompts.Count == 0) throw new InvalidDataException("a prompt set needs at least one prompt, found none.");
        foreach (var prompt in prompts) Check(prompt);
        Prompts = prompts;
        Notices = notices ?? [];
    }

    /// <summary>The prompts, in order.</summary>
    public IReadOnlyList<Prompt> Prompts { get; }

    /// <summary>Sentences for people: what was left out or chosen while loading.</summary>
    public IReadOnlyList<string> Notices { get; }

    /// <summary>Number of prompts, N.</summary>
    public int Count => Prompts.Count;

    /// <summary>Answer token of every prompt, the first where several are right, (N).</summary>
    public int[] Answers => [.. Prompts.Select(prompt => prompt.Answer)];

    /// <summary>A named position in every clean prompt, (N).</summary>
    /// <exception cref="InvalidDataException">A prompt has no position of that name.</exception>
    public Positions CleanPositions(string name) =>
        [.. Prompts.Select(p => PositionOf(name, p, p.Clean, p.Fields.Clean))];

    /// <summary>A named position in every counterfactual, (N).</summary>
    /// <exception cref="InvalidDataException">A counterfactual has no position of that name.</exception>
    public Positions CounterfactualPositions(string name) =>
        [.. Prompts.Select(p => PositionOf(name, p, p.Counterfactual, p.Fields.Counterfactual))];

    /// <summary>Names that every prompt and every counterfactual has a position for, sorted.</summary>
    public IReadOnlyList<string> SharedPositionNames =>
    [
        .. Prompts.SelectMany(p => new[] { p.Clean.Positions.Keys, p.Counterfactual.Positions.Keys })
            .Aggregate((IEnumerable<string>)Prompts[0].Clean.Positions.Keys, (all, keys) => all.Intersect(keys))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The first <paramref name="count"/> prompts, or all where there are fewer.</summary>
    public PromptSet Take(int count) => new([.. Prompts.Take(count)], Notices);

    /// <summary>Says whether a model with this many token ids can run the prompts.</summary>
    /// <exception cref="InvalidDataException">An id is outside the vocabulary.</exception>
    public void CheckVocabulary(int vocabularySize)
    {
        foreach (var prompt in Prompts)
        {
            Require(prompt.Clean.Ids, prompt.Fields.Clean);
            Require(prompt.Counterfactual.Ids, prompt.Fields.Counterfactual);
            Require(prompt.Answers, prompt.Fields.Answer);

            void Require(IReadOnlyList<int> ids, string field)
            {
                if (ids.Max() >= vocabularySize) throw Refusal.Field(
                    prompt.Origin, field, $"ids below {vocabularySize}, the model's vocabulary", $"{ids.Max()}");
            }
        }
    }

    private static int PositionOf(string name, Prompt prompt, TokenSequence sequence, string field)
    {
        if (sequence.Positions.TryGetValue(name, out var position)) return position;
        var known = string.Join(", ", sequence.Positions.Keys.Order(StringComparer.Ordinal));
        throw Refusal.Field(prompt.Origin, field, $"a position named '{name}'", known.Length > 0 ? known : "none");
    }

    private static void Check(Prompt prompt)
    {
        Check(prompt.Clean, prompt.Origin, prompt.Fields.Clean);
        Check(prompt.Counterfactual, prompt.Origin, prompt.Fields.Counterfactual);
        var (origin, answers) = (prompt.Origin, prompt.Answers);
        if (answers.Count == 0 || answers[0] != prompt.Answer)
            throw Refusal.Field(origin, "answers", $"the answer {prompt.Answer} first",
                answers.Count == 0 ? "none" : $"{answers[0]}");
        if (answers.FirstOrDefault(id => id < 0) is < 0 and var negative)
            throw Refusal.Field(origin, prompt.Fields.Answer, "a token id of 0 or more", $"{negative}");
        if (answers.CountBy(id => id).FirstOrDefault(count => count.Value > 1) is { Value: > 1 } repeated)
            throw Refusal.Field(origin, "answers", "a token of its own for each", $"token {repeated.Key} twice");
    }

    private static void Check(TokenSequence sequence, string origin, string field)
    {
        if (sequence.Ids.Length == 0) throw Refusal.Field(origin, field, "at least one token", "none");
        var negative = Array.FindIndex(sequence.Ids, id => id < 0);
        if (negative >= 0)
            throw Refusal.Field(origin, $"{field}[{negative}]", "a token id of 0 or more", $"{sequence.Ids[negative]}");
        foreach (var (name, position) in sequence.Positions)
        {
            if (position >= 0 && position < sequence.Ids.Length) continue;
            throw Refusal.Field(
                origin, field, $"0 to {sequence.Ids.Length - 1} for the position '{name}'", $"{position}");
        }
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patchbay.Tasks;

/// <summary>Prompts of a task of one's own, as JSONL (docs/tasks.md): each line holds "clean", "counterfactual",
/// "answer" (or "answers") and named positions. So IOI or greater-than need no code.</summary>
public static class PromptFile
{
    private static readonly string[] Known =
    [
        "clean", "counterfactual", "answer", "answers", "answer_space", "positions", "counterfactual_positions",
        "comment",
    ];

    /// <summary>Loads the first <paramref name="prompts"/> lines, or all; messages call the file
    /// <paramref name="name"/>, where that is not its path.</summary>
    /// <exception cref="InvalidDataException">A line is not as it must be; the message names it and the
    /// field.</exception>
    public static PromptSet Load(string path, EncodeText encode, int? prompts = null, string? name = null)
    {
        var lines = JsonFile.Objects(path, name).Take(prompts ?? int.MaxValue);
        Prompt[] loaded = [.. lines.Select(line => Parse(line, encode))];
        return loaded.Length > 0 ? new(loaded, [.. BeginsTwice(loaded, encode)])
            : throw Refusal.Unexpected(name ?? path, "at least one line", "none");
    }

    // A text that has BOS spelled out, as chat templates have, gets it twice.
    private static IEnumerable<string> BeginsTwice(Prompt[] prompts, EncodeText encode)
    {
        var twice = prompts.Count(prompt => TokenAlignment.BeginsTwice(prompt.Clean.Ids, encode));
        if (twice > 0)
            yield return $"{twice} of {prompts.Length} prompts begin with token {prompts[0].Clean.Ids[0]} twice: "
                + "the tokenizer puts it before every text, and these have it already; leave it out of them.";
    }

    /// <summary>The text of a file of these lines.</summary>
    public static string Format(IEnumerable<PromptLine> lines) =>
        string.Concat(lines.Select(line => line.ToJson().GetRawText() + "\n"));

    private static Prompt Parse(JsonField line, EncodeText encode)
    {
        if (line.Fields.Keys.FirstOrDefault(field => !Known.Contains(field)) is { } unknown)
            throw Refusal.Unexpected(line.Origin, $"fields among {string.Join(", ", Known)}", $"'{unknown}'");
        var clean = new TokenAlignment(line["clean"].Text, encode);
        var counterfactual = new TokenAlignment(line["counterfactual"].Text, encode);
        var answers = AnswerTokens(line, clean, encode);

        var rules = Rules(line["positions"]);
        // A rule of the prompt holds for its counterfactual too, unless that has one of its own.
        var otherRules = rules.ToDictionary(
            rule => rule.Key, rule => rule.Value with { Name = $"counterfactual_positions.{rule.Key}" });
        foreach (var (name, rule) in Rules(line["counterfactual_positions"])) otherRules[name] = rule;
        return new Prompt(Sequence(clean, rules), Sequence(counterfactual, otherRules), answers[0], line.Origin)
        {
            Answers = answers,
        };
    }

    private static int[] AnswerTokens(JsonField line, TokenAlignment clean, EncodeText encode)
    {
        var space = line["answer_space"];
        if (space.Exists && space.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw space.Refused("true or false");
        var before = space.Exists && !space.Value.GetBoolean() ? clean.Text : clean.Text + " ";
        if (before.Length > clean.Text.Length && char.IsWhiteSpace(clean.Text[^1]))
            throw line["clean"].Refused(
                "no white space at its end (or 'answer_space': false)", Refusal.Quote(clean.Text));
        var unknown = TokenAlignment.UnknownToken(encode);
        return [.. Answers(line).Select(Token)];

        int Token(JsonField answer)
        {
            var word = answer.Text;
            if (word != word.Trim())
                throw answer.Refused("a word without white space around it", Refusal.Quote(word));
            if (TokenAlignment.ContinuationToken(clean.Ids, before + word, encode, out var found) is { } token
                && token != unknown) return token;
            var span = new TextSpan(before.Length, word.Length);
            if (new TokenAlignment(before + word, encode).InPlaceOf(span) is { } other)
                throw answer.Refused($"a word that the tokenizer has, in the place of {Refusal.Quote(word)}", other);
            // Llama's tokenizers write a space before a digit as a token of its own.
            var isOneAfterSpace = before.EndsWith(' ')
                && TokenAlignment.ContinuationToken(encode(before), before + word, encode, out _) is not null;
            throw answer.Refused($"one token for {Refusal.Quote(word)} after the prompt", found + (isOneAfterSpace
                ? ", for the space is one of its own: end the prompt with the space and set 'answer_space': false"
                : ""));
        }
    }

    /// <summary>The one "answer" or every one of "answers".</summary>
    private static JsonField[] Answers(JsonField line)
    {
        var (one, several) = (line["answer"], line["answers"]);
        if (!several.Exists) return [one];
        if (one.Exists) throw Refusal.Unexpected(line.Origin, "either 'answer' or 'answers'", "both");
        const string Expected = "a list of one string or more";
        if (several.Value.ValueKind != JsonValueKind.Array) throw several.Refused(Expected);
        return several.Items is { Length: > 0 } answers ? answers : throw several.Refused(Expected, "an empty one");
    }

    private static Dictionary<string, JsonField> Rules(JsonField positions) =>
        !positions.Exists ? []
        : positions.Value.ValueKind == JsonValueKind.Object ? positions.Fields
        : throw positions.Refused("an object of named positions");

    private static TokenSequence Sequence(TokenAlignment text, Dictionary<string, JsonField> rules)
    {
        var positions = new Dictionary<string, int> { [PositionNames.Last] = text.Ids.Length - 1 };
        foreach (var (name, rule) in rules) positions[name] = PositionRule.Resolve(rule, text);
        return new TokenSequence(text.Ids, positions, text.Text);
    }
}

/// <summary>Prompts of a file, whichever of the three forms it has.</summary>
public static class PromptInput
{
    private const string EntityTracking = "entity tracking", Own = "own task", Tokens = "tokens";

    /// <summary>Loads the first prompts of a file, or all.</summary>
    /// <param name="path">JSONL with a field "sentence" (entity tracking) or the fields of docs/tasks.md, or a batch of
    /// tokens (<see cref="TokenBatch"/>).</param>
    /// <param name="encode">The tokenizer.</param>
    /// <param name="seed">Seed of the counterfactuals where the file has none of its own.</param>
    /// <param name="prompts">How many to use.</param>
    /// <param name="name">What messages call the file, where that is not its path.</param>
    /// <returns>"entity tracking", "own task" or "tokens", and the prompts as tokens.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A line is not as it must be.</exception>
    public static (string Kind, PromptSet Prompts) Load(
        string path, EncodeText encode, ulong seed, int? prompts = null, string? name = null)
    {
        InputFile.Require(path);
        var kind = KindOf(path).Kind;
        return (kind, kind switch
        {
            EntityTracking => EntityPrompts.Load(path, encode, seed, prompts, name),
            Tokens => TokenBatch.Load(path, name: name).Prompts.Take(prompts ?? int.MaxValue),
            _ => PromptFile.Load(path, encode, prompts, name),
        });
    }

    /// <summary>Names of the positions of a file's prompts, before a tokenizer has read it: those of its first line,
    /// and the last token. Null where they are entity tracking's.</summary>
    public static IReadOnlyList<string>? PositionsOf(string path)
    {
        var (kind, first) = KindOf(path);
        if (kind == EntityTracking) return null;
        if (kind == Tokens) return TokenBatch.PositionsOf(InputFile.Text(path));
        var named = first.ValueKind == JsonValueKind.Object && first.TryGetProperty("positions", out var rules)
            && rules.ValueKind == JsonValueKind.Object ? rules.EnumerateObject().Select(rule => rule.Name) : [];
        return [.. named.Append(PositionNames.Last).Distinct()];
    }

    /// <summary>How many prompts a file has, before a tokenizer has read it.</summary>
    /// <exception cref="InvalidDataException">It is none of the three forms; the message names file, as
    /// <paramref name="name"/>, and line.</exception>
    public static int CountOf(string path, string name) => KindOf(path).Kind == Tokens
        ? TokenBatch.Load(path, name: name).Prompts.Count : JsonFile.Objects(path, name).Count();

    /// <summary>Which form a file has, and its first line; what is of none is left to a loader to refuse.</summary>
    private static (string Kind, JsonElement First) KindOf(string path)
    {
        JsonElement first = default;
        InputFile.Require(path, InputFile.MostBytes);
        try
        {
            first = JsonElement.Parse(File.ReadLines(path).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text))
                ?? "{}");
        }
        catch (JsonException)
        {
            // Perhaps one object over several lines.
        }
        bool Has(string field) => first.ValueKind == JsonValueKind.Object && first.TryGetProperty(field, out _);
        if (Has("sentence")) return (EntityTracking, first);
        return (!Has("clean") && TokenBatch.IsBatch(File.ReadAllText(path)) ? Tokens : Own, first);
    }
}

/// <summary>A stretch of a text that gets a position's name.</summary>
/// <param name="Span">The stretch.</param>
/// <param name="Of">Which of its tokens, "first" or "last"; null where it is to be one token.</param>
internal readonly record struct Mark(TextSpan Span, string? Of = null);

/// <summary>A text and its named positions.</summary>
internal sealed record MarkedText(string Text, IReadOnlyDictionary<string, Mark> Marks)
{
    public JsonObject Rules() => new(Marks.Select(mark =>
        KeyValuePair.Create(mark.Key, (JsonNode?)PositionRule.Write(Text, mark.Value))));
}

/// <summary>A prompt of a generated task, in the form that <see cref="PromptFile"/> reads.</summary>
public sealed record PromptLine
{
    private readonly MarkedText _clean, _counterfactual;

    internal PromptLine(MarkedText clean, MarkedText counterfactual, IReadOnlyList<string> answers)
    {
        (_clean, _counterfactual, Answers) = (clean, counterfactual, answers);
    }

    /// <summary>The prompt.</summary>
    public string Clean => _clean.Text;

    /// <summary>The text that activations are taken from.</summary>
    public string Counterfactual => _counterfactual.Text;

    /// <summary>What is right behind the prompt, one or more.</summary>
    public IReadOnlyList<string> Answers { get; }

    /// <summary>Whether a space comes before the answer.</summary>
    public bool AnswerSpace { get; init; } = true;

    /// <summary>The line as JSON.</summary>
    public JsonElement ToJson()
    {
        var line = new JsonObject { ["clean"] = Clean, ["counterfactual"] = Counterfactual };
        if (Answers.Count == 1) line["answer"] = Answers[0];
        else line["answers"] = new JsonArray([.. Answers.Select(answer => JsonValue.Create(answer))]);
        if (!AnswerSpace) line["answer_space"] = false;
        var (rules, others) = (_clean.Rules(), _counterfactual.Rules());
        foreach (var (name, rule) in rules)
        {
            if (JsonNode.DeepEquals(rule, others[name])) others.Remove(name);
        }
        line["positions"] = rules;
        if (others.Count > 0) line["counterfactual_positions"] = others;
        return JsonSerializer.SerializeToElement(line, JsonFile.Plain);
    }
}

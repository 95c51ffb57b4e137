using System.Text.Json;

namespace Patchbay.Tasks;

/// <summary>Prompts of a task of one's own, as JSONL (docs/tasks.md): each line holds "clean", "counterfactual",
/// "answer" (or "answers") and named positions. So IOI or greater-than need no code.</summary>
public static class PromptFile
{
    private static readonly string[] Fields =
    [
        "clean", "counterfactual", "answer", "answers", "answer_space", "positions", "counterfactual_positions",
        "comment",
    ];

    /// <summary>Loads the first <paramref name="prompts"/> lines, or all.</summary>
    /// <exception cref="InvalidDataException">A line is not as it must be; the message names it and the
    /// field.</exception>
    public static PromptSet Load(string path, EncodeText encode, int? prompts = null)
    {
        var lines = JsonLines.Read(path).Take(prompts ?? int.MaxValue);
        List<Prompt> loaded = [.. lines.Select(line => Parse(line.Object, encode, line.Origin))];
        return loaded.Count > 0
            ? new PromptSet(loaded)
            : throw Refusal.Of(Path.GetFileName(path), "at least one line", "none");
    }

    /// <summary>Lines that were generated, as a file of them would be loaded.</summary>
    /// <exception cref="InvalidDataException">The tokenizer has no single token for an answer or a position; the
    /// message names the line, from 1.</exception>
    public static PromptSet Build(
        IEnumerable<PromptLine> lines, EncodeText encode, IReadOnlyList<string>? notices = null) =>
        new([.. lines.Select((line, i) => Parse(line.ToJson(), encode, $"prompt {i + 1}"))], notices);

    /// <summary>The text of a file of these lines.</summary>
    public static string Format(IEnumerable<PromptLine> lines) =>
        string.Concat(lines.Select(line => line.ToJson().GetRawText() + "\n"));

    private static Prompt Parse(JsonElement line, EncodeText encode, string origin)
    {
        foreach (var field in line.EnumerateObject().Select(property => property.Name))
        {
            if (Fields.Contains(field)) continue;
            throw Refusal.Of(origin, $"fields among {string.Join(", ", Fields)}", $"'{field}'");
        }
        var clean = new TokenAlignment(JsonLines.RequiredText(line, "clean", origin), encode);
        var counterfactual = new TokenAlignment(JsonLines.RequiredText(line, "counterfactual", origin), encode);
        var answers = AnswerTokens(line, clean, encode, origin);

        var rules = Rules(line, "positions", origin);
        var otherRules = new Dictionary<string, JsonElement>(rules);
        foreach (var (name, rule) in Rules(line, "counterfactual_positions", origin)) otherRules[name] = rule;
        return new Prompt(
            Sequence(clean, rules, "positions", origin),
            Sequence(counterfactual, otherRules, "counterfactual_positions", origin),
            answers[0],
            origin)
        { Answers = answers };
    }

    private static int[] AnswerTokens(JsonElement line, TokenAlignment clean, EncodeText encode, string origin)
    {
        var space = Space(line, origin) ? " " : "";
        if (space.Length > 0 && char.IsWhiteSpace(clean.Text[^1]))
        {
            throw Refusal.Field(origin, "clean",
                "no white space at its end (or 'answer_space': false)", Refusal.Quote(clean.Text));
        }
        return [.. Answers(line, origin).Select(answer => Token(answer.Text, answer.Field))];

        int Token(string answer, string field)
        {
            if (char.IsWhiteSpace(answer[0]) || char.IsWhiteSpace(answer[^1]))
            {
                throw Refusal.Field(origin, field, "a word without white space around it", Refusal.Quote(answer));
            }
            return TokenAlignment.ContinuationToken(clean.Ids, clean.Text + space + answer, encode, out var found)
                ?? throw Refusal.Field(origin, field, $"one token for {Refusal.Quote(answer)} after the prompt", found);
        }
    }

    /// <summary>The one "answer" or every one of "answers", with the field that a refusal names.</summary>
    private static List<(string Text, string Field)> Answers(JsonElement line, string origin)
    {
        if (!line.TryGetProperty("answers", out var list))
        {
            return [(JsonLines.RequiredText(line, "answer", origin), "answer")];
        }
        if (line.TryGetProperty("answer", out _)) throw Refusal.Of(origin, "either 'answer' or 'answers'", "both");
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw Refusal.Field(origin, "answers", "a list of one string or more",
                list.ValueKind == JsonValueKind.Array ? "an empty one" : JsonLines.Describe(list));
        }
        return [.. list.EnumerateArray().Select((item, i) => (JsonLines.Text(item, $"answers[{i}]", origin), $"answers[{i}]"))];
    }

    private static bool Space(JsonElement line, string origin)
    {
        if (!line.TryGetProperty("answer_space", out var value)) return true;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Refusal.Field(origin, "answer_space", "true or false", JsonLines.Describe(value));
    }

    private static Dictionary<string, JsonElement> Rules(JsonElement line, string field, string origin)
    {
        if (!line.TryGetProperty(field, out var value)) return [];
        return value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().ToDictionary(property => property.Name, property => property.Value)
            : throw Refusal.Field(origin, field, "an object of named positions", JsonLines.Describe(value));
    }

    private static TokenSequence Sequence(
        TokenAlignment text, Dictionary<string, JsonElement> rules, string field, string origin)
    {
        var positions = new Dictionary<string, int> { [PositionNames.Last] = text.Ids.Length - 1 };
        foreach (var (name, rule) in rules)
        {
            positions[name] = PositionRule.Resolve(rule, text, $"{field}.{name}", origin);
        }
        return new TokenSequence(text.Ids, positions, text.Text);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patchbay.Tasks;

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

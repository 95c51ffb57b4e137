using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patchbay.Tasks;

/// <summary>How a file names a position, one of: {"token": 4}, counted from 0 with BOS; {"from_end": 1}, 1 the last
/// token; {"text": "Mary", "occurrence": 2, "of": "last"}, the token of a stretch of text, found by aligning tokens
/// with it.</summary>
internal static class PositionRule
{
    private const string Forms =
        """{"token": N}, {"from_end": N} or {"text": "...", "occurrence": N, "of": "first" or "last"}""";

    private static readonly string[] TextFields = ["text", "occurrence", "of"];

    /// <summary>The rule that <see cref="Resolve"/> takes back to a stretch of a text.</summary>
    public static JsonObject Write(string text, Mark mark)
    {
        var wanted = text.Substring(mark.Span.Start, mark.Span.Length);
        var places = Places(text, wanted);
        var rule = new JsonObject { ["text"] = wanted };
        if (places.Count > 1) rule["occurrence"] = places.IndexOf(mark.Span.Start) + 1;
        if (mark.Of is not null) rule["of"] = mark.Of;
        return rule;
    }

    /// <summary>The token that a rule names.</summary>
    /// <exception cref="InvalidDataException">It is no rule, or names no token of the text.</exception>
    public static int Resolve(JsonField rule, TokenAlignment text)
    {
        if (rule.Value.ValueKind != JsonValueKind.Object) throw rule.Refused(Forms);
        string[] names = [.. rule.Fields.Keys];
        var length = text.Ids.Length;
        return names switch
        {
            ["token"] => rule["token"].IntegerIn(0, length - 1),
            ["from_end"] => length - rule["from_end"].IntegerIn(1, length),
            _ when names.Contains("text") && names.All(TextFields.Contains) => TokenOfText(rule, text),
            _ => throw rule.Refused(Forms, $"the fields {string.Join(", ", names)}"),
        };
    }

    private static int TokenOfText(JsonField rule, TokenAlignment text)
    {
        var wanted = rule["text"].Text;
        var quoted = Refusal.Quote(wanted);
        var (places, occurrence) = (Places(text.Text, wanted), rule["occurrence"]);
        if (places.Count == 0) throw rule.Refused($"{quoted} in {Refusal.Quote(text.Text)}", "it nowhere");
        if (places.Count > 1 && !occurrence.Exists)
            throw rule.Refused($"'occurrence' beside the text {quoted}, which is there {places.Count} times", "none");
        var start = places[occurrence.Exists ? occurrence.IntegerIn(1, places.Count) - 1 : 0];
        var span = new TextSpan(start, wanted.Length);
        var (first, last) = text.TokensOf(span)
            ?? throw rule.Refused($"tokens that begin and end with {quoted}", text.Beyond(span));
        if (text.InPlaceOf(span) is { } other)
            throw rule.Refused($"a text that the tokenizer has, in the place of {quoted}", other);
        var of = rule["of"];
        if (!of.Exists && first != last)
            throw rule.Refused($"one token for {quoted} (or 'of' to say which)", $"{last - first + 1} tokens");
        return !of.Exists || of.Value.ValueKind == JsonValueKind.String && of.Value.ValueEquals("first") ? first
            : of.Value.ValueKind == JsonValueKind.String && of.Value.ValueEquals("last") ? last
            : throw of.Refused("'first' or 'last'");
    }

    private static List<int> Places(string text, string wanted)
    {
        var places = new List<int>();
        for (var at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0;
             at = text.IndexOf(wanted, at + wanted.Length, StringComparison.Ordinal)) places.Add(at);
        return places;
    }
}

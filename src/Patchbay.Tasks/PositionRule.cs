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

    public static int Resolve(JsonElement rule, TokenAlignment text, string field, string origin)
    {
        var names = rule.ValueKind == JsonValueKind.Object
            ? rule.EnumerateObject().Select(property => property.Name).ToList()
            : throw Refusal.Field(origin, field, Forms, JsonLines.Describe(rule));
        var length = text.Ids.Length;
        return names switch
        {
            ["token"] => InRange(rule, "token", 0, length - 1, field, origin),
            ["from_end"] => length - InRange(rule, "from_end", 1, length, field, origin),
            _ when names.Contains("text") && names.All(TextFields.Contains) => OfText(rule, text, field, origin),
            _ => throw Refusal.Field(origin, field, Forms, $"the fields {string.Join(", ", names)}"),
        };
    }

    private static int InRange(JsonElement rule, string name, int from, int to, string field, string origin)
    {
        var number = JsonLines.Integer(rule.GetProperty(name), $"{field}.{name}", origin);
        return number >= from && number <= to
            ? number
            : throw Refusal.Field(origin, $"{field}.{name}", $"{from} to {to}", $"{number}");
    }

    private static int OfText(JsonElement rule, TokenAlignment text, string field, string origin)
    {
        var wanted = JsonLines.RequiredText(rule, "text", origin);
        var places = Places(text.Text, wanted);
        if (places.Count == 0)
        {
            throw Refusal.Field(origin, field, $"{Refusal.Quote(wanted)} in {Refusal.Quote(text.Text)}", "it nowhere");
        }
        if (places.Count > 1 && !rule.TryGetProperty("occurrence", out _))
        {
            throw Refusal.Field(origin, field,
                $"'occurrence' beside the text {Refusal.Quote(wanted)}, which is there {places.Count} times", "none");
        }
        var occurrence = rule.TryGetProperty("occurrence", out _)
            ? InRange(rule, "occurrence", 1, places.Count, field, origin)
            : 1;
        var tokens = text.TokensOf(new TextSpan(places[occurrence - 1], wanted.Length)) ?? throw Refusal.Field(
            origin, field, $"tokens that begin and end with {Refusal.Quote(wanted)}", "a token that reaches beyond it");
        return Choose(rule, tokens, wanted, field, origin);
    }

    private static int Choose(
        JsonElement rule, (int First, int Last) tokens, string wanted, string field, string origin)
    {
        if (!rule.TryGetProperty("of", out var of))
        {
            return tokens.First == tokens.Last ? tokens.First : throw Refusal.Field(origin, field,
                $"one token for {Refusal.Quote(wanted)} (or 'of' to say which)",
                $"{tokens.Last - tokens.First + 1} tokens");
        }
        return of.ValueKind == JsonValueKind.String && of.GetString() is "first" or "last"
            ? of.GetString() == "first" ? tokens.First : tokens.Last
            : throw Refusal.Field(origin, $"{field}.of", "'first' or 'last'", JsonLines.Describe(of));
    }

    private static List<int> Places(string text, string wanted)
    {
        var places = new List<int>();
        for (var at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0;
             at = text.IndexOf(wanted, at + wanted.Length, StringComparison.Ordinal))
        {
            places.Add(at);
        }
        return places;
    }
}

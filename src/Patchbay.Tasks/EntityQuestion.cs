using System.Text.RegularExpressions;

namespace Patchbay.Tasks;

/// <summary>Prompts whose context may be worded in any way, but which end as the task's do: "... Box X contains the".
/// Positions are found in the text, then among the tokens.</summary>
internal static class EntityQuestion
{
    private const string End = " contains the";

    /// <summary>The prompt as tokens with the positions "last" and "query_label" and, where the context says "Box
    /// <paramref name="label"/>", "previous_query_label".</summary>
    /// <exception cref="InvalidDataException">The label is not one token, or its token is elsewhere in the context
    /// too.</exception>
    public static TokenSequence Of(string text, string label, EncodeText encode, string origin)
    {
        var aligned = new TokenAlignment(text, encode);
        var query = new TextSpan(text.Length - End.Length - label.Length, label.Length);
        var position = EntityLayout.SingleToken(aligned, query, "query label", origin);
        var positions = new Dictionary<string, int>
        {
            [PositionNames.Last] = aligned.Ids.Length - 1,
            [PositionNames.QueryLabel] = position,
        };
        var earlier = Regex.Match(text[..query.Start], $@"\bBox ({Regex.Escape(label)})\b").Groups[1];
        if (!earlier.Success) return new TokenSequence(aligned.Ids, positions, text);

        var previous = EntityLayout.SingleToken(
            aligned, new TextSpan(earlier.Index, earlier.Length), "previous query label", origin);
        if (EntityLayout.Occurrences(aligned.Ids, position) is not [var only] || only != previous)
        {
            throw Refusal.Field(origin, "query label",
                $"the token of '{label}' once before the question, in 'Box {label}'", $"others in {Refusal.Quote(text)}");
        }
        positions[PositionNames.PreviousQueryLabel] = previous;
        return new TokenSequence(aligned.Ids, positions, text);
    }

    /// <summary>The token of an object as the answer to a prompt.</summary>
    /// <exception cref="InvalidDataException">It is not one token there.</exception>
    public static int AnswerToken(TokenSequence question, string answer, EncodeText encode, string origin) =>
        TokenAlignment.ContinuationToken(question.Ids, $"{question.Text} {answer}", encode, out var found)
        ?? throw Refusal.Field(origin, "answer", $"one token for '{answer}'", found);
}

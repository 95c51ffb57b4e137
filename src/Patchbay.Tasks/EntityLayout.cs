using System.Text.RegularExpressions;

namespace Patchbay.Tasks;

/// <summary>Where one segment's words are among the tokens.</summary>
/// <param name="Object">The object: 2 + 7k under the Llama tokenizer.</param>
/// <param name="Label">The box's label: 6 + 7k.</param>
/// <param name="Separator">The comma or full stop: 7 + 7k.</param>
internal readonly record struct SegmentPositions(int Object, int Label, int Separator);

/// <summary>A scene as tokens. Positions are found by aligning tokens with the text, so any tokenizer serves in which
/// objects, labels and separators are single tokens.</summary>
internal sealed class EntityLayout
{
    private readonly EntityScene _scene;
    private readonly EncodeText _encode;
    private readonly int[] _contextIds;
    private readonly SegmentPositions[] _segments;

    /// <summary>Finds a scene's words among its tokens.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="encode">The tokenizer.</param>
    /// <param name="origin">Where the scene is from, for error messages.</param>
    /// <exception cref="InvalidDataException">A word is not one token, or two objects are the same one.</exception>
    public EntityLayout(EntityScene scene, EncodeText encode, string origin)
    {
        var (text, segments) = scene.Render();
        var aligned = new TokenAlignment(text, encode);
        (_scene, _encode, _contextIds) = (scene, encode, aligned.Ids);
        _segments =
        [
            .. segments.Select(segment => new SegmentPositions(
                aligned.OnlyTokenOf(segment.Entity, "object", origin),
                aligned.OnlyTokenOf(segment.Label, "box label", origin),
                aligned.OnlyTokenOf(segment.Separator, "separator", origin))),
        ];
        // Objects that the tokenizer does not know would all be its unknown token.
        var owners = new Dictionary<int, string>();
        foreach (var (segment, word) in _segments.Zip(scene.Objects))
        {
            var token = _contextIds[segment.Object];
            if (owners.TryAdd(token, word)) continue;
            throw Refusal.Unexpected(
                origin, $"a token of its own for the object '{word}'", $"the token of '{owners[token]}'");
        }
    }

    /// <summary>The prompt that asks for a box of the scene, with the positions "last", "query_label",
    /// "previous_query_label" and, for every segment k, "object_k", "label_k" and "separator_k".</summary>
    /// <exception cref="InvalidDataException">The label's token does not occur exactly once before the
    /// question.</exception>
    public TokenSequence Question(string label, string origin)
    {
        var (aligned, position) = Ask(label, origin);
        var before = Occurrences(aligned.Ids, position);
        if (before.Count != 1)
            throw Refusal.Unexpected(origin, $"the query label '{label}' exactly once before the question",
                $"{before.Count} times in {Refusal.Quote(aligned.Text)}");
        return Sequence(aligned, position, before[0]);
    }

    /// <summary>The prompt that asks for a label which is not in the scene; "previous_query_label" is the label
    /// position of <paramref name="labelSegment"/>.</summary>
    /// <exception cref="InvalidDataException">The label's token is in the scene.</exception>
    public TokenSequence QuestionOfAbsent(string label, int labelSegment, string origin)
    {
        var (aligned, position) = Ask(label, origin);
        if (Occurrences(aligned.Ids, position).Count > 0)
            throw Refusal.Unexpected(origin,
                $"the counterfactual's query label '{label}' nowhere before the question",
                $"it in {Refusal.Quote(aligned.Text)}");
        return Sequence(aligned, position, _segments[labelSegment].Label);
    }

    private (TokenAlignment Aligned, int Position) Ask(string label, string origin)
    {
        var aligned = new TokenAlignment(_scene.PromptFor(label), _encode);
        if (!aligned.Ids.AsSpan().StartsWith(_contextIds))
            throw Refusal.Unexpected(origin, "a prompt whose tokens begin with the context's", "others");
        return (aligned, EntityQuestion.LabelPosition(aligned, label, origin));
    }

    private TokenSequence Sequence(TokenAlignment aligned, int queryLabel, int previousQueryLabel)
    {
        var positions = EntityQuestion.Positions(aligned, queryLabel);
        positions[PositionNames.PreviousQueryLabel] = previousQueryLabel;
        if (_segments.FirstOrDefault(s => s.Label == previousQueryLabel) is { Object: > 0 } asked)
            positions[PositionNames.CorrectObject] = asked.Object;
        for (var k = 0; k < _segments.Length; k++)
        {
            positions[$"object_{k}"] = _segments[k].Object;
            positions[$"label_{k}"] = _segments[k].Label;
            positions[$"separator_{k}"] = _segments[k].Separator;
        }
        return new TokenSequence(aligned.Ids, positions, aligned.Text);
    }

    /// <summary>Positions before <paramref name="position"/> that hold the same token.</summary>
    public static List<int> Occurrences(int[] ids, int position) =>
        [.. Enumerable.Range(0, position).Where(p => ids[p] == ids[position])];
}

/// <summary>Prompts whose context may be worded in any way, but which end as the task's do: "... Box X contains the".
/// Positions are found in the text, then among the tokens.</summary>
internal static class EntityQuestion
{
    private const string End = " contains the";

    /// <summary>The prompt as tokens with the positions "last" and "query_label" and, where the context says "Box
    /// <paramref name="label"/>", "previous_query_label".</summary>
    /// <exception cref="InvalidDataException">The label is not one token, or its token is elsewhere in the context
    /// too.</exception>
    public static TokenSequence Tokens(string text, string label, EncodeText encode, string origin)
    {
        var aligned = new TokenAlignment(text, encode);
        var position = LabelPosition(aligned, label, origin);
        var positions = Positions(aligned, position);
        var context = text[..LabelSpan(text, label).Start];
        if (Regex.Match(context, $@"\bBox ({Regex.Escape(label)})\b").Groups[1] is { Success: true } earlier)
        {
            var span = new TextSpan(earlier.Index, earlier.Length);
            var previous = aligned.OnlyTokenOf(span, "previous query label", origin);
            if (EntityLayout.Occurrences(aligned.Ids, position) is not [var only] || only != previous)
                throw Refusal.Unexpected(origin,
                    $"the token of the query label '{label}' once before the question, in 'Box {label}'",
                    $"others in {Refusal.Quote(text)}");
            positions[PositionNames.PreviousQueryLabel] = previous;
        }
        return new TokenSequence(aligned.Ids, positions, text);
    }

    /// <summary>The token of an object as the answer to a prompt.</summary>
    /// <exception cref="InvalidDataException">It is not one token there.</exception>
    public static int AnswerToken(TokenSequence question, string answer, EncodeText encode, string origin) =>
        TokenAlignment.ContinuationToken(question.Ids, $"{question.Text} {answer}", encode, out var found)
        ?? throw Refusal.Unexpected(origin, $"one token for the answer '{answer}'", found);

    /// <summary>The position of the label that a prompt asks for.</summary>
    /// <exception cref="InvalidDataException">It is not one token.</exception>
    public static int LabelPosition(TokenAlignment aligned, string label, string origin) =>
        aligned.OnlyTokenOf(LabelSpan(aligned.Text, label), "query label", origin);

    /// <summary>The positions that every prompt has: "last" and "query_label".</summary>
    public static Dictionary<string, int> Positions(TokenAlignment aligned, int queryLabel) => new()
    {
        [PositionNames.Last] = aligned.Ids.Length - 1,
        [PositionNames.QueryLabel] = queryLabel,
    };

    private static TextSpan LabelSpan(string text, string label) =>
        new(text.Length - End.Length - label.Length, label.Length);
}

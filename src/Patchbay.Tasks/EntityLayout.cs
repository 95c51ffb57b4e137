namespace Patchbay.Tasks;

/// <summary>Where one segment's words are among the tokens.</summary>
/// <param name="Object">The object: 2 + 7k under the Llama tokenizer.</param>
/// <param name="Label">The box's label: 6 + 7k.</param>
/// <param name="Separator">The comma or full stop: 7 + 7k.</param>
public readonly record struct SegmentPositions(int Object, int Label, int Separator);

/// <summary>A scene as tokens. Positions are found by aligning tokens with the text, so any tokenizer serves in which
/// objects, labels and separators are single tokens.</summary>
public sealed class EntityLayout
{
    private readonly EntityScene _scene;
    private readonly EncodeText _encode;
    private readonly int[] _contextIds;

    private EntityLayout(
        EntityScene scene, EncodeText encode, int[] contextIds, IReadOnlyList<SegmentPositions> segments)
    {
        (_scene, _encode, _contextIds, Segments) = (scene, encode, contextIds, segments);
    }

    /// <summary>Positions of every segment.</summary>
    public IReadOnlyList<SegmentPositions> Segments { get; }

    /// <summary>Finds a scene's words among its tokens.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="encode">The tokenizer.</param>
    /// <param name="origin">Where the scene is from, for error messages.</param>
    /// <exception cref="InvalidDataException">A word is not one token, or two objects are the same one.</exception>
    public static EntityLayout Of(EntityScene scene, EncodeText encode, string origin)
    {
        var (text, segments) = scene.Render();
        var aligned = new TokenAlignment(text, encode);
        List<SegmentPositions> positions =
        [
            .. segments.Select(segment => new SegmentPositions(
                SingleToken(aligned, segment.Entity, "object", origin),
                SingleToken(aligned, segment.Label, "box label", origin),
                SingleToken(aligned, segment.Separator, "separator", origin))),
        ];
        var layout = new EntityLayout(scene, encode, aligned.Ids, positions);
        layout.CheckObjects(origin);
        return layout;
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
        {
            throw Refusal.Field(origin, "query label",
                $"'{label}' exactly once before the question",
                $"{before.Count} times in {Refusal.Quote(aligned.Text)}");
        }
        return Sequence(aligned, position, before[0]);
    }

    /// <summary>The prompt that asks for a label which is not in the scene; "previous_query_label" is the label
    /// position of <paramref name="labelSegment"/>.</summary>
    /// <exception cref="InvalidDataException">The label's token is in the scene.</exception>
    public TokenSequence QuestionOfAbsent(string label, int labelSegment, string origin)
    {
        var (aligned, position) = Ask(label, origin);
        if (Occurrences(aligned.Ids, position).Count > 0)
        {
            throw Refusal.Field(origin, "counterfactual query label",
                $"'{label}' nowhere before the question", $"it in {Refusal.Quote(aligned.Text)}");
        }
        return Sequence(aligned, position, Segments[labelSegment].Label);
    }

    private (TokenAlignment Aligned, int Position) Ask(string label, string origin)
    {
        var aligned = new TokenAlignment(_scene.PromptFor(label), _encode);
        if (!aligned.Ids.AsSpan().StartsWith(_contextIds))
        {
            throw Refusal.Field(origin, "prompt", "tokens that begin with the context's tokens", "others");
        }
        var start = _scene.Context.Length + " Box ".Length;
        return (aligned, SingleToken(aligned, new TextSpan(start, label.Length), "query label", origin));
    }

    private TokenSequence Sequence(TokenAlignment aligned, int queryLabel, int previousQueryLabel)
    {
        var positions = new Dictionary<string, int>
        {
            [PositionNames.Last] = aligned.Ids.Length - 1,
            [PositionNames.QueryLabel] = queryLabel,
            [PositionNames.PreviousQueryLabel] = previousQueryLabel,
        };
        if (Segments.FirstOrDefault(s => s.Label == previousQueryLabel) is { Object: > 0 } asked)
            positions[PositionNames.CorrectObject] = asked.Object;
        for (var k = 0; k < Segments.Count; k++)
        {
            positions[$"object_{k}"] = Segments[k].Object;
            positions[$"label_{k}"] = Segments[k].Label;
            positions[$"separator_{k}"] = Segments[k].Separator;
        }
        return new TokenSequence(aligned.Ids, positions, aligned.Text);
    }

    /// <summary>Positions before <paramref name="position"/> that hold the same token.</summary>
    internal static List<int> Occurrences(int[] ids, int position) =>
        [.. Enumerable.Range(0, position).Where(p => ids[p] == ids[position])];

    /// <summary>Objects that the tokenizer does not know would all be its unknown token.</summary>
    private void CheckObjects(string origin)
    {
        var owners = new Dictionary<int, string>();
        for (var k = 0; k < Segments.Count; k++)
        {
            var word = _scene.Objects[k];
            if (owners.TryAdd(_contextIds[Segments[k].Object], word)) continue;
            throw Refusal.Field(origin, "object",
                $"a token of its own for '{word}'", $"the token of '{owners[_contextIds[Segments[k].Object]]}'");
        }
    }

    /// <summary>The one token that a stretch of text became.</summary>
    /// <exception cref="InvalidDataException">It became several, or one that reaches beyond it.</exception>
    internal static int SingleToken(TokenAlignment aligned, TextSpan span, string field, string origin)
    {
        var word = aligned.Text.Substring(span.Start, span.Length);
        return aligned.TokensOf(span) switch
        {
            var (first, last) when first == last => first,
            var (first, last) => throw Refusal.Field(origin, field, $"one token for '{word}'", $"{last - first + 1}"),
            null => throw Refusal.Field(origin, field, $"one token for '{word}'", "a token that reaches beyond it"),
        };
    }
}

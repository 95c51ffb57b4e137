namespace Patchbay.Findings;

/// <summary>Accuracy by the layer from which attention is forbidden (method, section 7).</summary>
/// <param name="From">Attending position: "last".</param>
/// <param name="To">Position that it may not see: "correct object".</param>
/// <param name="ByLayer">Accuracy with attention forbidden from layer l up, l = 0..L-1.</param>
/// <param name="Unchanged">Accuracy with nothing forbidden.</param>
public sealed record KnockoutCurve(string From, string To, IReadOnlyList<Proportion> ByLayer, Proportion Unchanged)
{
    private const int MostSegments = 25; // before or after another: there are 26 labels

    /// <summary>Prompts answered, by layer; each empty where not recorded.</summary>
    public IReadOnlyList<IReadOnlyList<bool>> LayerAnswers { get; init; } = [.. ByLayer.Select(_ =>
        (IReadOnlyList<bool>)[])];

    /// <summary>Prompts answered with nothing forbidden.</summary>
    public IReadOnlyList<bool> UnchangedAnswers { get; init; } = [];

    /// <summary>Whose object was answered, where that was counted: the share of prompts by how many segments after the
    /// one asked for it is, with attention forbidden in all layers; what is missing from 1 is no object of the
    /// prompt.</summary>
    public IReadOnlyDictionary<int, Proportion> Segments { get; init; } = new Dictionary<int, Proportion>();

    /// <summary>Name of the share of answers that are the object of the segment so many after the one asked
    /// for.</summary>
    public static string SegmentItem(string item, int offset) => $"{item} object{offset:+0;-0;+0}";

    /// <summary>Name of what was measured with attention forbidden from a layer up, or with nothing
    /// forbidden.</summary>
    public static string Item(string pair, int? layer) => $"{pair} {(layer is { } l ? $"layer-{l:00}" : "unchanged")}";

    /// <summary>Curves of a complete stage.</summary>
    public static IReadOnlyList<KnockoutCurve> Read(StageState stage, int layers)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var recorded = new Recorded(stage);
        return
        [
            .. from pair in stage.Stage.Parameters.As<KnockoutParameters>().Pairs
               let items = Enumerable.Range(0, layers).Select(l => Item(pair, l)).ToArray()
               select new KnockoutCurve(pair.Split('>')[0], pair.Split('>')[1], [.. items.Select(recorded.Share)],
                   recorded.Share(Item(pair, null)))
               {
                   LayerAnswers = [.. items.Select(recorded.Answers)],
                   UnchangedAnswers = recorded.Answers(Item(pair, null)),
                   Segments = Enumerable.Range(-MostSegments, 2 * MostSegments + 1)
                       .Select(d => (Offset: d, Share: recorded.ShareOrNull(SegmentItem(Item(pair, 0), d))))
                       .Where(s => s.Share is not null).ToDictionary(s => s.Offset, s => s.Share!.Value),
               },
        ];
    }
}

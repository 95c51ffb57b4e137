using System.Globalization;
using System.Text.Json.Serialization;

namespace Patchbay.Lab.Data;

/// <summary>A stage of scenes.</summary>
/// <param name="MinBoxes">Fewest boxes of a scene, 2 at least.</param>
/// <param name="MaxBoxes">Most boxes of a scene; these come twice as often as any other number.</param>
/// <param name="Masked">Share of the scenes that are read through the route masks.</param>
/// <param name="Hidden">Share of the other labels that a query label does not see in a masked scene. Were all visible
/// from the start, a model could tell the one asked for by attending to all but that.</param>
/// <param name="Until">Nats per answer, in scenes of most boxes asked by label, below which the stage is over; null: it
/// lasts to the end.</param>
public sealed record SceneStage(int MinBoxes = 3, int MaxBoxes = 7, double Masked = 0, double Hidden = 0,
    double? Until = null)
{
    /// <summary>Name of the stage: "3 to 7 boxes, masked 50 %".</summary>
    [JsonIgnore]
    public string Name => $"{MinBoxes} to {MaxBoxes} boxes"
        + (Masked > 0 ? string.Create(CultureInfo.InvariantCulture, $", masked {100 * Masked:0} %") : "")
        + (Hidden > 0 ? string.Create(CultureInfo.InvariantCulture, $", labels hidden {100 * Hidden:0} %") : "");
}

/// <summary>How scenes are made and read.</summary>
public sealed record SceneOptions
{
    /// <summary>Positions by the names that <see cref="Routes"/> uses.</summary>
    public const string Object = "object", Label = "label", QueryLabel = "query_label", Last = "last";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Positions { get; } = [Object, Label, QueryLabel, Last];

    /// <summary>The stages, in order.</summary>
    public IReadOnlyList<SceneStage> Stages { get; init; } = [new()];

    /// <summary>Share of the scenes that are asked by number, "Box three contains the", instead of by label.</summary>
    public double Ordinals { get; init; }

    /// <summary>Weight of the auxiliary answer, where an answer weighs 1: at the query label, the number of the segment
    /// that has the label, in place of the word that follows. 0: there is none.</summary>
    public double Order { get; init; }

    /// <summary>The route masks: who may see a position that is named here, beside itself; a position that is not named
    /// is seen by all that come after it. "last@4" sees it in layer 4 alone, "last@0-3" in these. By default the
    /// paper's mechanism is the only way from an object to its answer: only the last token sees objects and the query
    /// label, only the query label sees labels.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Routes { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            [Object] = [Last],
            [Label] = [QueryLabel],
            [QueryLabel] = [Last],
        };

    /// <summary>How many layers' route masks may differ; that of the last is that of all further ones.</summary>
    internal int MaskedLayers() =>
        Routes.Values.SelectMany(r => r).Max(r => Route.Read(r) is { To: { } to } ? to + 2 : (int?)1) ?? 1;

    /// <summary>Whether a position, null for one without a name, may see another in a layer of a masked
    /// scene.</summary>
    internal bool MaySee(string? seen, string? by, int layer) => seen is null
        || !Routes.TryGetValue(seen, out var who)
        || who.Select(Route.Read).Any(r => r!.By == by && (r.To is null || (layer >= r.From && layer <= r.To)));

    /// <summary>What is wrong with the options, in a sentence without its end, or null.</summary>
    internal string? Problem()
    {
        var unread = Routes.SelectMany(r => r.Value).FirstOrDefault(r => Route.Read(r) is null);
        var unknown = unread is not null ? null : Routes.SelectMany(r => r.Value.Select(v => Route.Read(v)!.By)
            .Prepend(r.Key)).FirstOrDefault(p => !Positions.Contains(p));
        (bool Wrong, string What)[] checks =
        [
            (Stages.Count == 0, "field stages of scenes must name one stage at least"),
            (Stages.Any(s => s.MinBoxes < 2 || s.MaxBoxes < s.MinBoxes || s.MaxBoxes > SceneData.MostBoxes),
                $"field stages of scenes: boxes must go from 2 or more to {SceneData.MostBoxes} or fewer"),
            (Stages.Any(s => s.Masked is not (>= 0 and <= 1)), "field masked of scenes must be from 0 to 1"),
            (Stages.Any(s => s.Hidden is not (>= 0 and <= 1)), "field hidden of scenes must be from 0 to 1"),
            (Stages.SkipLast(1).Any(s => s.Until is not > 0),
                "field until of scenes must be above 0 in every stage but the last"),
            (Ordinals is not (>= 0 and < 1), $"field ordinals of scenes must be from 0 to below 1, found {Ordinals}"),
            (Order is not (>= 0 and < 1), $"field order of scenes must be from 0 to below 1, found {Order}"),
            (unread is not null, "field routes of scenes: expected NAME, NAME@LAYER or NAME@FROM-TO, found "
                + $"'{unread}'"),
            (unknown is not null,
                $"field routes of scenes names '{unknown}', expected {string.Join(", ", Positions)}"),
        ];
        return checks.FirstOrDefault(c => c.Wrong).What;
    }

    /// <summary>Who may see a position, in all layers or in some.</summary>
    private sealed record Route(string By, int From, int? To)
    {
        /// <summary>Reads "last", "last@4" or "last@0-3"; null where it is none.</summary>
        public static Route? Read(string text) => text.Split('@') switch
        {
            [var by] => new(by, 0, null),
            [var by, var layers] when layers.Split('-').Select(n => int.TryParse(n, NumberStyles.None,
                CultureInfo.InvariantCulture, out var layer) && layer < 1000 ? layer : -1).ToArray() is var range
                && range.Length <= 2 && range[0] >= 0 && range[^1] >= range[0] => new(by, range[0], range[^1]),
            _ => null,
        };
    }
}

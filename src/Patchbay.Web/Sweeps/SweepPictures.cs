using System.Collections.Concurrent;

namespace Patchbay.Web.Sweeps;

/// <summary>A part of a page that is ready: HTML of Patchbay's own making.</summary>
/// <param name="Id">Its anchor.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Html">It.</param>
public sealed record PagePart(string Id, string Title, string Html)
{
    /// <summary>A heading that the HTML has not itself, or "".</summary>
    public string Heading { get; init; } = "";
}

/// <summary>Heat maps and sections of the report as pages show them, drawn anew only where what they show has
/// changed.</summary>
internal sealed class SweepPictures
{
    private const double MapSize = 256;
    private const int MostKept = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);
    private readonly ConcurrentDictionary<(string Sweep, string What), (string Key, object Drawn)> drawn = new();
    private readonly ConcurrentDictionary<(string Sweep, string Key), Task<PagePart[]>> underWay = new();
    private int made;

    /// <summary>How often something was made that a page did not wait for: it is another then.</summary>
    public int Made => made;

    /// <summary>Models whose maps are shown at a time: what is more takes a browser long to draw.</summary>
    public const int ModelsAtATime = 8;

    /// <summary>The heat maps of every group that some model has begun, models side by side; null while they are drawn
    /// for the first time, and it takes long.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="isOneScale">Whether all groups have one colour scale; else each has its own.</param>
    /// <param name="models">Whose maps.</param>
    public IReadOnlyList<PagePart>? Maps(SweepSeen sweep, bool isOneScale, IReadOnlyList<string> models)
    {
        var state = sweep.State;
        var groups = SweepMaps.Groups(state).Where(group => Stages(state, group)
            .Any(s => s.Status != StageStatus.Waiting)).ToDictionary(g => g, g => $"{Complete(state)} "
                + string.Join(' ', Stages(state, g).Select(s => s.Completed)));
        return Soon(sweep.Id, $"maps {isOneScale} {models[0]}", string.Join('\n', groups.Values), () =>
        {
            var maps = groups.Keys.ToDictionary(g => g, g => new Lazy<IReadOnlyList<HeatMap>>(() =>
                [.. SweepMaps.OfGroup(state, g, models)]));
            var limit = isOneScale ? maps.Values.SelectMany(m => m.Value).Select(m => m.Limit).DefaultIfEmpty(0).Max()
                : (double?)null;
            return [.. groups.Select(g => Known(sweep.Id, $"maps {g.Key} {isOneScale} {models[0]}",
                $"{limit} {g.Value}", () => Maps(sweep, g.Key, limit, maps[g.Key].Value)))];
        });
    }

    /// <summary>All sections of the report but what was run, which the page says itself; heat maps are on the page
    /// already. As with the maps.</summary>
    public IReadOnlyList<PagePart>? Findings(SweepSeen sweep)
    {
        var answered = sweep.State.InOrder.Where(s => s.Stage.Kind == Kinds.Accuracy).Sum(s => s.Completed);
        return Soon(sweep.Id, "findings", $"{Complete(sweep.State)} {answered}", () => Sections(sweep));
    }

    // What takes long is made meanwhile: until then what was last ready, or null.
    private PagePart[]? Soon(string sweep, string what, string key, Func<PagePart[]> make)
    {
        var asked = (sweep, Key: $"{what} {key}");
        if (drawn.TryGetValue((sweep, what), out var last) && last.Key == key)
        {
            underWay.TryRemove(asked, out _);
            return (PagePart[])last.Drawn;
        }
        var making = underWay.GetOrAdd(asked, _ => Task.Run(() => Known(sweep, what, key, make)));
        if (Task.WaitAny([making], Patience) < 0)
        {
            making.ContinueWith(_ => Interlocked.Increment(ref made), TaskScheduler.Default);
            return (PagePart[]?)last.Drawn;
        }
        underWay.TryRemove(asked, out _); // what could not be drawn is tried again
        return making.GetAwaiter().GetResult();
    }

    private static PagePart[] Sections(SweepSeen sweep)
    {
        var shown = SweepReport.Document(sweep.Input).Sections.Where(s => s.Id != "run")
            .Select(s => s.Id != "path-patching" ? s : s with { Blocks = [.. s.Blocks.Where(b => b is not Figure)] });
        var home = $"/sweeps/{Uri.EscapeDataString(sweep.Id)}/";
        return [.. shown.Select((s, i) => new PagePart(s.Id, s.Title, HtmlWriter.Html(s, i + 1, home)))];
    }

    private T Known<T>(string sweep, string what, string key, Func<T> draw) where T : class
    {
        if (drawn.TryGetValue((sweep, what), out var last) && last.Key == key) return (T)last.Drawn;
        var made = draw();
        if (drawn.Count >= MostKept) drawn.Clear(); // who looks at so many sweeps waits a little once more
        drawn[(sweep, what)] = (key, made);
        return made;
    }

    private static IEnumerable<StageState> Stages(SweepState state, string group) => state.InOrder.Where(s =>
        s.Stage.Kind == Kinds.PathPatching && SweepResults.Group(s.Stage).Name == group);

    private static string Complete(SweepState state) =>
        string.Concat(state.InOrder.Select(s => s.Status == StageStatus.Completed ? '1' : '0'));

    private static PagePart Maps(SweepSeen sweep, string group, double? limit, IReadOnlyList<HeatMap> plain)
    {
        var maps = plain.Select(map => Detailed(sweep, map, group) with
        {
            SharedLimit = limit ?? map.SharedLimit,
            IsClipped = limit is null && map.IsClipped,
        });
        var figure = new Figure($"{Described(sweep.State, group)}. Layers downwards, heads across; outlined: the "
            + "circuit's heads.", [.. maps.Select(map => new Picture(map.Name, $"Scores of {group} in {map.Name}",
                SvgHeatMap.Picture(map, MapSize)))], 4);
        return new($"maps-{group}", group, HtmlWriter.Html(figure))
        { Heading = SweepResults.Group(Stages(sweep.State, group).First().Stage).Titled("  ") };
    }

    private static string Described(SweepState state, string group)
    {
        var words = Stages(state, group).First().Stage.Parameters.As<PathPatchingParameters>().InWords;
        return char.ToUpperInvariant(words[0]) + words[1..];
    }

    /// <summary>A map whose cells lead to the head's page and say what else there is to a score: its rank, prompts,
    /// unit, seconds, and where it ran.</summary>
    private static HeatMap Detailed(SweepSeen sweep, HeatMap map, string group)
    {
        var stage = Stages(sweep.State, group).First(s => s.Stage.Model == map.Name);
        var scores = SweepResults.Scores(sweep.State, stage);
        var units = stage.Results.Where(r => r.Result.Head is not null)
            .ToLookup(r => r.Result.Head!.Value, r => r.Unit);
        Head[] ranked = [.. scores.Top(map.Layers * map.Heads).Where(h => double.IsFinite(scores[h]))];
        var ranks = ranked.Index().ToDictionary(h => h.Item, h => h.Index + 1);
        return map with
        {
            Title = stage.Status != StageStatus.Completed ? map.Title
                : map.Marked.Count == 0 ? "no head" : SweepText.Count(map.Marked.Count, "head"),
            LinkOf = head => $"/sweeps/{Uri.EscapeDataString(sweep.Id)}/heads/{head}",
            Details = head => !ranks.TryGetValue(head, out var rank) ? ""
                : $"rank {rank} of {ranked.Length}{Measured(head)}",
        };

        string Measured(Head head)
        {
            if (units[head].ToArray() is not { Length: > 0 } own)
                return "; at or above every receiver, so not measured";
            var samples = (int)scores.Samples[head.Layer, head.Index];
            return $", {SweepText.Count(samples, "prompt")}; {Ran(sweep, stage, own)}";
        }
    }

    private static string Ran(SweepSeen sweep, StageState stage, string[] units)
    {
        var seconds = SweepText.Duration(TimeSpan.FromSeconds(units.Sum(u => stage.Units[u].Seconds)));
        var nodes = units.Select(u => sweep.Nodes.GetValueOrDefault(u, "")).Where(n => n.Length > 0)
            .Select(UnderWay.HostOf).Distinct().ToArray();
        var names = units.Length > 3 ? $"{units.Length} units"
            : "unit " + string.Join(", ", units.Select(UnitId.KeyOf));
        return $"{names}, {seconds}" + (nodes.Length > 0 ? $" on {string.Join(" and ", nodes)}" : "");
    }
}

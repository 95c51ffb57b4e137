namespace Patchbay.Report;

/// <summary>How a sweep that is watched looks, in a terminal and as lines of a log. Reads no clock and no
/// journal.</summary>
internal static class SweepDrawing
{
    private const int MostErrors = 3; // failed units told of at once
    private static readonly Style Faint = new(decoration: Decoration.Dim);

    /// <summary>Head line, a bar for each model, what failed, and the heat maps of the group last worked on, all
    /// in so many lines of a terminal if they can be.</summary>
    /// <param name="id">The sweep.</param>
    /// <param name="state">As it is.</param>
    /// <param name="clock">Knows how fast it goes.</param>
    /// <param name="now">The time.</param>
    /// <param name="height">Lines that there are.</param>
    /// <param name="shares">How much is done of each unit that runs, where that is known.</param>
    /// <param name="show">Command that shows all that failed; null for the plain one.</param>
    public static IRenderable Draw(string id, SweepState state, WatchClock clock, DateTimeOffset now, int height,
        IReadOnlyDictionary<(string Sweep, string Unit), double>? shares = null, string? show = null)
    {
        if (state.Plan is null) return new Text($"{id}: there is no such sweep");
        var failed = SweepTables.Failed(state);
        List<IRenderable> parts =
        [
            new CutLine(Summary(id, state, clock, now), new Style(decoration: Decoration.Bold)), Text.Empty,
            new ModelBars([.. state.Plan.Models.Select(m => ModelBar.Progress(state, m.Name, clock, now,
                unit => shares is not null && shares.TryGetValue((id, unit), out var share) ? share : null))]),
        ];
        foreach (var (unit, what) in failed.TakeLast(MostErrors))
            parts.Add(what.Status == UnitStatus.SetAside
                ? new CutLine($"{unit} failed: {what.Error}", new Style(Color.Red))
                : new CutLine($"{unit} failed, to be tried again: {what.Error}", new Style(Color.Yellow)));
        if (failed.Count > MostErrors)
            parts.Add(new CutLine($"and {failed.Count - MostErrors} more: {show ?? $"pbm sweep show {id}"}", Faint));
        if (state.InOrder.Any(s => s.Status == StageStatus.Waiting) && !state.Ended)
            parts.Add(new CutLine("+ more to come: stages not begun are counted as large as the others", Faint));
        if (SweepMaps.Current(state) is { } group)
        {
            // All parts are lines but the bars, which have a heading and a line for each model.
            var used = parts.Count + state.Plan.Models.Count;
            parts.AddRange([Text.Empty, new CutLine(SweepMaps.Heading(state, group), Style.Plain)]);
            // One line less than there are, for the cursor.
            var maps = SweepMaps.OfGroup(state, group);
            parts.Add(new TerminalHeatMaps(maps) { LeastWidth = 26, MostLines = height - used - 3 });
        }
        return new Rows(parts);
    }

    /// <summary>"tiny-1  running  123/240+ units  412 results/min  about 3:12 left  2 failed".</summary>
    public static string Summary(string id, SweepState state, WatchClock clock, DateTimeOffset now)
    {
        var failed = state.InOrder.Sum(s => s.SetAside);
        string?[] parts =
        [
            id, SweepText.Status(state.Status), $"{SweepText.Units(state.InOrder)} units",
            clock.ResultsPerMinute(state, now) is { } rate ? $"{rate:0} results/min" : null,
            clock.Left(state, now) is { } left ? $"about {SweepText.Duration(left)} left" : null,
            failed > 0 ? $"{failed} failed" : null,
        ];
        return string.Join("  ", parts.Where(p => p is not null));
    }

    /// <summary>Text on one line, cut where there is no more room.</summary>
    private sealed class CutLine(string text, Style style) : Renderable
    {
        protected override Measurement Measure(RenderOptions options, int maxWidth) =>
            new(Math.Min(1, maxWidth), maxWidth);

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            [new(FittedLines.Cut(text, maxWidth, options.Unicode), style)];
    }
}

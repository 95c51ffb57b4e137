namespace Patchbay.Report;

/// <summary>One line of <see cref="ModelBars"/>: the shares of units done and set aside, 0 to 1, and beside them texts,
/// "" for none: units ("12/40+"), results per minute, time left, failures, the stage under way.</summary>
internal sealed record ModelBar(string Model, double Done, double Failed, string Units, string Rate, string Left,
    string Failures, string Stage)
{
    /// <summary>How far a model is.</summary>
    public static ModelBar Progress(SweepState state, string model, WatchClock clock, DateTimeOffset now,
        Func<string, double?>? share = null)
    {
        StageState[] stages = [.. state.InOrder.Where(s => s.Stage.Model == model)];
        double expected = Math.Max(1, stages.Sum(s => WatchClock.Expected(state, s) ?? 1));
        var failed = stages.Sum(s => s.SetAside);
        return new(model, stages.Sum(s => s.Completed) / expected, failed / expected, SweepText.Units(stages),
            $"{clock.ResultsPerMinute(state, now, model):0}",
            clock.Left(state, now, model) is { } left ? SweepText.Duration(left) : "",
            failed > 0 ? $"{failed}" : "", Current(stages, share));
    }

    private static string Current(StageState[] stages, Func<string, double?>? share)
    {
        if (stages.All(s => s.Status == StageStatus.Completed)) return "complete";
        if (stages.FirstOrDefault(s => s.Status == StageStatus.Running && s.Pending > 0) is { } running)
        {
            var under = running.Order.Where(u => running.Units[u].Status == UnitStatus.Pending)
                .Select(u => (Key: UnitId.KeyOf(u), Share: share?.Invoke(u))).FirstOrDefault(u => u.Share is not null);
            return SweepText.ShortId(running.Stage) + (under.Share is { } done ? $" {under.Key} {100 * done:0} %" : "");
        }
        return stages.Any(s => s.SetAside > 0) ? "stopped by failures" : "waiting";
    }
}

/// <summary>A progress bar for each model with its figures, aligned; the bars take what room the figures
/// leave.</summary>
internal sealed class ModelBars(IReadOnlyList<ModelBar> bars) : Renderable
{
    private const int Gap = 2, NarrowestBar = 8, WidestBar = 40, LongestModel = 16, ShortestModel = 6;
    private const int Model = 0, Bar = 1, Units = 2, Rate = 3, Left = 4, Failed = 5, Stage = 6; // columns
    private static readonly string[] Headings = ["model", "", "units", "res/min", "left", "failed", "stage"];
    private static readonly Style Faint = new(decoration: Decoration.Dim);

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        string[][] rows =
            [Headings, .. bars.Select(b => new[] { b.Model, "", b.Units, b.Rate, b.Left, b.Failures, b.Stage })];
        int[] widths = [.. Headings.Select((_, c) => rows.Max(row => new Segment(row[c]).CellCount()))];
        widths[Model] = Math.Min(widths[Model], LongestModel);
        // Columns that nobody has anything in are left out, and where there is no room the stage is cut and then too.
        var shown = Enumerable.Range(0, widths.Length)
            .Where(c => c <= Units || rows.Skip(1).Any(row => row[c].Length > 0)).ToList();
        int Missing() => NarrowestBar - (maxWidth - shown.Where(c => c != Bar).Sum(c => widths[c] + Gap));
        if (Missing() > 0 && shown.Contains(Stage)) widths[Stage] = Math.Max(0, widths[Stage] - Missing());
        foreach (var column in new[] { Stage, Rate, Failed, Left })
            if (Missing() > 0) shown.Remove(column);
        // A long name gives way to the bar, and the bar to the units.
        if (Missing() > 0)
            widths[Model] = Math.Max(Math.Min(widths[Model], ShortestModel), widths[Model] - Missing());
        widths[Bar] = Math.Clamp(NarrowestBar - Missing(), 1, WidestBar);
        return FittedLines.Fit(Lines(rows, widths, shown, options.Unicode), maxWidth);
    }

    private IEnumerable<Segment> Lines(string[][] rows, int[] widths, List<int> shown, bool unicode)
    {
        foreach (var (r, row) in rows.Index())
        {
            foreach (var (i, column) in shown.Index())
            {
                if (i > 0) yield return Segment.Padding(Gap);
                if (column == Bar && r > 0)
                    foreach (var part in Strips(bars[r - 1], widths[Bar], unicode)) yield return part;
                else
                    yield return new(Cell(row[column], widths[column], column is >= Units and < Stage, unicode),
                        r == 0 ? Faint : column == Failed ? new Style(Color.Red) : Style.Plain);
            }
            yield return Segment.LineBreak;
        }
    }

    private static string Cell(string text, int width, bool isRight, bool unicode) =>
        FittedLines.Pad(FittedLines.Cut(text, width, unicode), width, isRight);

    /// <summary>Done, then failed, then the rest. What is not all done never looks so.</summary>
    private static IEnumerable<Segment> Strips(ModelBar bar, int width, bool unicode)
    {
        var done = bar.Done >= 1 ? width : bar.Done > 0 ? Math.Min(width - 1, (int)(bar.Done * width)) : 0;
        var rest = width - done;
        var failed = bar.Failed > 0 ? (int)Math.Clamp(Math.Round(bar.Failed * width), Math.Min(1, rest), rest) : 0;
        (char Sign, int Length, Style Style)[] strips =
        [
            (unicode ? '━' : '#', done, new Style(Color.Green)),
            (unicode ? '╍' : 'x', failed, new Style(Color.Red)),
            (unicode ? '─' : '.', rest - failed, Faint),
        ];
        return strips.Where(s => s.Length > 0).Select(s => new Segment(new string(s.Sign, s.Length), s.Style));
    }
}

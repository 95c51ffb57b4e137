using System.Globalization;
using Patchbay.Cli.Drawings;
using Patchbay.Sweeps;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Patchbay.Cli.Sweeps;

/// <summary>One line of <see cref="ModelBars"/>.</summary>
/// <param name="Model">The model.</param>
/// <param name="Done">Share of its units that is done, 0 to 1.</param>
/// <param name="Failed">Share that was set aside.</param>
/// <param name="Units">"12/40+".</param>
/// <param name="Rate">Results per minute, or "".</param>
/// <param name="Left">Time left, or "".</param>
/// <param name="Failures">Units set aside, or "".</param>
/// <param name="Stage">The stage under way.</param>
internal sealed record ModelBar(string Model, double Done, double Failed, string Units, string Rate, string Left, string Failures, string Stage)
{
    /// <summary>How far a model is.</summary>
    public static ModelBar Of(SweepState state, string model, WatchClock clock, DateTimeOffset now, Func<string, double?>? share = null)
    {
        var stages = state.InOrder.Where(s => s.Stage.Model == model).ToArray();
        var expected = Math.Max(1, stages.Sum(s => WatchClock.Expected(state, s) ?? 1));
        var failed = stages.Sum(s => s.SetAside);
        return new(model, (double)stages.Sum(s => s.Completed) / expected, (double)failed / expected, SweepText.Units(stages),
            clock.ResultsPerMinute(state, now, model) is { } rate ? rate.ToString("0", CultureInfo.InvariantCulture) : "",
            clock.Left(state, now, model) is { } left ? SweepText.Duration(left) : "",
            failed > 0 ? failed.ToString(CultureInfo.InvariantCulture) : "", Current(stages, share));
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

/// <summary>A progress bar for each model with its figures, aligned; the bars take what room the figures leave.</summary>
internal sealed class ModelBars(IReadOnlyList<ModelBar> bars) : Renderable
{
    private const int Gap = 2, NarrowestBar = 8, WidestBar = 40, LongestModel = 16, ShortestModel = 6;
    private static readonly string[] Headings = ["model", "", "units", "res/min", "left", "failed", "stage"];
    private static readonly bool[] AtRight = [false, false, true, true, true, true, false];

    /// <inheritdoc/>
    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        string[][] rows = [Headings, .. bars.Select(b => new[] { b.Model, "", b.Units, b.Rate, b.Left, b.Failures, b.Stage })];
        var widths = Headings.Select((_, c) => rows.Max(row => new Segment(row[c]).CellCount())).ToArray();
        widths[0] = Math.Min(widths[0], LongestModel);
        // Columns that nobody has anything in are left out, and where there is no room the stage is cut and then left out.
        var shown = Enumerable.Range(0, widths.Length).Where(c => c is 0 or 1 or 2 || rows.Skip(1).Any(row => row[c].Length > 0)).ToList();
        int Room() => maxWidth - shown.Where(c => c != 1).Sum(c => widths[c] + Gap);
        if (Room() < NarrowestBar && shown.Contains(6)) widths[6] = Math.Max(0, widths[6] - (NarrowestBar - Room()));
        foreach (var column in new[] { 6, 3, 5, 4 })
            if (Room() < NarrowestBar) shown.Remove(column);
        // A long name gives way to the bar, and the bar to the units.
        if (Room() < NarrowestBar)
            widths[0] = Math.Max(Math.Min(widths[0], ShortestModel), widths[0] - (NarrowestBar - Room()));
        widths[1] = Math.Clamp(Room(), 1, WidestBar);
        return FittedLines.Fit(Lines(rows, widths, shown, options.Unicode), maxWidth);
    }

    private IEnumerable<Segment> Lines(string[][] rows, int[] widths, List<int> shown, bool unicode)
    {
        foreach (var (r, row) in rows.Index())
        {
            foreach (var (i, column) in shown.Index())
            {
                if (i > 0) yield return Segment.Padding(Gap);
                if (column == 1 && r > 0)
                    foreach (var part in Bar(bars[r - 1], widths[1], unicode)) yield return part;
                else yield return Cell(row[column], widths[column], column, r == 0, unicode);
            }
            yield return Segment.LineBreak;
        }
    }

    private static Segment Cell(string text, int width, int column, bool heading, bool unicode)
    {
        var style = heading ? new Style(decoration: Decoration.Dim) : column == 5 ? new Style(Color.Red) : Style.Plain;
        return new Segment(FittedLines.Pad(FittedLines.Cut(text, width, unicode), width, AtRight[column]), style);
    }

    /// <summary>Done, then failed, then the rest. What is not all done never looks so.</summary>
    private static IEnumerable<Segment> Bar(ModelBar bar, int width, bool unicode)
    {
        var done = bar.Done >= 1 ? width : bar.Done > 0 ? Math.Min(width - 1, (int)(bar.Done * width)) : 0;
        var rest = width - done;
        var failed = bar.Failed > 0 ? (int)Math.Clamp(Math.Round(bar.Failed * width), Math.Min(1, rest), rest) : 0;
        if (done > 0) yield return new Segment(new string(unicode ? '━' : '#', done), new Style(Color.Green));
        if (failed > 0) yield return new Segment(new string(unicode ? '╍' : 'x', failed), new Style(Color.Red));
        if (width > done + failed)
            yield return new Segment(new string(unicode ? '─' : '.', width - done - failed), new Style(decoration: Decoration.Dim));
    }
}

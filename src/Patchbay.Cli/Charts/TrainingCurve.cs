using Patchbay.Experiments;
using Patchbay.Lab.Training;
using Patchbay.Tasks;

namespace Patchbay.Cli.Charts;

/// <summary>One training run as lines of a chart.</summary>
internal sealed class TrainingCurve
{
    private const int Points = 240; // of a line: more than a picture shows
    private readonly IReadOnlyList<LogEntry> trained, evaluated;

    /// <param name="name">What it is called.</param>
    /// <param name="log">Its log.</param>
    /// <exception cref="InvalidDataException">The log is empty.</exception>
    public TrainingCurve(string name, IReadOnlyList<LogEntry> log)
    {
        if (log.Count == 0) throw new InvalidDataException($"the log of {name} is empty: no step was trained");
        Name = name;
        // A step trained again after an interruption counts as it was the last time.
        trained = [.. log.Where(e => e.Scores is null).GroupBy(e => e.Step).Select(g => g.Last()).OrderBy(e => e.Step)];
        evaluated = [.. log.Where(e => e.Scores is not null).GroupBy(e => e.Step).Select(g => g.Last()).OrderBy(e => e.Step)];
        Steps = log.Max(e => e.Step);
        Seconds = log.Sum(e => e.Seconds ?? 0);
        Tokens = trained.Sum(e => (long)(e.Tokens ?? 0));
        Stages = [.. StageStarts()];
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>Steps done.</summary>
    public long Steps { get; }

    /// <summary>Seconds of all steps.</summary>
    public double Seconds { get; }

    /// <summary>Tokens of all steps.</summary>
    public long Tokens { get; }

    /// <summary>Where each stage began.</summary>
    public IReadOnlyList<ChartMark> Stages { get; }

    /// <summary>Loss of the last step, or null.</summary>
    public double? Loss => trained.LastOrDefault(e => e.Loss is not null)?.Loss;

    /// <summary>Its losses by kind, or null.</summary>
    public IReadOnlyDictionary<string, double>? Losses => trained.LastOrDefault(e => e.Losses is not null)?.Losses;

    /// <summary>Scores of the last evaluation, or null.</summary>
    public IReadOnlyDictionary<string, Proportion>? Scores => evaluated is [.., var last] ? last.Scores : null;

    private string[] Kinds => [.. trained.SelectMany(e => e.Losses?.Keys ?? []).Distinct()];

    private string[] ScoreNames => [.. evaluated.SelectMany(e => e.Scores!.Keys).Distinct()];

    /// <summary>Runs under names that tell them apart: their folders' names, or their whole paths where two are the same.</summary>
    public static IReadOnlyList<TrainingCurve> Named(IReadOnlyList<(string Path, IReadOnlyList<LogEntry> Log)> runs)
    {
        static string Short(string path) => Path.GetFileName(Path.GetFullPath(File.Exists(path)
            ? Path.GetDirectoryName(Path.GetFullPath(path))! : path).TrimEnd('/'));
        var different = runs.Select(r => Short(r.Path)).Distinct().Count() == runs.Count;
        return [.. runs.Select(r => new TrainingCurve(different ? Short(r.Path) : r.Path, r.Log))];
    }

    /// <summary>The chart: of one run its losses by kind and its accuracies, stages marked; of several a panel for each kind and
    /// each score, in which they are compared.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="show">Kinds and scores to show; all if there are none.</param>
    /// <exception cref="InvalidDataException">No run has something that is to be shown.</exception>
    public static LineChart Chart(IReadOnlyList<TrainingCurve> runs, params IReadOnlyList<string> show)
    {
        string[] known = [.. runs.SelectMany(r => r.Kinds.Concat(r.ScoreNames)).Distinct()];
        if (show.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new InvalidDataException(
                $"--show: no run has '{unknown}', expected {string.Join(", ", known.Select(k => $"'{k}'"))}");
        bool Shown(string name) => show.Count == 0 || show.Contains(name);
        var width = runs.Max(r => r.Width);
        var averaged = width > 1 ? $" (losses: means of {width} steps)" : "";
        return runs is [var run]
            ? new($"Training of {run.Name}", $"{run.Steps:N0} steps, {run.Tokens:N0} tokens{averaged}; bands: 95 % intervals", "steps",
                run.OwnPanels(Shown))
            { Marks = run.Stages }
            : new(runs.Count > 3 ? $"Training of {runs.Count} runs" : $"Training of {string.Join(", ", runs.Select(r => r.Name))}",
                $"By kind and by score{averaged}; bands: 95 % intervals", "steps", Compared(runs, Shown, all: show.Count == 0));
    }

    private IReadOnlyList<LinePanel> OwnPanels(Func<string, bool> shown)
    {
        LineSeries[] losses =
        [
            new("all predictions", Line(e => e.Loss)),
            .. Kinds.Where(shown).Select((kind, i) => LossLine(kind, kind, i)),
        ];
        LinePanel loss = new("loss, nats per answer", losses) { Logarithmic = true };
        LinePanel accuracy = new("accuracy", [.. ScoreNames.Where(shown).Select((name, i) => ScoreLine(name, name, i))]) { Range = (0, 1) };
        return accuracy.Series.Count > 0 ? [loss, accuracy] : [loss];
    }

    private static IReadOnlyList<LinePanel> Compared(IReadOnlyList<TrainingCurve> runs, Func<string, bool> shown, bool all)
    {
        LinePanel Panel(string title, Func<TrainingCurve, int, LineSeries> line) =>
            new(title, [.. runs.Select(line).Where(series => series.Points.Count > 0)]);
        return
        [
            .. all ? [Panel("loss of all predictions, nats", (r, i) =>
                new(r.Name, r.Line(e => e.Loss)) { Color = i }) with { Logarithmic = true }] : (LinePanel[])[],
            .. runs.SelectMany(r => r.Kinds).Distinct().Where(shown)
                .Select(kind => Panel($"loss of {kind}, nats per answer", (r, i) => r.LossLine(kind, r.Name, i)) with { Logarithmic = true }),
            .. runs.SelectMany(r => r.ScoreNames).Distinct().Where(shown)
                .Select(name => Panel($"accuracy on {name}", (r, i) => r.ScoreLine(name, r.Name, i)) with { Range = (0, 1) }),
        ];
    }

    private LineSeries LossLine(string kind, string name, int color) =>
        new(name, Line(e => e.Losses is { } losses && losses.TryGetValue(kind, out var loss) ? loss : null)) { Color = color };

    private LineSeries ScoreLine(string score, string name, int color)
    {
        var points = evaluated.Where(e => e.Scores!.ContainsKey(score)).Select(e =>
        {
            var (low, high) = e.Scores![score].Interval;
            return new LinePoint(e.Step, e.Scores[score].Share, low, high);
        }).ToArray();
        return new(name, points) { Color = color, Dots = points.Length <= 40 };
    }

    /// <summary>Steps that a point of a loss stands for.</summary>
    private long Width => Math.Max(1, (long)Math.Ceiling(Steps / (double)Points));

    private LinePoint[] Line(Func<LogEntry, double?> value) =>
    [
        .. trained.Select(e => (e.Step, Value: value(e))).Where(p => p.Value is { } v && double.IsFinite(v))
            .GroupBy(p => (p.Step - 1) / Width).Select(g => new LinePoint(g.Average(p => p.Step), g.Average(p => p.Value!.Value))),
    ];

    private IEnumerable<ChartMark> StageStarts()
    {
        string? stage = null;
        foreach (var entry in trained)
        {
            if (entry.Stage is not { } now || now == stage) continue;
            yield return new(entry.Step, stage = now);
        }
    }
}

namespace Patchbay.Report;

/// <summary>One training run as lines of a chart.</summary>
internal sealed class TrainingCurve
{
    private const int Points = 240; // of a line: more than a picture shows
    private readonly IReadOnlyList<LogEntry> trained, evaluated;

    /// <summary>A run under the name that it is to have in pictures, from its log.</summary>
    /// <exception cref="InvalidDataException">The log is empty.</exception>
    public TrainingCurve(string name, IReadOnlyList<LogEntry> log)
    {
        if (log.Count == 0) throw new InvalidDataException($"the log of {name} is empty: no step was trained");
        Name = name;
        // A step trained again after an interruption counts as it was the last time.
        LogEntry[] Last(bool isEvaluation) => [.. log.Where(e => e.Scores is not null == isEvaluation)
            .GroupBy(e => e.Step).Select(g => g.Last()).OrderBy(e => e.Step)];
        (trained, evaluated) = (Last(isEvaluation: false), Last(isEvaluation: true));
        Steps = log.Max(e => e.Step);
        Seconds = log.Sum(e => e.Seconds ?? 0);
        Tokens = trained.Sum(e => (long)(e.Tokens ?? 0));
        Stages = [.. StageStarts()];
    }

    /// <summary>What it is called: its folder, or its model.</summary>
    public string Name { get; }

    /// <summary>Steps done.</summary>
    public long Steps { get; }

    /// <summary>Seconds of all steps.</summary>
    public double Seconds { get; }

    /// <summary>Tokens of all steps.</summary>
    public long Tokens { get; }

    /// <summary>Where each stage began.</summary>
    public IReadOnlyList<ChartMark> Stages { get; }

    /// <summary>Loss of the last step, in nats per answer, or null.</summary>
    public double? Loss => trained.LastOrDefault(e => e.Loss is not null)?.Loss;

    /// <summary>The last losses by kind, in nats per answer, or null.</summary>
    public IReadOnlyDictionary<string, double>? Losses => trained.LastOrDefault(e => e.Losses is not null)?.Losses;

    /// <summary>Scores of the last evaluation, or null.</summary>
    public IReadOnlyDictionary<string, Proportion>? Scores => evaluated is [.., var last] ? last.Scores : null;

    private string[] Kinds => [.. trained.SelectMany(e => e.Losses?.Keys ?? []).Distinct()];

    private string[] ScoreNames => [.. evaluated.SelectMany(e => e.Scores!.Keys).Distinct()];

    /// <summary>Steps that a point of a loss stands for.</summary>
    private long Width => Math.Max(1, (long)Math.Ceiling(Steps / (double)Points));

    /// <summary>Runs under names that tell them apart: their folders' names, or their whole paths where two are the
    /// same.</summary>
    public static IReadOnlyList<TrainingCurve> Named(IReadOnlyList<(string Path, IReadOnlyList<LogEntry> Log)> runs)
    {
        static string Short(string path)
        {
            var whole = Path.GetFullPath(path);
            return Path.GetFileName((File.Exists(path) ? Path.GetDirectoryName(whole)! : whole).TrimEnd('/'));
        }
        var different = runs.Select(r => Short(r.Path)).Distinct().Count() == runs.Count;
        return [.. runs.Select(r => new TrainingCurve(different ? Short(r.Path) : r.Path, r.Log))];
    }

    /// <summary>The chart: of one run its losses by kind and its accuracies, stages marked; of several a panel for each
    /// kind and each score, in which they are compared. Only some kinds and scores if any are named.</summary>
    /// <exception cref="InvalidDataException">No run has something that is to be shown.</exception>
    public static LineChart Chart(IReadOnlyList<TrainingCurve> runs, params IReadOnlyList<string> show)
    {
        string[] known = [.. runs.SelectMany(r => r.Kinds.Concat(r.ScoreNames)).Distinct()];
        if (show.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new InvalidDataException(
                $"--show: no run has '{unknown}', expected {string.Join(", ", known.Select(k => $"'{k}'"))}");
        bool IsShown(string name) => show.Count == 0 || show.Contains(name);
        var width = runs.Max(r => r.Width);
        var averaged = width > 1 ? $" (losses: means of {width} steps)" : "";
        const string Bands = "bands: 95 % intervals";
        if (runs is [var run])
            return new($"Training of {run.Name}", $"{run.Steps:N0} steps, {run.Tokens:N0} tokens{averaged}; {Bands}",
                "steps", run.OwnPanels(IsShown))
            { Marks = run.Stages };
        var names = runs.Count > 3 ? $"{runs.Count} runs" : string.Join(", ", runs.Select(r => r.Name));
        return new($"Training of {names}", $"By kind and by score{averaged}; {Bands}", "steps",
            [.. Compared(runs, IsShown, all: show.Count == 0)]);
    }

    private IReadOnlyList<LinePanel> OwnPanels(Func<string, bool> isShown)
    {
        var losses = Kinds.Where(isShown).Select((kind, i) => LossLine(kind, kind, i));
        LinePanel loss = new("loss, nats per answer", [new("all predictions", Line(e => e.Loss)), .. losses])
        {
            Logarithmic = true,
        };
        LineSeries[] scores = [.. ScoreNames.Where(isShown).Select((name, i) => ScoreLine(name, name, i))];
        return scores.Length > 0 ? [loss, new("accuracy", scores) { Range = (0, 1) }] : [loss];
    }

    private static IEnumerable<LinePanel> Compared(IReadOnlyList<TrainingCurve> runs, Func<string, bool> isShown,
        bool all)
    {
        LinePanel Panel(string title, Func<TrainingCurve, int, LineSeries> line) =>
            new(title, [.. runs.Select(line).Where(series => series.Points.Count > 0)]);
        LinePanel Loss(string title, Func<TrainingCurve, int, LineSeries> line) =>
            Panel(title, line) with { Logarithmic = true };
        if (all)
            yield return Loss("loss of all predictions, nats",
                (run, i) => new(run.Name, run.Line(e => e.Loss)) { Color = i });
        foreach (var kind in runs.SelectMany(r => r.Kinds).Distinct().Where(isShown))
            yield return Loss($"loss of {kind}, nats per answer", (run, i) => run.LossLine(kind, run.Name, i));
        foreach (var score in runs.SelectMany(r => r.ScoreNames).Distinct().Where(isShown))
            yield return Panel($"accuracy on {score}", (run, i) => run.ScoreLine(score, run.Name, i)) with
            { Range = (0, 1) };
    }

    private LineSeries LossLine(string kind, string name, int color) =>
        new(name, Line(e => e.Losses?.TryGetValue(kind, out var loss) == true ? loss : null)) { Color = color };

    private LineSeries ScoreLine(string score, string name, int color)
    {
        LinePoint[] points = [.. from entry in evaluated
                                 where entry.Scores!.ContainsKey(score)
                                 let share = entry.Scores![score]
                                 let ends = share.Interval
                                 select new LinePoint(entry.Step, share.Share, ends.Low, ends.High)];
        return new(name, points) { Color = color, Dots = points.Length <= 40 };
    }

    private LinePoint[] Line(Func<LogEntry, double?> value) =>
    [
        .. trained.Select(e => (e.Step, Value: value(e) ?? double.NaN)).Where(p => double.IsFinite(p.Value))
            .GroupBy(p => (p.Step - 1) / Width)
            .Select(g => new LinePoint(g.Average(p => p.Step), g.Average(p => p.Value))),
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

namespace Patchbay.Report;

/// <summary>How fast a sweep goes and when it will be done, from its states as they were seen.</summary>
internal sealed class WatchClock
{
    private const string All = ""; // no model is named so
    private const int Enough = 3; // units whose seconds tell those of others: the first of a stage takes longer
    private readonly Dictionary<string, (CompletionRate Work, CompletionRate Results)> rates = [];
    private readonly Dictionary<string, UnitTimes> times = [];
    private (SweepState? Of, Dictionary<string, double?> ByName, Dictionary<string, double?> ByKind) alike =
        (null, [], []); // what units take, as far as stages of one name, or of one kind, tell

    /// <summary>Takes note of the state that the sweep was in at a time. Times without a running sweep are left out of
    /// the rates.</summary>
    public void Observe(DateTimeOffset at, SweepState state)
    {
        if (state.Plan is null || state.Ended) return;
        foreach (var stage in state.InOrder.Where(s => s.Completed > 0))
        {
            if (!times.TryGetValue(stage.Stage.Id, out var known)) times[stage.Stage.Id] = known = new();
            known.Observe(stage.Completed, stage.Seconds);
        }
        foreach (var model in state.Plan.Models.Select(m => m.Name).Append(All))
        {
            var (work, results) = RatesOf(model);
            if (state.Status != SweepStatus.Running)
            {
                work.Forget();
                results.Forget();
                continue;
            }
            var stages = StagesOf(state, model).ToArray();
            work.Observe(at, stages.Sum(s => s.Seconds));
            results.Observe(at, stages.Sum(s => s.Measured));
        }
    }

    /// <summary>Results recorded per minute of a model, or of all models where none is named; null where it is not
    /// known.</summary>
    public double? ResultsPerMinute(SweepState state, DateTimeOffset now, string model = All) =>
        state.Status == SweepStatus.Running && Remaining(state, model) != 0
            ? RatesOf(model).Results.PerSecond(now) * 60 : null;

    /// <summary>Time until a model's units, or all, are done, if it goes on like this; null where it is not known, as
    /// before some units of each kind of stage are done, or does not go on. What is left is counted in seconds of
    /// units, for those of path patching take much longer than those of accuracy; what nodes do at once is how many
    /// such seconds pass in one.</summary>
    public TimeSpan? Left(SweepState state, DateTimeOffset now, string model = All)
    {
        if (state.Status != SweepStatus.Running) return null;
        if (RatesOf(model).Work.PerSecond(now) is not { } rate || rate <= 0) return null;
        var (units, work) = (0, 0.0);
        foreach (var stage in StagesOf(state, model))
        {
            if (Remaining(state, stage) is not { } left) return null;
            if (left == 0) continue;
            if (UnitSeconds(state, stage) is not { } seconds) return null;
            (units, work) = (units + left, work + left * seconds);
        }
        return units == 0 ? null
            : TimeSpan.FromSeconds(Math.Min(work / rate, TimeSpan.FromDays(10_000).TotalSeconds));
    }

    /// <summary>Units that a stage has, or will have: one that has not begun is taken to have as many as the largest of
    /// its kind that has. Null where none of its kind has begun.</summary>
    public static int? Expected(SweepState state, StageState stage) => stage.Status != StageStatus.Waiting
        ? stage.Order.Length
        : state.InOrder.Where(s => s.Stage.Kind == stage.Stage.Kind && s.Status != StageStatus.Waiting)
            .Max(s => (int?)s.Order.Length);

    /// <summary>Units still to be run, those of waiting stages estimated; null where they cannot be.</summary>
    private static int? Remaining(SweepState state, string model) => StagesOf(state, model)
        .Aggregate((int?)0, (sum, s) => sum + Remaining(state, s));

    private static int? Remaining(SweepState state, StageState stage) =>
        Expected(state, stage) - stage.Completed - stage.SetAside;

    /// <summary>How long a unit of a stage takes, by those of it that were done lately; where these are few, by those
    /// of the same stage of other models, or else of its kind; null where these are few too.</summary>
    private double? UnitSeconds(SweepState state, StageState stage)
    {
        if (Typical([stage]) is { } own) return own;
        if (!ReferenceEquals(alike.Of, state)) alike = (state, SecondsBy(state, s => SweepText.ShortId(s.Stage)),
            SecondsBy(state, s => s.Stage.Kind));
        return alike.ByName[SweepText.ShortId(stage.Stage)] ?? alike.ByKind[stage.Stage.Kind];
    }

    private Dictionary<string, double?> SecondsBy(SweepState state, Func<StageState, string> name) =>
        state.InOrder.GroupBy(name).ToDictionary(group => group.Key, Typical);

    /// <summary>The median of the units of some stages that were done lately; null where they are too few to
    /// tell.</summary>
    private double? Typical(IEnumerable<StageState> stages)
    {
        var (seconds, isOver) = (new List<double>(), false);
        foreach (var stage in stages)
        {
            isOver |= stage.Status == StageStatus.Completed;
            if (times.TryGetValue(stage.Stage.Id, out var known)) seconds.AddRange(known.Lately);
        }
        if (seconds.Count < (isOver ? 1 : Enough)) return null;
        seconds.Sort();
        return seconds[seconds.Count / 2];
    }

    private static IEnumerable<StageState> StagesOf(SweepState state, string model) =>
        model == All ? state.InOrder : state.InOrder.Where(s => s.Stage.Model == model);

    private (CompletionRate Work, CompletionRate Results) RatesOf(string model)
    {
        if (!rates.TryGetValue(model, out var known)) rates[model] = known = (new(), new());
        return known;
    }
}

/// <summary>Seconds of the units of a stage that were done lately.</summary>
internal sealed class UnitTimes
{
    private const int Most = 9;
    private readonly Queue<double> lately = [];
    private (int Units, double Seconds) seen;

    /// <summary>Seconds of each of the last units, those seen together at their mean.</summary>
    public IReadOnlyCollection<double> Lately => lately;

    /// <summary>Takes note of how many units are done, and of their seconds together.</summary>
    public void Observe(int units, double seconds)
    {
        var more = units - seen.Units;
        for (var i = 0; i < Math.Min(more, Most); i++) lately.Enqueue((seconds - seen.Seconds) / more);
        while (lately.Count > Most) lately.Dequeue();
        seen = (units, seconds);
    }
}

/// <summary>How fast a count grows, from when it was seen to grow. Only what was seen lately counts: groups of heads
/// differ in how long a unit takes, and a sweep may have been stopped for a night.</summary>
internal sealed class CompletionRate
{
    private const int Most = 64; // observations at most
    private const int Least = 3; // observations that stay however old: units may take an hour each
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1); // what comes sooner is seen as one
    private readonly List<(DateTimeOffset At, double Count)> seen = [];

    /// <summary>Takes note of the count as it is at a time, in the order of times. One that falls is another sweep's,
    /// and an earlier time a clock set back: what was seen before is forgotten.</summary>
    public void Observe(DateTimeOffset at, double count)
    {
        if (seen is [.., var last])
        {
            if (count < last.Count || at < last.At) Forget();
            else if (count == last.Count) return;
        }
        if (seen is [.., var before, _] && at - before.At < Step) seen[^1] = (at, count);
        else seen.Add((at, count));
        while (seen.Count > Most || (seen.Count > Least && seen[0].At < at - Window)) seen.RemoveAt(0);
    }

    /// <summary>Forgets all, as when work pauses.</summary>
    public void Forget() => seen.Clear();

    /// <summary>Growth per second, or null where too little was seen. Without news it sinks as time goes by: had the
    /// next one come this very moment, it would be no more than that.</summary>
    public double? PerSecond(DateTimeOffset now)
    {
        if (seen.Count < 2) return null;
        var ((from, first), (to, last)) = (seen[0], seen[^1]);
        var step = (last - first) / (seen.Count - 1);
        return Math.Min((last - first) / Math.Max((to - from).TotalSeconds, 1e-3),
            (last - first + step) / Math.Max((now - from).TotalSeconds, 1e-3));
    }
}

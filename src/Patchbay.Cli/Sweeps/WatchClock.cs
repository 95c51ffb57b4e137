using Patchbay.Sweeps;

namespace Patchbay.Cli.Sweeps;

/// <summary>How fast a sweep goes and when it will be done, from its states as they were seen.</summary>
internal sealed class WatchClock
{
    private const string All = ""; // no model is named so
    private readonly Dictionary<string, CompletionRate> units = [], results = [];

    /// <summary>Takes note of a state. Times without a running sweep are left out of the rates.</summary>
    /// <param name="at">When the sweep was in this state.</param>
    /// <param name="state">The state.</param>
    public void Observe(DateTimeOffset at, SweepState state)
    {
        if (state.Plan is null) return;
        foreach (var model in state.Plan.Models.Select(m => m.Name).Append(All))
        {
            var (done, measured) = (Of(units, model), Of(results, model));
            if (state.Status != SweepStatus.Running)
            {
                if (!state.Ended) done.Forget();
                if (!state.Ended) measured.Forget();
                continue;
            }
            var stages = StagesOf(state, model).ToArray();
            done.Observe(at, stages.Sum(s => s.Completed));
            measured.Observe(at, stages.Sum(s => s.Measured));
        }
    }

    /// <summary>Results recorded per minute of a model, or of all models where none is named; null where it is not known.</summary>
    public double? ResultsPerMinute(SweepState state, DateTimeOffset now, string model = All) =>
        state.Status == SweepStatus.Running && Remaining(state, model) != 0 ? Of(results, model).PerSecond(now) * 60 : null;

    /// <summary>Time until a model's units, or all, are done, if it goes on like this; null where it is not known or does not go on.</summary>
    public TimeSpan? Left(SweepState state, DateTimeOffset now, string model = All)
    {
        if (state.Status != SweepStatus.Running || Remaining(state, model) is not { } remaining || remaining == 0) return null;
        if (Of(units, model).PerSecond(now) is not { } rate || rate <= 0) return null;
        return TimeSpan.FromSeconds(Math.Min(remaining / rate, TimeSpan.FromDays(10_000).TotalSeconds));
    }

    /// <summary>Units that a stage has, or will have: one that has not begun is taken to have as many as the largest of its kind that
    /// has. Null where none of its kind has begun.</summary>
    public static int? Expected(SweepState state, StageState stage) => stage.Status != StageStatus.Waiting
        ? stage.Order.Length
        : state.InOrder.Where(s => s.Stage.Kind == stage.Stage.Kind && s.Status != StageStatus.Waiting).Max(s => (int?)s.Order.Length);

    /// <summary>Units still to be run, those of waiting stages estimated; null where they cannot be.</summary>
    private static int? Remaining(SweepState state, string model) =>
        StagesOf(state, model).Aggregate((int?)0, (sum, s) => sum + (Expected(state, s) - s.Completed - s.SetAside));

    private static IEnumerable<StageState> StagesOf(SweepState state, string model) =>
        model == All ? state.InOrder : state.InOrder.Where(s => s.Stage.Model == model);

    private static CompletionRate Of(Dictionary<string, CompletionRate> rates, string model)
    {
        if (!rates.TryGetValue(model, out var rate)) rates[model] = rate = new();
        return rate;
    }
}

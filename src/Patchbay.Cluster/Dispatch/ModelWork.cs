using Patchbay.Experiments;

namespace Patchbay.Cluster.Dispatch;

/// <summary>
/// What one model actor has: units that wait, the one that runs, and outcomes that no sweep has answered yet. A unit
/// that comes twice is had once; an outcome is kept, and said again every second, until it is answered. No clock, no
/// input or output, no chance.
/// </summary>
/// <param name="worker">The actor, as it was born.</param>
/// <param name="modelName">The model's name.</param>
public sealed class ModelWork(string worker, string modelName)
{
    /// <summary>Units of all sweeps that it has at a time: one that runs, one that waits.</summary>
    public const int Capacity = 2;

    /// <summary>A unit that says nothing of its progress for so long hangs, and is given up.</summary>
    public static readonly TimeSpan HangsAfter = TimeSpan.FromMinutes(10);

    private readonly List<RunUnit> waiting = [];
    private readonly List<(UnitOutcome Outcome, TimeSpan Said)> unanswered = [];
    private readonly Dictionary<string, Asking> sweeps = new(StringComparer.Ordinal);
    private TimeSpan moved; // when the running unit's share last grew
    private TimeSpan restsUntil;
    private int failures;

    /// <summary>The unit that runs, or null.</summary>
    public UnitOrder? Running { get; private set; }

    /// <summary>How much of it is done.</summary>
    public double Share { get; private set; }

    /// <summary>The unit that is next, or null; none while the model rests after a failure.</summary>
    public RunUnit? Next(TimeSpan now) => Running is null && now >= restsUntil ? waiting.FirstOrDefault() : null;

    /// <summary>Whether there is nothing to do and nothing to say.</summary>
    public bool IsIdle => Running is null && waiting.Count == 0 && unanswered.Count == 0;

    /// <summary>Sweeps that it works for: those that asked in the last ten seconds, or whose units it has.</summary>
    public IReadOnlyList<string> Sweeps(TimeSpan now)
    {
        foreach (var gone in sweeps.Where(s => now - s.Value.Heard > SweepDispatch.Silence && !Has(s.Key))
            .Select(s => s.Key).ToArray()) sweeps.Remove(gone);
        return [.. sweeps.Keys];
    }

    /// <summary>Sweeps that are to be told now what there is, though nothing has changed.</summary>
    public IReadOnlyList<string> ReportsDue(TimeSpan now)
    {
        string[] due = [.. Sweeps(now).Where(s => now - sweeps[s].Told >= sweeps[s].Every)];
        foreach (var sweep in due) sweeps[sweep].Told = now;
        return due;
    }

    /// <summary>Whether a sweep said lately that it has units for this model: it says so every second, or as often as
    /// it said.</summary>
    public bool IsWanted(TimeSpan now) => sweeps.Values.Any(s => now - s.Heard < 3 * s.Every);

    /// <summary>A sweep has units for this model.</summary>
    public void Serve(ServeSweep asked, TimeSpan now)
    {
        var asking = Of(asked.Sweep);
        (asking.Heard, asking.Every) = (now, SweepDispatch.RepeatEvery * asked.Every);
    }

    /// <summary>Takes a unit, unless it has it.</summary>
    public void Accept(RunUnit unit, TimeSpan now)
    {
        if (unit.Worker != worker) return;
        Of(unit.Order.Sweep).Heard = now;
        var key = Key(unit.Order);
        if (waiting.Any(w => Key(w.Order) == key) || (Running is { } running && Key(running) == key)
            || unanswered.Any(u => Key(u.Outcome) == key)) return;
        waiting.Add(unit);
    }

    /// <summary>The next unit begins.</summary>
    public UnitOrder Start(TimeSpan now)
    {
        Running = waiting[0].Order;
        waiting.RemoveAt(0);
        (Share, moved) = (0, now);
        return Running;
    }

    /// <summary>The running unit has come so far.</summary>
    public void Progress(double share, TimeSpan now)
    {
        if (share > Share) (Share, moved) = (share, now);
    }

    /// <summary>Whether the running unit stands still for too long.</summary>
    public bool Hangs(TimeSpan now) => Running is not null && now - moved > HangsAfter;

    /// <summary>The running unit has ended; a model whose unit failed, and is tried again, rests for half a second,
    /// doubled each time, at most half a minute.</summary>
    public void Finish(UnitOutcome outcome, TimeSpan now)
    {
        Running = null;
        unanswered.Add((outcome, now));
        var triedAgain = outcome is { Error: not null, Permanent: false };
        failures = triedAgain ? failures + 1 : 0;
        if (triedAgain)
            restsUntil = now + TimeSpan.FromSeconds(Math.Min(30, 0.5 * Math.Pow(2, Math.Min(failures - 1, 8))));
    }

    /// <summary>Gives all units back: the running one was stopped, those that wait are forgotten.</summary>
    public void Drop()
    {
        Running = null;
        waiting.Clear();
    }

    /// <summary>An outcome is answered.</summary>
    public void Taken(OutcomeTaken taken) => unanswered.RemoveAll(u =>
        (u.Outcome.Sweep, u.Outcome.Unit, u.Outcome.Attempt) == (taken.Sweep, taken.Unit, taken.Attempt));

    /// <summary>Outcomes that are to be said again now.</summary>
    public IReadOnlyList<UnitOutcome> Repeats(TimeSpan now)
    {
        var due = new List<UnitOutcome>();
        for (var i = 0; i < unanswered.Count; i++)
        {
            if (now - unanswered[i].Said < SweepDispatch.RepeatEvery) continue;
            unanswered[i] = (unanswered[i].Outcome, now);
            due.Add(unanswered[i].Outcome);
        }
        return due;
    }

    /// <summary>What a sweep is told.</summary>
    public ModelReport Report(string sweep) => new(sweep, worker, modelName,
        Math.Max(0, Capacity - waiting.Count - (Running is null ? 0 : 1)),
        [
            .. unanswered.Where(u => u.Outcome.Sweep == sweep)
                .Select(u => new UnitProgress(u.Outcome.Unit, u.Outcome.Attempt, 1)),
            .. Running is { } running && running.Sweep == sweep
                ? new[] { new UnitProgress(running.Unit, running.Attempt, Share) } : [],
            .. waiting.Where(w => w.Order.Sweep == sweep)
                .Select(w => new UnitProgress(w.Order.Unit, w.Order.Attempt, null)),
        ]);

    private Asking Of(string sweep) =>
        sweeps.TryGetValue(sweep, out var known) ? known : sweeps[sweep] = new Asking();

    private bool Has(string sweep) => Running?.Sweep == sweep || waiting.Any(w => w.Order.Sweep == sweep)
        || unanswered.Any(u => u.Outcome.Sweep == sweep);

    private static (string, string, int) Key(UnitOrder order) => (order.Sweep, order.Unit, order.Attempt);

    private static (string, string, int) Key(UnitOutcome outcome) => (outcome.Sweep, outcome.Unit, outcome.Attempt);

    // When a sweep last asked, how often it does, and when it was last told what there is.
    private sealed class Asking
    {
        public TimeSpan Heard { get; set; }

        public TimeSpan Every { get; set; } = SweepDispatch.RepeatEvery;

        public TimeSpan Told { get; set; }
    }
}

using Patchbay.Sweeps;

namespace Patchbay.Cluster.Dispatch;

/// <summary>A unit to be handed to a worker.</summary>
/// <param name="Worker">Who gets it.</param>
/// <param name="Unit">Id of the unit.</param>
public sealed record HandOut(string Worker, string Unit);

/// <summary>
/// Who has which unit of one sweep: the rules beside <see cref="SweepDecider"/>. A worker, which is a model actor as it
/// was born, reports what it has and how much more it can take; units go to workers of their stage's model, are handed
/// out again every second until a report names them, and are free again when the worker no longer names one, or is
/// silent. A unit that failed rests before it is tried again. Nothing here is recorded: after a crash the reports tell
/// it anew. No clock, no input or output, no chance: time is given, and never goes back.
/// </summary>
public sealed class SweepDispatch
{
    /// <summary>After so long without a report a worker is gone, and its units are free.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    /// <summary>How often a unit is handed out again until it is acknowledged.</summary>
    public static readonly TimeSpan RepeatEvery = TimeSpan.FromSeconds(1);

    private readonly SortedDictionary<string, Worker> workers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> workersOf = new(StringComparer.Ordinal); // by model
    private readonly SortedDictionary<string, Flight> flights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> unitsOf = new(StringComparer.Ordinal); // by their holder
    private (SweepPlan Plan, ILookup<string, string> Ids)? stages; // ids of stages by model
    private readonly Dictionary<string, TimeSpan> rests = new(StringComparer.Ordinal);

    /// <summary>How much is done of each unit that runs, by its id.</summary>
    public IReadOnlyDictionary<string, double> Shares =>
        flights.Where(f => f.Value.Share is not null).ToDictionary(f => f.Key, f => f.Value.Share!.Value);

    /// <summary>Who has a unit, or null.</summary>
    public string? HolderOf(string unit) => flights.GetValueOrDefault(unit)?.Holder;

    /// <summary>Names of models that have a worker.</summary>
    public IReadOnlyCollection<string> Served => workersOf.Keys;

    /// <summary>Takes a report in. A unit that is named and is nobody's becomes its reporter's: it was handed out
    /// before the sweep's actor began anew.</summary>
    public void Report(ModelReport report, SweepState state, TimeSpan now)
    {
        workers[report.Worker] = new(report.ModelName, report.Room, now);
        In(workersOf, report.ModelName, () => new(StringComparer.Ordinal)).Add(report.Worker);
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var unit in report.Units)
        {
            if (state.Unit(unit.Unit) is not { Status: UnitStatus.Pending } pending
                || pending.Failures + 1 != unit.Attempt) continue;
            var flight = flights.GetValueOrDefault(unit.Unit) ?? Hold(unit.Unit, report.Worker, now);
            if (flight.Holder != report.Worker) continue;
            (flight.Acknowledged, flight.Share) = (true, unit.Share);
            named.Add(unit.Unit);
        }
        foreach (var dropped in Held(report.Worker).Where(u => flights[u].Acknowledged && !named.Contains(u)).ToArray())
            Free(dropped);
    }

    /// <summary>Frees the units of workers that are silent.</summary>
    /// <param name="now">The time.</param>
    /// <param name="model">Whose workers; null for all.</param>
    public void Expire(TimeSpan now, string? model = null)
    {
        var some = model is null ? workers.Keys : (IEnumerable<string>)workersOf.GetValueOrDefault(model, []);
        foreach (var silent in some.Where(w => now - workers[w].Heard > Silence).ToArray())
        {
            var worker = workers[silent];
            workers.Remove(silent);
            workersOf[worker.Model].Remove(silent);
            if (workersOf[worker.Model].Count == 0) workersOf.Remove(worker.Model);
            foreach (var unit in Held(silent).ToArray()) Free(unit);
        }
    }

    /// <summary>Units to be handed out now: to each worker as many as it has room for, in the plan's order.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="now">The time.</param>
    /// <param name="model">Whose workers; null for all.</param>
    public IReadOnlyList<HandOut> Choose(SweepState state, TimeSpan now, string? model = null)
    {
        if (state.Status != SweepStatus.Running) return [];
        var chosen = new List<HandOut>();
        foreach (var name in model is null ? [.. workersOf.Keys.Order(StringComparer.Ordinal)] : new[] { model })
        {
            // One by one to whoever has most room, so that copies of a model share its units.
            var room = workersOf.GetValueOrDefault(name, []).ToDictionary(w => w,
                w => workers[w].Room - Held(w).Count(u => !flights[u].Acknowledged));
            var free = room.Values.Sum(r => Math.Max(0, r));
            if (free == 0) continue;
            foreach (var unit in Ready(StagesOf(state, name), now).Take(free))
            {
                var roomiest = room.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal).First();
                chosen.Add(new(roomiest.Key, unit));
                room[roomiest.Key]--;
            }
        }
        return chosen;
    }

    /// <summary>A unit is claimed for a worker and sent to it.</summary>
    public void Hand(HandOut given, TimeSpan now) => Hold(given.Unit, given.Worker, now);

    /// <summary>Units that were handed out, are not acknowledged, and are to be sent again now.</summary>
    public IReadOnlyList<HandOut> Repeats(TimeSpan now)
    {
        var due = flights.Where(f => !f.Value.Acknowledged && now - f.Value.Sent >= RepeatEvery).ToArray();
        foreach (var (_, flight) in due) flight.Sent = now;
        return [.. due.Select(f => new HandOut(f.Value.Holder, f.Key))];
    }

    /// <summary>What happened: units that have ended are nobody's, and one that failed rests for 1 s, 4 s, 16 s, at
    /// most a minute.</summary>
    public void Record(IEnumerable<SweepEvent> events, TimeSpan now)
    {
        foreach (var happened in events)
        {
            switch (happened)
            {
                case UnitCompleted completed: Free(completed.Unit); break;
                case UnitFailed failed:
                    Free(failed.Unit);
                    rests[failed.Unit] = now + TimeSpan.FromSeconds(
                        Math.Min(60, Math.Pow(4, Math.Min(failed.Attempt - 1, 5))));
                    break;
                case SweepRetried retried:
                    foreach (var unit in retried.Units) rests.Remove(unit);
                    break;
            }
        }
    }

    private HashSet<string> Held(string worker) => unitsOf.GetValueOrDefault(worker, []);

    private Flight Hold(string unit, string worker, TimeSpan now)
    {
        Free(unit);
        In(unitsOf, worker, () => new(StringComparer.Ordinal)).Add(unit);
        return flights[unit] = new(worker, now);
    }

    private void Free(string unit)
    {
        if (!flights.Remove(unit, out var flight)) return;
        unitsOf[flight.Holder].Remove(unit);
        if (unitsOf[flight.Holder].Count == 0) unitsOf.Remove(flight.Holder);
    }

    private IEnumerable<StageState> StagesOf(SweepState state, string model)
    {
        if (stages is not { } known || !ReferenceEquals(known.Plan, state.Plan))
            stages = known = (state.Plan!, state.Plan!.Stages.ToLookup(s => s.Model, s => s.Id));
        return known.Ids[model].Select(id => state.Stages[id])
            .Where(s => s.Status == StageStatus.Running && s.Pending > 0);
    }

    private static T In<T>(Dictionary<string, T> all, string key, Func<T> make) =>
        all.TryGetValue(key, out var one) ? one : all[key] = make();

    private IEnumerable<string> Ready(IEnumerable<StageState> stages, TimeSpan now) =>
        stages.SelectMany(s => s.Order.Where(u => s.Units[u].Status == UnitStatus.Pending))
            .Where(u => !flights.ContainsKey(u) && now >= rests.GetValueOrDefault(u));

    private sealed record Worker(string Model, int Room, TimeSpan Heard);

    private sealed class Flight(string holder, TimeSpan sent)
    {
        public string Holder { get; } = holder;

        public TimeSpan Sent { get; set; } = sent;

        public bool Acknowledged { get; set; }

        public double? Share { get; set; }
    }
}

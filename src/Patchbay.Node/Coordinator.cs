using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Node;

/// <summary>
/// Plans a sweep's units, hands them to model actors, and records what comes back. Several coordinators, in several
/// processes, may serve one journal: each decides on what it has read, and the journal lets only one of two decisions
/// on the same events pass. Plain and sequential: whoever owns it gives it one message at a time and the time of day.
/// Throws <see cref="JournalException"/> when the journal does not work; whatever was not recorded is then kept, and
/// tried again with the next message.
/// </summary>
public sealed class Coordinator
{
    /// <summary>How often leases are renewed.</summary>
    public static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(8);

    /// <summary>A unit whose model actor has said nothing for so long is lost, and handed out again.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(30);

    private const int Conflicts = 50; // lost races in a row before a coordinator waits for its next message

    private readonly ISweepJournal journal;
    private readonly IReadOnlyDictionary<string, StageKind> kinds;
    private readonly CoordinatorLimits limits;
    private readonly Action<ModelKey, ModelMessage> send;
    private readonly string node, code;
    private readonly Dictionary<string, SweepReplica> sweeps = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Sweep, string Unit), Flight> flights = [];
    private readonly Dictionary<(string Sweep, string Unit), TimeSpan> notBefore = [];
    private readonly List<(string Sweep, SweepCommand Command)> outbox = [];
    private readonly ModelTable models;
    private TimeSpan? renewed;

    /// <summary>Makes a coordinator that has read nothing yet.</summary>
    /// <param name="journal">Where sweeps are recorded.</param>
    /// <param name="kinds">The experiments there are.</param>
    /// <param name="node">Id of this node, which no other has or had.</param>
    /// <param name="code">Version of the program.</param>
    /// <param name="limits">What it may use.</param>
    /// <param name="send">Gives a message to a model actor.</param>
    public Coordinator(ISweepJournal journal, IEnumerable<StageKind> kinds, string node, string code,
        CoordinatorLimits limits,
        Action<ModelKey, ModelMessage> send)
    {
        (this.journal, this.node, this.code, this.limits, this.send) = (journal, node, code, limits, send);
        this.kinds = kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);
        models = new ModelTable(limits, send);
    }

    /// <summary>Sweeps as this coordinator last saw them.</summary>
    public IReadOnlyDictionary<string, SweepState> Sweeps => sweeps.ToDictionary(s => s.Key, s => s.Value.State,
        StringComparer.Ordinal);

    /// <summary>A sweep as this coordinator last saw it.</summary>
    public SweepState Sweep(string id) => sweeps.GetValueOrDefault(id)?.State ?? SweepState.None;

    /// <summary>Why a sweep cannot be run by this version, by its id.</summary>
    public IReadOnlyDictionary<string, string> Faults =>
        sweeps.Where(s => s.Value.Fault is not null).ToDictionary(s => s.Key, s => s.Value.Fault!,
            StringComparer.Ordinal);

    /// <summary>Its model actors.</summary>
    public IReadOnlyList<ModelStatus> Models => models.Statuses(flights.Values.Select(f => f.Model));

    /// <summary>How much is done of each unit under way that runs, by its sweep and id.</summary>
    public IReadOnlyDictionary<(string Sweep, string Unit), double> Shares =>
        flights.Where(f => f.Value.Share is not null).ToDictionary(f => f.Key, f => f.Value.Share!.Value);

    /// <summary>Units under way, and results not yet recorded.</summary>
    public int Unsettled => flights.Count + outbox.Count;

    /// <summary>Whether it hands out units; turned off when the node stops.</summary>
    public bool HandsOut { get; set; } = true;

    /// <summary>Takes what a model actor says. Never throws: what it says is acted on by the next
    /// <see cref="Tick"/>.</summary>
    public void Receive(CoordinatorMessage message, NodeTime now)
    {
        switch (message)
        {
            case ModelLoaded(var model): models.Loaded(model); break;
            case ModelUnloaded(var model, var error): models.Unloaded(model, error, again: InFlight(model) > 0); break;
            case UnitWorking(var model, var sweep, var unit, var share):
                if (!flights.TryGetValue((sweep, unit), out var flight) || flight.Model != model) break;
                (flight.Heard, flight.Share) = (now.Elapsed, share ?? flight.Share);
                break;
            case UnitDone(var model, var order, var results, var fingerprint, var seconds):
                models.Succeeded(model);
                Finish(order, new CompleteUnit(order.Unit, node, results, fingerprint, code, seconds));
                break;
            case UnitBroke(var model, var order, var error, var permanent):
                models.Failed(model, now);
                Finish(order, new FailUnit(order.Unit, order.Attempt, node, error, permanent));
                break;
            case UnitDropped(_, var order): flights.Remove((order.Sweep, order.Unit)); break;
        }
    }

    /// <summary>Loads or frees a model for an operator.</summary>
    public void Ask(ModelKey model, ModelMessage message) => models.Ask(model, message);

    /// <summary>Reads what others have recorded, records what has come back, hands out what can be.</summary>
    public void Tick(NodeTime now)
    {
        foreach (var lost in flights.Where(f => now.Elapsed - f.Value.Heard > SilenceLimit).Select(f => f.Key)
            .ToArray()) flights.Remove(lost);
        Follow(now);
        Renew(now);
        models.Rest(m => InFlight(m) > 0, now);
        foreach (var sweep in sweeps.Values.Where(s => s.Fault is null)) Serve(sweep, now);
    }

    private void Finish(UnitOrder order, SweepCommand outcome)
    {
        flights.Remove((order.Sweep, order.Unit));
        outbox.Add((order.Sweep, outcome));
    }

    private void Follow(NodeTime now)
    {
        foreach (var id in limits.Only is { } only ? [only] : journal.Sweeps())
        {
            if (!sweeps.TryGetValue(id, out var sweep)) sweeps[id] = SweepReplica.Open(journal, id);
            else SetRests(sweep, sweep.CatchUp(journal), now);
        }
    }

    private void Renew(NodeTime now)
    {
        if (flights.Count == 0 || now.Elapsed - renewed < RenewEvery) return;
        journal.Renew(node, now.Wall + Lease.Duration);
        renewed = now.Elapsed;
    }

    /// <summary>Advances a sweep; one that this version cannot run is left alone, with the reason, and the others go
    /// on.</summary>
    private void Serve(SweepReplica sweep, NodeTime now)
    {
        try
        {
            Advance(sweep, now);
        }
        catch (InvalidDataException e) when (limits.Only is null)
        {
            sweep.Fault = e.Message;
        }
    }

    /// <summary>Decides and records, anew after every lost race, until there is nothing to do.</summary>
    private void Advance(SweepReplica sweep, NodeTime now)
    {
        for (var race = 0; race < Conflicts; race++)
        {
            var batch = Decide(sweep, now);
            if (batch.Events.Count == 0)
            {
                outbox.RemoveAll(o => o.Sweep == sweep.Id);
                return;
            }
            if (!journal.TryAppend(sweep.Id, sweep.Sequence, batch.Events, now.Wall,
                batch.Leases(node, now.Wall + Lease.Duration)))
            {
                SetRests(sweep, sweep.CatchUp(journal), now);
                continue;
            }
            outbox.RemoveAll(o => o.Sweep == sweep.Id);
            SetRests(sweep, sweep.Apply(batch.Events), now);
            foreach (var claim in batch.Claims) Dispatch(sweep, claim, now);
            sweep.SnapshotWhenDue(journal, limits.SnapshotDue, now.Wall);
            return;
        }
    }

    private SweepBatch Decide(SweepReplica sweep, NodeTime now)
    {
        var batch = new SweepBatch(sweep.State);
        foreach (var (_, command) in outbox.Where(o => o.Sweep == sweep.Id))
        {
            // A refused result (another fingerprint) is a failure of the unit; trying again is of no use.
            if (batch.Apply(command) is { } refusal && command is CompleteUnit c)
                batch.Apply(new FailUnit(c.Unit, (batch.State.Unit(c.Unit)?.Failures ?? 0) + 1, node, refusal,
                    Permanent: true));
        }
        if (!HandsOut || sweep.State.Status != SweepStatus.Running) return batch;
        while (batch.State.Beginnable.FirstOrDefault() is { } stage)
        {
            if (batch.Apply(new BeginStage(stage.Stage.Id, KindOf(stage.Stage)
                .Plan(stage.Stage, batch.State))) is { } refusal)
                throw new InvalidDataException(refusal);
        }
        Claim(sweep.Id, batch, now);
        return batch;
    }

    private StageKind KindOf(Stage stage) => kinds.GetValueOrDefault(stage.Kind)
        ?? throw new InvalidDataException(
            $"this Patchbay knows no experiment '{stage.Kind}', only {string.Join(", ", kinds.Keys)}");

    /// <summary>Claims units for idle actors: those of the model with the smallest share done first, so that all models
    /// go on together.</summary>
    private void Claim(string sweep, SweepBatch batch, NodeTime now)
    {
        var free = limits.UnitsInFlight - flights.Count;
        if (free <= 0 || batch.State.Status != SweepStatus.Running) return;
        var held = journal.Leases(sweep).Where(l => l.Node != node && l.HoldsAt(now.Wall)).Select(l => l.Unit)
            .ToHashSet(StringComparer.Ordinal);
        var queues = batch.State.Plan!.Models.Select(m => new ModelQueue(ModelKey.Of(batch.State.Plan, m.Name),
            new(Ready(sweep, batch.State, m.Name, held, now)), Share(batch.State, m.Name))).ToArray();
        while (free > 0)
        {
            var open = queues.Where(q => q.Units.Count > 0 && InFlight(q.Model) + q.Taken < limits.UnitsPerModel
                && models.Rested(q.Model, now));
            bool IsBusy(ModelKey model) => InFlight(model) > 0 || queues.Any(q => q.Model == model && q.Units.Count
                + q.Taken > 0);
            var next = open.OrderBy(q => InFlight(q.Model) + q.Taken).ThenBy(q => q.Share)
                .FirstOrDefault(q => models.Admit(q.Model, now, IsBusy));
            if (next is null) return;
            batch.Apply(new ClaimUnit(next.Units.Dequeue(), node));
            next.Taken++;
            free--;
        }
    }

    private IEnumerable<string> Ready(string sweep, SweepState state, string model, HashSet<string> held,
        NodeTime now) =>
        state.InOrder.Where(s => s.Status == StageStatus.Running && s.Stage.Model == model && s.Pending > 0)
            .SelectMany(s => s.Order.Where(u => s.Units[u].Status == UnitStatus.Pending))
            .Where(u => !held.Contains(u) && !flights.ContainsKey((sweep, u)))
            .Where(u => now.Elapsed >= notBefore.GetValueOrDefault((sweep, u)))
            .Take(limits.UnitsPerModel);

    private static double Share(SweepState state, string model)
    {
        var stages = state.InOrder.Where(s => s.Stage.Model == model).ToArray();
        return stages.Sum(s => s.Status == StageStatus.Completed ? 1 : s.Order.Length == 0 ? 0
            : s.Completed / (double)s.Order.Length) / Math.Max(1, stages.Length);
    }

    private int InFlight(ModelKey model) => flights.Values.Count(f => f.Model == model);

    private void Dispatch(SweepReplica sweep, UnitClaimed claim, NodeTime now)
    {
        var stage = sweep.State.Stages[UnitId.StageOf(claim.Unit)];
        var model = ModelKey.Of(sweep.State.Plan!, stage.Stage.Model);
        flights[(sweep.Id, claim.Unit)] = new Flight(model) { Heard = now.Elapsed };
        models.Used(model, now);
        send(model, new RunUnit(new UnitOrder(sweep.Id, claim.Unit, claim.Attempt, stage.Stage, stage.Inputs
            ?? JsonRecord.Empty, sweep.State.Plan!)));
    }

    /// <summary>A unit that failed, here or elsewhere, rests before it is tried again: 1 s, 4 s, 16 s, at most a
    /// minute.</summary>
    private void SetRests(SweepReplica sweep, IEnumerable<SweepEvent> events, NodeTime now)
    {
        foreach (var failed in events.OfType<UnitFailed>())
            notBefore[(sweep.Id, failed.Unit)] = now.Elapsed
                + TimeSpan.FromSeconds(Math.Min(60, Math.Pow(4, Math.Min(failed.Attempt - 1, 5))));
        foreach (var retried in events.OfType<SweepRetried>())
            foreach (var unit in retried.Units) notBefore.Remove((sweep.Id, unit));
    }

    private sealed class Flight(ModelKey model)
    {
        public ModelKey Model { get; } = model;

        public TimeSpan Heard { get; set; }

        public double? Share { get; set; }
    }

    private sealed record ModelQueue(ModelKey Model, Queue<string> Units, double Share)
    {
        public int Taken { get; set; }
    }
}

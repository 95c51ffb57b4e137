using System.Collections.Concurrent;
using System.Diagnostics;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Node;

/// <summary>How to run a node.</summary>
/// <param name="Slots">Units that run at a time.</param>
/// <param name="Threads">Threads of one unit.</param>
/// <param name="MemoryBytes">For loaded models together.</param>
/// <param name="Code">Version of the program.</param>
/// <param name="Only">The one sweep to serve, or null for all that are running.</param>
public sealed record NodeOptions(int Slots, int Threads, long MemoryBytes, string Code, string? Only = null);

/// <summary>
/// A node: a coordinator and its model actors in this process, each with a mailbox and one reader. Only the coordinator
/// touches the journal; model actors run their units on a bounded number of threads.
/// </summary>
public sealed class PatchbayNode : IAsyncDisposable
{
    /// <summary>A unit that says nothing of its progress for so long is no longer vouched for: it hangs.</summary>
    private static readonly TimeSpan HangsAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(200),
        LookForDeadEvery = TimeSpan.FromSeconds(5);

    private readonly Coordinator coordinator;
    private readonly Mailbox<Action> mailbox; // what the coordinator is to do; one reader
    private readonly ConcurrentDictionary<ModelKey, Resident> residents = [];
    private readonly ComputeSlots slots;
    private readonly IModelSource source;
    private readonly ISweepJournal journal;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly CancellationTokenSource dropping = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task ticks;
    private volatile IReadOnlyDictionary<string, SweepState> sweeps = new Dictionary<string, SweepState>();
    private volatile IReadOnlyList<ModelStatus> models = [];
    private volatile IReadOnlyDictionary<(string Sweep, string Unit), double> shares = new Dictionary<(string, string),
        double>();
    private volatile int unsettled;
    private TimeSpan? busySince, lookedForDead; // null: not yet
    private string? busy;

    /// <summary>Starts a node.</summary>
    /// <param name="journal">Where sweeps are recorded; from now on only the node uses it.</param>
    /// <param name="source">Loads models.</param>
    /// <param name="kinds">The experiments there are.</param>
    /// <param name="options">How to run.</param>
    /// <param name="beginThread">Called on each compute thread first: sets the number of threads of one
    /// operation.</param>
    public PatchbayNode(ISweepJournal journal, IModelSource source, IEnumerable<StageKind> kinds, NodeOptions options,
        Action beginThread)
    {
        (this.journal, this.source, Options) = (journal, source, options);
        slots = new ComputeSlots(options.Slots, beginThread);
        coordinator = new Coordinator(journal, kinds, NodeIdentity.Own, options.Code,
            new(2 * options.Slots, options.MemoryBytes, options.Only), Send);
        mailbox = new Mailbox<Action>(action =>
        {
            Guarded(action);
            return Task.CompletedTask;
        });
        mailbox.Post(Tick);
        ticks = TickForever();
    }

    /// <summary>How it runs.</summary>
    public NodeOptions Options { get; }

    /// <summary>Sweeps as the node last saw them.</summary>
    public IReadOnlyDictionary<string, SweepState> Sweeps => sweeps;

    /// <summary>Its model actors.</summary>
    public IReadOnlyList<ModelStatus> Models => models;

    /// <summary>How much is done of each unit that runs here, by its sweep and id.</summary>
    public IReadOnlyDictionary<(string Sweep, string Unit), double> Shares => shares;

    /// <summary>Ends only when the node cannot go on: with the <see cref="JournalException"/> or whatever else stopped
    /// it.</summary>
    public Task Failure => failure.Task;

    /// <summary>Why the journal is waited for just now, or null.</summary>
    public string? Waiting => busy;

    /// <summary>A sweep as the node last saw it.</summary>
    public SweepState Sweep(string id) => sweeps.GetValueOrDefault(id) ?? SweepState.None;

    /// <summary>Loads or frees a model.</summary>
    public void Ask(ModelKey model, ModelMessage message) => mailbox.Post(() => coordinator.Ask(model, message));

    /// <summary>Looks at the journal now rather than a moment later.</summary>
    public void Wake() => mailbox.Post(Tick);

    /// <summary>Hands out nothing more, waits a while for what is under way, gives the rest up, and gives up its
    /// leases.</summary>
    /// <param name="grace">How long units may still take.</param>
    public async Task StopAsync(TimeSpan grace)
    {
        mailbox.Post(() => coordinator.HandsOut = false);
        var until = clock.Elapsed + grace;
        while (await Unsettled() > 0 && clock.Elapsed < until && !failure.Task.IsCompleted) await Task.Delay(20);
        await dropping.CancelAsync();
        until = clock.Elapsed + TimeSpan.FromSeconds(60);
        while (await Unsettled() > 0 && clock.Elapsed < until && !failure.Task.IsCompleted) await Task.Delay(20);
        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested) return;
        await dropping.CancelAsync();
        await stopping.CancelAsync();
        await ticks.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var resident in residents.Values) await resident.DisposeAsync();
        mailbox.Post(() => Guarded(() => journal.Release([NodeIdentity.Own])));
        await mailbox.DisposeAsync();
        slots.Dispose();
        dropping.Dispose();
        stopping.Dispose();
    }

    private async Task<int> Unsettled()
    {
        var asked = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        mailbox.Post(() =>
        {
            try
            {
                Tick();
            }
            finally
            {
                asked.SetResult(unsettled);
            }
        });
        return await Task.WhenAny(asked.Task, failure.Task) == asked.Task ? await asked.Task : 0;
    }

    private async Task TickForever()
    {
        using var timer = new PeriodicTimer(TickEvery);
        while (await timer.WaitForNextTickAsync(stopping.Token)) mailbox.Post(Tick);
    }

    private NodeTime Now => new(DateTimeOffset.UtcNow, clock.Elapsed);

    /// <summary>Leases of processes of this machine that have died need not be waited for.</summary>
    private void ReleaseTheDead()
    {
        if (clock.Elapsed - lookedForDead < LookForDeadEvery) return;
        lookedForDead = clock.Elapsed;
        string[] dead = [.. journal.Sweeps().SelectMany(journal.Leases).Select(l => l.Node).Distinct()
            .Where(NodeIdentity.IsGone)];
        if (dead.Length > 0) journal.Release(dead);
    }

    private void Tick()
    {
        foreach (var (model, resident) in residents)
            foreach (var order in resident.Orders.Keys.Where(o => resident.VouchesFor(o, clock.Elapsed)))
                coordinator.Receive(new UnitWorking(model, order.Sweep, order.Unit), Now);
        try
        {
            ReleaseTheDead();
            coordinator.Tick(Now);
        }
        finally
        {
            (sweeps, models, shares, unsettled) = (coordinator.Sweeps, coordinator.Models, coordinator.Shares,
                coordinator.Unsettled);
        }
        (busySince, busy) = (null, null);
    }

    /// <summary>A journal that is busy is tried again for a minute; anything else that goes wrong here ends the
    /// node.</summary>
    private void Guarded(Action action)
    {
        if (failure.Task.IsCompleted) return;
        try
        {
            action();
        }
        catch (JournalException e) when (e.Fault == JournalFault.Busy
            && clock.Elapsed - (busySince ??= clock.Elapsed) < TimeSpan.FromMinutes(1))
        {
            busy = e.Message;
        }
#pragma warning disable CA1031 // Handed on to the node's owner.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure.TrySetException(e);
        }
    }

    private void Send(ModelKey model, ModelMessage message) =>
        residents.GetOrAdd(model, key => new Resident(key, source, slots, Reply, dropping.Token)).Post(message);

    private void Reply(CoordinatorMessage message) => mailbox.Post(() =>
    {
        coordinator.Receive(message, Now);
        if (message is UnitWorking working && residents.TryGetValue(working.Model, out var resident)) resident.Said(
            working, clock.Elapsed);
        if (message is UnitDone or UnitBroke or UnitDropped or ModelUnloaded) Tick();
    });

    /// <summary>A model actor with its mailbox.</summary>
    private sealed class Resident : IAsyncDisposable
    {
        private readonly Mailbox<ModelMessage> mailbox;
        private readonly ModelActor actor;
        private (string Unit, TimeSpan At)? running; // as the unit last said of itself

        public Resident(ModelKey model, IModelSource source, ComputeSlots slots, Action<CoordinatorMessage> reply,
            CancellationToken cancel)
        {
            actor = new ModelActor(model, source, reply);
            mailbox = new Mailbox<ModelMessage>(async message =>
            {
                await slots.Run(() => actor.Handle(message, cancel));
                if (message is RunUnit(var order)) Orders.TryRemove(order, out _);
            });
        }

        /// <summary>Units that it has not answered.</summary>
        public ConcurrentDictionary<UnitOrder,
            bool> Orders
        { get; } = new(ReferenceEqualityComparer.Instance as IEqualityComparer<UnitOrder>);

        /// <summary>Takes note of a sign of life of the unit that runs.</summary>
        public void Said(UnitWorking working, TimeSpan now) => running = (working.Unit, now);

        /// <summary>Whether a unit waits for its turn, or has lately said how far it is.</summary>
        public bool VouchesFor(UnitOrder order, TimeSpan now) => running is not { } last || last.Unit != order.Unit
            || now - last.At < HangsAfter;

        public void Post(ModelMessage message)
        {
            if (message is RunUnit(var order)) Orders[order] = true;
            mailbox.Post(message);
        }

        public async ValueTask DisposeAsync()
        {
            await mailbox.DisposeAsync();
            actor.Dispose();
        }
    }
}

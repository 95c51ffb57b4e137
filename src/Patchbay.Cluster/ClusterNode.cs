using System.Collections.Concurrent;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Sharding;
using Akka.Event;
using Akka.Hosting;
using Akka.Pattern;
using Akka.Persistence;
using Akka.Persistence.Sql.Hosting;
using LinqToDB;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Patchbay.Cluster.Actors;
using Patchbay.Cluster.Dispatch;
using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Operating;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>
/// A node: an Akka.NET actor system that is a cluster, of one machine or of more. Sweeps and models are sharded
/// entities; every result is an event that Akka.Persistence.Sql has recorded before it is seen here.
/// </summary>
public sealed class ClusterNode : ISweepServer, IAsyncDisposable
{
    private const int Shards = 32;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(8); // after that the others have decided
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(70), AskAgain = TimeSpan.FromSeconds(5);
    private readonly IHost host;
    private readonly ConcurrentDictionary<string, SweepSeen> seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Exception> faults = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NodeMetrics metrics;
    private readonly ConcurrentDictionary<int, bool> fellows = new(); // numbers of all nodes ever met
    private IActorRef? watcher;
    private PauseWatch? pauses;
    private string? journalName;
    private int asking;
    private int stopped;

    private ClusterNode(IHost host, ClusterOptions options, ObservedModels models, Board board)
    {
        (this.host, Options, Board) = (host, options, board);
        metrics = new(this, models);
    }

    /// <summary>How it runs.</summary>
    public ClusterOptions Options { get; }

    /// <summary>What the nodes of its cluster have told of themselves.</summary>
    public Board Board { get; }

    /// <summary>Sweeps that it serves, as their actors last recorded them.</summary>
    public IReadOnlyDictionary<string, SweepState> Known => seen.ToDictionary(s => s.Key, s => s.Value.State);

    internal ActorSystem System => host.Services.GetRequiredService<ActorSystem>();

    /// <summary>What operators can see of its actor system.</summary>
    public NodeInspection Inspection => new(System);

    /// <summary>The models of its cluster, as operators see and move them.</summary>
    public NodeModels Models => new(System, host.Services.GetRequiredService<ActorRegistry>(), Board);

    private ILoggingAdapter Log => Logging.GetLogger(System, typeof(ClusterNode));

    private IActorRef Sweeps => host.Services.GetRequiredService<ActorRegistry>().Get<SweepActor>();

    /// <summary>How much is done of each unit that runs, by its sweep and id.</summary>
    public IReadOnlyDictionary<(string Sweep, string Unit), double> Shares =>
        seen.Values.SelectMany(s => s.Shares.Select(u => (Key: (s.Sweep, u.Key), u.Value)))
            .ToDictionary(u => u.Key, u => u.Value);

    /// <summary>What the node waits for, in a sentence, or null.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Ends only when the node cannot go on, with what stopped it.</summary>
    public Task Failure => failure.Task;

    /// <summary>Name of its journal, by which others know whether it is theirs; null until the journal has been
    /// asked, which does not hold anybody up.</summary>
    public string? JournalName
    {
        get
        {
            if (journalName is null && Interlocked.Exchange(ref asking, 1) == 0) _ = Task.Run(AskForName);
            return journalName;
        }
    }

    /// <summary>The number that Akka.NET has drawn for this node of the cluster.</summary>
    public int Number => Akka.Cluster.Cluster.Get(System).SelfUniqueAddress.Uid;

    /// <summary>Whether a number is, or was, that of a node of the same cluster.</summary>
    public bool IsFellow(int number) => fellows.ContainsKey(number);

    /// <summary>Has the node end: what it serves is another's. One that has a cluster may join it anew: that is who
    /// the other may be of.</summary>
    public void Abandon(Exception reason) => failure.TrySetException(Options.Seeds.Count == 0 ? reason
        : new CutOffException($"node {Options.Address} ends: {reason.Message}"));

    /// <summary>A sweep as its actor last recorded it.</summary>
    public SweepState Sweep(string id) => seen.TryGetValue(id, out var last) ? last.State : SweepState.None;

    /// <summary>Why a sweep cannot go on here though the node does, in a sentence, or null: this version does not know
    /// its experiment, or its events are damaged.</summary>
    public string? FaultOf(string sweep) => faults.TryGetValue(sweep, out var fault) ? fault.Message
        : seen.TryGetValue(sweep, out var last) ? last.Fault : null;

    /// <summary>What the node, or one of its sweeps, waits for, in a sentence, or null.</summary>
    public string? TroubleOf(string sweep) =>
        Trouble ?? (seen.TryGetValue(sweep, out var last) ? last.Waiting : null);

    /// <summary>Its name on the boards of its cluster.</summary>
    internal string BoardName => NodeOf(System);

    private static Address SelfOf(ActorSystem system) => Akka.Cluster.Cluster.Get(system).SelfAddress;

    private static string NodeOf(ActorSystem system) => BoardActor.NodeOf(SelfOf(system));

    private static int ComputeNodes(ActorSystem system) => Akka.Cluster.Cluster.Get(system).State.Members
        .Count(m => m.Status == Akka.Cluster.MemberStatus.Up && m.Roles.Contains("compute"));

    /// <summary>Starts a node and has it join its cluster.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="source">Loads its models.</param>
    /// <param name="kinds">The experiments there are.</param>
    /// <param name="cancel">Nobody waits for it any more.</param>
    /// <exception cref="InvalidDataException">It does not start with the operator's settings, or is not one of the
    /// cluster's kind.</exception>
    public static async Task<ClusterNode> StartAsync(ClusterOptions options, IModelSource source,
        IEnumerable<StageKind> kinds, CancellationToken cancel = default)
    {
        var operators = options.Settings is { } file ? NodeConfig.Read(file) : null;
        var opening = Task.Run(() => NodeLog.Open(options.Log), CancellationToken.None); // beside all else
        ActorSystem? running = null;
        var board = new Board();
        var models = new ObservedModels(source, () => Logging.GetLogger(running!, typeof(ObservedModels)));
        var known = kinds.ToDictionary(k => k.Name, StringComparer.Ordinal);
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, OwnLifetime>();
        builder.Services.AddAkka("patchbay", (akka, _) =>
        {
            akka.AddHocon(NodeConfig.Own(), HoconAddMode.Prepend);
            akka.ConfigureLoggers(setup =>
            {
                setup.ClearLoggers(); // the console is the command's
                setup.LogLevel = LogLevel.ErrorLevel;
                if (options.Log is { } settings) NodeLog.Use(setup, settings);
            });
            akka.AddHocon("akka.stdout-loglevel = OFF", HoconAddMode.Prepend);
            akka.AddHocon(NodeConfig.Of(options), HoconAddMode.Prepend);
            akka.AddSetup(new JournalSetup(options.Journal));
            if (options.Certificate is { } certificate) akka.AddSetup(certificate.ForRemote());
            akka.WithSqlPersistence(options.Journal.ConnectionString,
                options.Journal.File is null ? ProviderName.PostgreSQL15 : ProviderName.SQLiteMS,
                databaseMapping: DatabaseMapping.Default, autoInitialize: false);
            // Who does not compute offers nothing: no model waits for a place there.
            var devices = options.Roles.Contains("compute") ? options.Devices : new Dictionary<string, long>();
            akka.WithActors((system, registry) => registry.Register<BrokerActor>(system.ActorOf(
                Props.Create(() => new BrokerActor(options.Slots, devices)), "broker")));
            akka.WithActors((system, registry) => system.ActorOf(Props.Create(() => new BoardActor(board,
                registry.Get<BrokerActor>())), BoardActor.Name));
            var sweepIds = HashCodeMessageExtractor.Create(Shards, m => (m as ISweepMessage)?.Sweep, m => m);
            var modelIds = new ModelExtractor();
            if (options.Roles.Contains("coordinator"))
                akka.WithShardRegion<SweepActor>("sweep", (system, registry, _) => id => SweepActor.Supervised(id,
                    known, options.Code, registry.Get<ModelActor>(), e => SqlJournal.Explain(e, options.Journal),
                    TimeProvider.System, () => ComputeNodes(system)), sweepIds,
                    new ShardOptions { Role = "coordinator", StateStoreMode = StateStoreMode.DData });
            else akka.WithShardRegionProxy<SweepActor>("sweep", "coordinator", sweepIds);
            if (options.Roles.Contains("compute"))
                akka.WithActors((system, registry) => registry.Register<ModelActor>(ClusterSharding.Get(system).Start(
                    "model", id =>
                    {
                        Func<bool> elsewhere = () => Placement.MayGoElsewhere(id, NodeOf(system), board.Offers);
                        return Props.Create(() => new ModelActor(id, NodeIdentity.Own, options.Code, models,
                            registry.Get<SweepActor>(), registry.Get<BrokerActor>(), TimeProvider.System, elsewhere));
                    }, ClusterShardingSettings.Create(system).WithRole("compute"), modelIds,
                    new ModelAllocation(board, () => SelfOf(system)), PoisonPill.Instance)));
            else akka.WithShardRegionProxy<ModelActor>("model", "compute", modelIds);
            if (operators is not null) akka.AddHocon(operators, HoconAddMode.Prepend); // over all of the above
        });
        var node = new ClusterNode(builder.Build(), options, models, board);
        try
        {
            await opening;
            running = node.System; // made here: where it fails in the host, the host prints why
            await node.host.StartAsync(cancel);
            node.watcher = running.ActorOf(Props.Create(() => new Watcher(node)), "watcher");
            running.ActorOf(Props.Create(() => new MembershipActor(node.Met, node.WakeLater)), "membership");
            if (options.Seeds.Count > 0) node.journalName = ClusterLease.NameOf(options.Journal);
            await ClusterEntry.JoinAsync(running, options, node.journalName, cancel);
            node.WatchMembership();
        }
        catch (Exception e)
        {
            if (running is not null) await node.DisposeAsync();
            if (e.GetBaseException() is SocketException) throw new IOException(
                $"port {options.Address.ActorPort} of this machine is taken, by another node perhaps: give another "
                + "with --port", e);
            if (operators is null || e is OperationCanceledException or InvalidDataException or IOException) throw;
            throw new InvalidDataException(
                $"the node does not start with the settings of {options.Settings}: {e.GetBaseException().Message}", e);
        }
        node.Log.Info("node {Node} is up: Patchbay {Version}, {Slots} slots, {Bytes} bytes for models",
            NodeIdentity.Own, options.Code, options.Slots, options.MemoryBytes);
        return node;
    }

    /// <summary>Goes on with a sweep, if it is running.</summary>
    public void Wake(string sweep) => Sweeps.Tell(new WakeSweep(sweep));

    /// <summary>Goes on with every sweep that is running: those that a process before this one was at.</summary>
    public void WakeAll()
    {
        using var journal = SqlJournal.Open(Options.Journal, readOnly: true);
        foreach (var sweep in journal.Running()) Wake(sweep);
    }

    /// <summary>Has the actor of a study's next sweep ready by the time that its plan is.</summary>
    public void Prepare(string study) => Wake(NextOf(study));

    /// <inheritdoc/>
    public async Task<string> PlanAsync(SweepPlan plan)
    {
        var id = NextOf(plan.Study);
        await OrderAsync(id, new PlanSweep(plan, Options.Code));
        await OrderAsync(id, new StartSweep());
        return id;
    }

    /// <inheritdoc/>
    public async Task<SweepAnswer> OrderAsync(string sweep, SweepCommand command)
    {
        var answered = AskAsync(sweep, command);
        var until = DateTime.UtcNow + Patience;
        for (var time = 1; await Task.WhenAny(answered, Failure, Task.Delay(AskAgain)) != answered; time++)
        {
            if (Failure.IsCompleted) await Failure;
            if (time > 1) SqlJournal.CheckWritable(Options.Journal); // says why there is no answer
            if (DateTime.UtcNow > until) throw new IOException($"sweep {sweep} does not answer: try again");
        }
        var answer = await answered;
        // What a sweep's actor here has published before it answered is seen by whoever reads it from now on.
        await watcher!.Ask<ActorIdentity>(new Identify(null));
        return answer.Refusal is { } refusal ? throw new InvalidDataException($"sweep {sweep}: {refusal}") : answer;
    }

    // An order is kept until it is answered, also where nobody waits any more: an actor that its journal stopped comes
    // back without what it was told.
    private async Task<SweepAnswer> AskAsync(string sweep, SweepCommand command)
    {
        for (var patience = AskAgain; ; patience = SweepDispatch.RepeatEvery)
        {
            try
            {
                return await Sweeps.Ask<SweepAnswer>(new SweepOrder(sweep, command), patience);
            }
            catch (AskTimeoutException) when (!faults.ContainsKey(sweep) && stopped == 0)
            {
                // It is asked again.
            }
            catch (AskTimeoutException) when (faults.TryGetValue(sweep, out var fault))
            {
                throw fault;
            }
        }
    }

    private string NextOf(string study)
    {
        using var journal = SqlJournal.Open(Options.Journal, readOnly: true);
        var taken = journal.Sweeps();
        return Enumerable.Range(1, int.MaxValue).Select(n => $"{study}-{n}")
            .First(name => !taken.Contains(name) && !seen.ContainsKey(name));
    }

    /// <summary>An operator wants the node to leave its cluster and end.</summary>
    public Task Left => left.Task;

    /// <summary>Has the node leave its cluster and end.</summary>
    public void Leave() => left.TrySetResult();

    /// <summary>Waits a while for units under way, whose sweeps hand out no more; those that are not done then are
    /// given back.</summary>
    /// <param name="grace">How long units may still take.</param>
    public async Task StopAsync(TimeSpan grace)
    {
        for (var until = DateTime.UtcNow + grace; Shares.Count > 0 && DateTime.UtcNow < until && !Failure.IsCompleted;)
            await Task.Delay(20);
        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) == 1) return;
        pauses?.Dispose();
        metrics.Dispose();
        Log.Info("node {Node} stops", NodeIdentity.Own);
        await host.StopAsync();
        host.Dispose();
        if (Options.Log is not null) NodeLog.Close();
    }

    // A node that is gone had sweeps, which wait for nobody but who wakes them; its journal may be away as well.
    private void WakeLater() => Task.Run(async () =>
    {
        while (stopped == 0)
        {
            try
            {
                WakeAll();
                return;
            }
            catch (JournalException e)
            {
                Log.Warning("sweeps of a node that is gone are not woken yet: {Reason}", e.Message);
                await Task.Delay(AskAgain);
            }
        }
    });

    private void AskForName()
    {
        try
        {
            journalName = ClusterLease.NameOf(Options.Journal);
        }
        catch (JournalException)
        {
            // It is asked again when somebody wants to know.
        }
        finally
        {
            asking = 0;
        }
    }

    private void Met(int number) => fellows[number] = true;

    // What the others decide without this node it learns from them, or from its own clock.
    private void WatchMembership()
    {
        void CutOff(string how) => failure.TrySetException(new CutOffException(
            $"node {Options.Address} {how}: its units are given back"));
        _ = System.WhenTerminated.ContinueWith(_ =>
        {
            if (stopped == 0) CutOff("was cut off from its cluster, which goes on without it");
        }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (Options.Seeds.Count > 0) pauses = new(LongestPause, pause =>
            CutOff($"stood still for {pause.TotalSeconds:0} s, and its cluster went on without it"));
    }

    // A sweep that cannot be read is left alone, with the reason, and the others go on. A journal that is busy is
    // waited for: the sweep's actor comes back by itself.
    private void Stopped(string sweep, Exception reason)
    {
        if (Passes(reason))
        {
            Trouble = reason.Message;
            return;
        }
        faults[sweep] = reason;
        if (reason is not JournalException { Fault: JournalFault.Corrupt or JournalFault.Unknown })
            failure.TrySetException(reason);
    }

    private static bool Passes(Exception reason) =>
        reason is JournalException { Fault: JournalFault.Busy or JournalFault.Unreachable }
        || reason.InnerException is OpenCircuitException or RecoveryTimedOutException or TimeoutException;

    private sealed class Watcher : ReceiveActor
    {
        public Watcher(ClusterNode node)
        {
            Context.System.EventStream.Subscribe(Self, typeof(SweepSeen));
            Context.System.EventStream.Subscribe(Self, typeof(SweepStopped));
            Receive<SweepSeen>(message =>
            {
                if (message.State.Plan is not null) node.seen[message.Sweep] = message;
                if (message.Works) node.Trouble = null;
            });
            Receive<SweepStopped>(message => node.Stopped(message.Sweep, message.Reason));
        }
    }
}

using System.Collections.Concurrent;
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
using Patchbay.Cluster.Operating;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>How to run a node.</summary>
/// <param name="Journal">Where its journal is.</param>
/// <param name="Slots">Units that run at a time.</param>
/// <param name="Threads">Threads of one unit, where no plan says otherwise.</param>
/// <param name="MemoryBytes">For loaded models together.</param>
/// <param name="Code">Version of the program.</param>
public sealed record ClusterOptions(JournalPlace Journal, int Slots, int Threads, long MemoryBytes, string Code)
{
    /// <summary>Where its log goes; null where none is kept.</summary>
    public LogSettings? Log { get; init; }

    /// <summary>Path of an operator's settings of the actor system (<see cref="NodeConfig.Read"/>); null for
    /// none.</summary>
    public string? Settings { get; init; }
}

/// <summary>
/// A node: an Akka.NET actor system that is a cluster, of one machine or of more. Sweeps and models are sharded
/// entities; every result is an event that Akka.Persistence.Sql has recorded before it is seen here.
/// </summary>
public sealed class ClusterNode : ISweepServer, IAsyncDisposable
{
    private const int Shards = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(70), AskAgain = TimeSpan.FromSeconds(5);
    private readonly IHost host;
    private readonly ConcurrentDictionary<string, SweepSeen> seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Exception> faults = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NodeMetrics metrics;
    private int stopped;

    private ClusterNode(IHost host, ClusterOptions options, ObservedModels models)
    {
        (this.host, Options) = (host, options);
        metrics = new(this, models);
    }

    /// <summary>How it runs.</summary>
    public ClusterOptions Options { get; }

    /// <summary>Sweeps that it serves, as their actors last recorded them.</summary>
    public IReadOnlyDictionary<string, SweepState> Known => seen.ToDictionary(s => s.Key, s => s.Value.State);

    internal ActorSystem System => host.Services.GetRequiredService<ActorSystem>();

    /// <summary>What operators can see of its actor system.</summary>
    public NodeInspection Inspection => new(System);

    private ILoggingAdapter Log => Logging.GetLogger(System, typeof(ClusterNode));

    private IActorRef Sweeps => host.Services.GetRequiredService<ActorRegistry>().Get<SweepActor>();

    private IActorRef Broker => host.Services.GetRequiredService<ActorRegistry>().Get<BrokerActor>();

    /// <summary>How much is done of each unit that runs, by its sweep and id.</summary>
    public IReadOnlyDictionary<(string Sweep, string Unit), double> Shares =>
        seen.Values.SelectMany(s => s.Shares.Select(u => (Key: (s.Sweep, u.Key), u.Value)))
            .ToDictionary(u => u.Key, u => u.Value);

    /// <summary>What the node waits for, in a sentence, or null.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Ends only when the node cannot go on, with what stopped it.</summary>
    public Task Failure => failure.Task;

    /// <summary>Has the node end: what it serves is another's.</summary>
    public void Abandon(Exception reason) => failure.TrySetException(reason);

    /// <summary>A sweep as its actor last recorded it.</summary>
    public SweepState Sweep(string id) => seen.TryGetValue(id, out var last) ? last.State : SweepState.None;

    /// <summary>Why a sweep cannot go on here though the node does, in a sentence, or null: this version does not know
    /// its experiment, or its events are damaged.</summary>
    public string? FaultOf(string sweep) => faults.TryGetValue(sweep, out var fault) ? fault.Message
        : seen.TryGetValue(sweep, out var last) ? last.Fault : null;

    /// <summary>Starts a node and joins it to itself.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="source">Loads its models.</param>
    /// <param name="kinds">The experiments there are.</param>
    /// <exception cref="InvalidDataException">It does not start with the operator's settings.</exception>
    public static async Task<ClusterNode> StartAsync(ClusterOptions options, IModelSource source,
        IEnumerable<StageKind> kinds)
    {
        var operators = options.Settings is { } file ? NodeConfig.Read(file) : null;
        var opening = Task.Run(() => NodeLog.Open(options.Log)); // beside what else there is to do
        ActorSystem? running = null;
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
            akka.WithSqlPersistence(options.Journal.ConnectionString,
                options.Journal.File is null ? ProviderName.PostgreSQL15 : ProviderName.SQLiteMS,
                databaseMapping: DatabaseMapping.Default, autoInitialize: false);
            akka.WithActors((system, registry) => registry.Register<BrokerActor>(system.ActorOf(
                Props.Create(() => new BrokerActor(options.Slots, options.MemoryBytes)), "broker")));
            akka.WithShardRegion<SweepActor>("sweep", (_, registry, _) => id => SweepActor.Supervised(id, known,
                    options.Code, registry.Get<ModelActor>(), e => SqlJournal.Explain(e, options.Journal),
                    TimeProvider.System),
                HashCodeMessageExtractor.Create(Shards, m => (m as ISweepMessage)?.Sweep, m => m),
                new ShardOptions { Role = "coordinator", StateStoreMode = StateStoreMode.DData });
            akka.WithShardRegion<ModelActor>("model", (_, registry, _) => id => Props.Create(() => new ModelActor(id,
                    NodeIdentity.Own, options.Code, models, registry.Get<SweepActor>(), registry.Get<BrokerActor>(),
                    TimeProvider.System)),
                HashCodeMessageExtractor.Create(Shards, m => (m as IModelMessage)?.Model, m => m),
                new ShardOptions { Role = "compute", StateStoreMode = StateStoreMode.DData });
            if (operators is not null) akka.AddHocon(operators, HoconAddMode.Prepend); // over all of the above
        });
        var node = new ClusterNode(builder.Build(), options, models);
        try
        {
            await opening;
            running = node.System; // made here: where it fails in the host, the host prints why
            await node.host.StartAsync();
            running.ActorOf(Props.Create(() => new Watcher(node)), "watcher");
            running.ActorOf(Props.Create(() => new MembershipLog()), "membership");
            var cluster = Akka.Cluster.Cluster.Get(running);
            await cluster.JoinAsync(cluster.SelfAddress);
            while (cluster.State.Members.IsEmpty) await Task.Delay(10); // what is seen of it comes a moment later
        }
        catch (Exception e) when (operators is not null)
        {
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

    /// <summary>Its model actors.</summary>
    public async Task<IReadOnlyList<ModelStatus>> ModelsAsync() =>
        (await Broker.Ask<ModelList>(ModelsWanted.Instance, Patience)).Models;

    /// <summary>Has a model loaded before a unit needs it.</summary>
    public void Load(ModelKey model) =>
        host.Services.GetRequiredService<ActorRegistry>().Get<ModelActor>().Tell(new LoadModel(model.Id, model));

    /// <summary>Has all models of a name freed; false where none has memory.</summary>
    public async Task<bool> UnloadAsync(string name) => await Broker.Ask<int>(new DismissModels(name), Patience) > 0;

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
        metrics.Dispose();
        Log.Info("node {Node} stops", NodeIdentity.Own);
        await host.StopAsync();
        host.Dispose();
        if (Options.Log is not null) NodeLog.Close();
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

    // Signals are the command's: a host of its own accord would stop the actors before the command has paused its
    // sweep.
    private sealed class OwnLifetime : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

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

using Patchbay.Cluster.Dispatch;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Simulation;

/// <summary>A machine of a simulated cluster: a broker, and model actors with their work.</summary>
internal sealed class SimulatedMachine(SimulatedCluster world, int slots, bool tightMemory)
{
    private readonly long memory = tightMemory ? 1 << 20 : 16 << 20;
    private readonly Dictionary<string, Actor> actors = [];
    private readonly HashSet<string> computing = [], loaded = [];
    private DeviceBroker broker = NewBroker(slots, tightMemory);

    public bool Hosts(string model) => actors.ContainsKey(model);

    public void Die()
    {
        actors.Clear();
        computing.Clear();
        loaded.Clear();
        broker = NewBroker(slots, tightMemory);
    }

    public void Tell(IModelMessage message)
    {
        if (!actors.TryGetValue(message.Model, out var actor))
            actors[message.Model] = actor = new(message.Model, world.NewWorker(message.Model));
        switch (message)
        {
            case ServeSweep serve:
                actor.Begin(serve.Key);
                actor.Work!.Serve(serve, world.Time);
                world.ToSweep(actor.Work.Report(serve.Sweep));
                break;
            case RunUnit run when actor.Work is { } work:
                work.Accept(run, world.Time);
                world.ToSweep(work.Report(run.Order.Sweep));
                Ask(actor);
                break;
            case OutcomeTaken taken: actor.Work?.Taken(taken); break;
        }
    }

    public void Tick()
    {
        foreach (var actor in actors.Values.ToArray())
        {
            if (actor.Work is not { } work) continue;
            if (work.Hangs(world.Time)) End(actor, work.Running!, Outcome(actor, work.Running!, "it hangs", false));
            if (!work.IsWanted(world.Time)) broker.Idle(actor.Id);
            foreach (var outcome in work.Repeats(world.Time)) world.ToSweep(outcome);
            foreach (var sweep in work.ReportsDue(world.Time)) world.ToSweep(work.Report(sweep));
            Ask(actor);
        }
        Decide();
    }

    private static DeviceBroker NewBroker(int slots, bool tight) => new(slots,
        new Dictionary<string, long> { ["cpu"] = tight ? 1 << 20 : 16 << 20 });

    private void Ask(Actor actor)
    {
        if (actor.Asked || actor.Work!.Next(world.Time) is not { } next) return;
        actor.Asked = true;
        broker.Request(actor.Id, "cpu", actor.Key!.MemoryBytes, next.Share);
        Decide();
    }

    private void Decide()
    {
        var decision = broker.Decide();
        foreach (var model in decision.Dismissed)
        {
            broker.Free(model);
            loaded.Remove(model);
            if (computing.Contains(model)) world.Wrong($"{model} is freed while it computes");
            world.After(0.1, Decide);
        }
        foreach (var (model, _) in decision.Granted)
        {
            computing.Add(model);
            loaded.Add(model);
        }
        if (computing.Count > slots) world.Wrong($"{computing.Count} units run at a time");
        if (loaded.Count > 1 && loaded.Sum(m => actors[m].Key!.MemoryBytes) > memory)
            world.Wrong($"{loaded.Count} models are loaded, and have no room");
        foreach (var (model, _) in decision.Granted) Start(actors[model]);
    }

    private void Start(Actor actor)
    {
        actor.Asked = false;
        if (actor.Work!.Next(world.Time) is null)
        {
            computing.Remove(actor.Id);
            broker.Release(actor.Id, actor.Work!.IsWanted(world.Time));
            return;
        }
        var order = actor.Work.Start(world.Time);
        world.Runs(order);
        if (world.Chance() < world.Fault(0.003)) return; // hangs
        world.After(2 * world.Chance(), () =>
        {
            if (actors.GetValueOrDefault(actor.Id) != actor || actor.Work.Running != order) return;
            var outcome = order.Unit switch
            {
                SimulatedModels.Poison => Outcome(actor, order, "no memory", false),
                SimulatedModels.Hopeless => Outcome(actor, order, "never", true),
                _ when world.Chance() < world.Fault(0.05) => Outcome(actor, order, "it failed this time", false),
                _ => Outcome(actor, order, null, false),
            };
            End(actor, order, outcome);
        });
    }

    private void End(Actor actor, UnitOrder order, UnitOutcome outcome)
    {
        computing.Remove(actor.Id);
        broker.Release(actor.Id, actor.Work!.IsWanted(world.Time));
        actor.Work!.Finish(outcome, world.Time);
        world.ToSweep(outcome);
        Ask(actor);
        Decide();
    }

    private static UnitOutcome Outcome(Actor actor, UnitOrder order, string? error, bool permanent) => new(order.Sweep,
        actor.Worker, order.Unit, order.Attempt, error is null ? SimulatedModels.Results(order.Unit) : null,
        actor.Key!.Model.Fingerprint, "simulated", 1, error, permanent);

    private sealed class Actor(string id, string worker)
    {
        public string Id => id;

        public string Worker => worker;

        public ModelKey? Key { get; private set; }

        public ModelWork? Work { get; private set; }

        public bool Asked { get; set; }

        public void Begin(ModelKey key)
        {
            if (Work is null) (Key, Work) = (key, new(worker, key.Name));
        }
    }
}

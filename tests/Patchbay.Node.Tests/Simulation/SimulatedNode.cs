using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Node.Tests.Simulation;

/// <summary>A node of the simulation: the real coordinator and the real model actors, with a network between them that
/// loses, delays, repeats and reorders, and a clock of its own.</summary>
internal sealed class SimulatedNode
{
    private readonly SimulatedWorld world;
    private readonly Coordinator coordinator;
    private readonly Dictionary<ModelKey, Actor> actors = [];
    private readonly double born;
    private bool active; // in the middle of a tick, while another node got ahead

    public SimulatedNode(SimulatedWorld world, string name)
    {
        this.world = world;
        born = world.Now;
        var journal = new SimulatedJournal(world.Records, world.Chance, () => world.Fault(0.02), world.Interleave);
        coordinator = new Coordinator(journal, Experiment.All, name, "simulated",
            new(3, world.TightMemory ? 1 << 20 : 10 << 20) { SnapshotDue = (last, snapshot) => last - snapshot > 20 },
            Send);
    }

    public bool Dead { get; private set; }

    /// <summary>Seconds that this node's clock on the wall is ahead of the true time.</summary>
    public double ClockError { get; set; }

    private NodeTime Time => new(DateTimeOffset.UnixEpoch.AddSeconds(1e9 + world.Now + ClockError),
        TimeSpan.FromSeconds(world.Now - born));

    public void Kill() => Dead = true;

    public void Tick()
    {
        if (Dead || active) return;
        active = true;
        try
        {
            coordinator.Tick(Time);
            foreach (var (id, state) in coordinator.Sweeps) world.Seen(id, state);
        }
        catch (JournalException)
        {
            // Tried again at the next tick.
        }
        catch (SimulatedCrash)
        {
            Dead = world.Mortal;
        }
        finally
        {
            active = false;
        }
    }

    private void Receive(CoordinatorMessage message)
    {
        if (Dead) return;
        coordinator.Receive(message, Time);
        Tick();
    }

    private void Send(ModelKey key, ModelMessage message)
    {
        if (!actors.TryGetValue(key, out var actor)) actors[key] = actor = new Actor(key, this);
        world.Deliver(() => actor.Take(message));
    }

#pragma warning disable CA1001 // What a simulated model holds is nothing.
    private sealed class Actor
#pragma warning restore CA1001
    {
        private readonly SimulatedNode node;
        private readonly ModelKey key;
        private readonly ModelActor actor;
        private readonly List<CoordinatorMessage> replies = [];
        private readonly List<UnitOrder> held = [];
        private double freeAt;

        public Actor(ModelKey key, SimulatedNode node)
        {
            (this.node, this.key) = (node, key);
            actor = new ModelActor(key, new SimulatedModels(node.world.Chance, () => node.world.Fault(0.05)),
                replies.Add);
        }

        public void Take(ModelMessage message)
        {
            if (node.Dead) return;
            if (message is RunUnit(var order))
            {
                held.Add(order);
                Beat();
            }
            var world = node.world;
            freeAt = Math.Max(freeAt, world.Now) + (world.Chance() < world.Fault(0.03) ? 70 : 0.2 + 2 * world.Chance());
            world.At(freeAt, () => Finish(message));
        }

        private void Finish(ModelMessage message)
        {
            if (node.Dead) return;
            actor.Handle(message, CancellationToken.None);
            if (message is RunUnit(var order)) held.Remove(order);
            foreach (var reply in replies) node.world.Deliver(() => node.Receive(reply));
            replies.Clear();
        }

        private void Beat()
        {
            if (node.Dead || held.Count == 0) return;
            foreach (var order in held)
            {
                var unit = order;
                node.world.Deliver(() => node.Receive(new UnitWorking(key, unit.Sweep, unit.Unit)));
            }
            node.world.At(node.world.Now + 6, Beat);
        }
    }
}

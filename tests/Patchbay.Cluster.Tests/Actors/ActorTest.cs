using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Patchbay.Cluster.Operating;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests.Actors;

/// <summary>Actors by themselves, on a clock that only the test moves; who they speak to is the test.</summary>
public abstract class ActorTest() : TestKit(Settings)
{
    private static readonly Config Settings = ConfigurationFactory.ParseString("""
        akka.actor.provider = local
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        akka.persistence.journal.plugin = failing
        akka.persistence.snapshot-store.plugin = "akka.persistence.snapshot-store.inmem"
        failing {
          class = "Patchbay.Cluster.Tests.Actors.FailingJournal, Patchbay.Cluster.Tests"
          plugin-dispatcher = "akka.actor.default-dispatcher"
        }
        """).WithFallback(ConfigurationFactory.ParseString(NodeConfig.Own()));

    internal static SweepPlan Plan { get; } = SimulatedPlan.Make(poisoned: false, batches: false);

    internal static ModelKey Key { get; } = ModelKey.Of(Plan, "sound");

    internal JournalFaults Journal => JournalFaults.Of(Sys);

    /// <summary>The clock of the actors: it stands still but for <see cref="Pass"/>.</summary>
    protected TimeProvider Time => new VirtualTime((TestScheduler)Sys.Scheduler);

    /// <summary>The clock goes on by some seconds, at once.</summary>
    protected void Pass(double seconds = 1) => ((TestScheduler)Sys.Scheduler).Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Waits until an actor has handled what it was told so far.</summary>
    protected static async Task Handled(ICanTell actor) =>
        await actor.Ask<ActorIdentity>(new Identify(null), TimeSpan.FromSeconds(10));

    /// <summary>The orders of the plan's first units of a kind, for "sound".</summary>
    internal static UnitOrder Order(int number = 0, int attempt = 1)
    {
        var stage = Plan.Stages.First(s => s.Kind == "accuracy");
        string[] keys = ["prompts-0000-0127", "prompts-0128-0199"];
        return new("s", UnitId.Join(stage.Id, keys[number]), attempt, stage, JsonRecord.Empty, Plan);
    }

    private sealed class VirtualTime(TestScheduler scheduler) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => scheduler.Now.UtcTicks;
    }
}

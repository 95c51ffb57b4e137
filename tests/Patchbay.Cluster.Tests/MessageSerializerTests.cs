using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using CsCheck;
using Patchbay.Cluster.Operating;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Tests;

/// <summary>What passes between nodes, and what does not.</summary>
public sealed class MessageSerializerTests : IDisposable
{
    private static readonly SweepPlan Plan = SimulatedPlan.Make(poisoned: true, batches: true);

    private static readonly Gen<string> Texts =
        OneOf("", "s", "tiny-base/path-patching/B", "\"\\\u0000\r\n\u2028</script>", "\u05d0\U0001f600$type");

    private static readonly Gen<double> Numbers = Gen.OneOf(Gen.Double, OneOf(double.NaN, -0.0, 0.1 + 0.2,
        double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, double.MaxValue));

    private static readonly Gen<InterventionResult> Results =
        from item in Texts
        from score in Numbers
        from error in Numbers
        from samples in Gen.Int
        from some in Gen.Int[0, 15]
        select new InterventionResult(item, score, error, samples)
        {
            Head = (some & 1) > 0 ? new(31, 7) : null,
            Position = (some & 2) > 0 ? item : null,
            Detail = (some & 4) > 0 ? new() { Answers = "0110", Size = samples } : (some & 8) > 0
                ? new() { Kept = some > 8, Artifact = item } : null,
        };

    private static readonly Gen<object> Messages =
        from kind in Gen.Int[0, 8]
        from text in Texts
        from other in Texts
        from number in Gen.Int
        from share in Numbers
        from flag in Gen.Bool
        from results in Results.Array[0, 5]
        select Message(kind, text, other, number, share, flag, results);

    private readonly ActorSystem system = System();
    private readonly MessageSerializer serializer;

    public MessageSerializerTests() => serializer = new((ExtendedActorSystem)system);

    public void Dispose() => system.Terminate().Wait(TimeSpan.FromSeconds(10));

    [Fact]
    public void Every_message_is_the_same_after_its_way_through_bytes() => Messages.Sample(message =>
    {
        Assert.Same(typeof(MessageSerializer), system.Serialization.FindSerializerFor(message).GetType());
        var bytes = serializer.ToBinary(message);
        var read = serializer.FromBinary(bytes, serializer.Manifest(message));
        Assert.Equal(message.GetType(), read.GetType());
        Assert.Equivalent(message, read, strict: true);
        Assert.Equal(bytes, serializer.ToBinary(read));
        Assert.DoesNotContain("Patchbay.", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }, iter: 2000, threads: 1);

    [Fact]
    public void A_number_keeps_every_bit() => Numbers.Sample(score =>
    {
        var outcome = new UnitOutcome("s", "w", "u", 1, [new("0.1", score, double.NaN, 1)], "f", "c", score, null,
            Permanent: true);
        var read = (UnitOutcome)serializer.FromBinary(serializer.ToBinary(outcome), serializer.Manifest(outcome));
        Assert.Equal(BitConverter.DoubleToInt64Bits(score), BitConverter.DoubleToInt64Bits(read.Results![0].Score));
        Assert.Equal(BitConverter.DoubleToInt64Bits(score), BitConverter.DoubleToInt64Bits(read.Seconds));
    });

    [Fact]
    public void No_message_of_sweeps_and_models_is_left_out()
    {
        Type[] kinds = [.. typeof(ISweepMessage).Assembly.GetTypes().Where(t => !t.IsAbstract && !t.IsInterface
            && (t.IsAssignableTo(typeof(ISweepMessage)) || t.IsAssignableTo(typeof(IModelMessage))))];
        Assert.Equal(8, kinds.Length);
        string[] manifests = [.. kinds.Append(typeof(SweepAnswer)).Select(kind =>
            serializer.Manifest(RuntimeHelpers.GetUninitializedObject(kind)))];
        Assert.Equal(9, manifests.Distinct().Count());
        Assert.All(manifests, name => Assert.Matches("^[a-z]+-[a-z]+/[0-9]+$", name));
    }

    [Fact]
    public void What_only_a_node_says_to_itself_has_no_form_in_bytes()
    {
        var local = typeof(ILocalMessage).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(ILocalMessage))
            && !t.IsInterface).Select(RuntimeHelpers.GetUninitializedObject);
        Assert.All(local.Append(new object()).Append(Plan), message =>
        {
            var found = system.Serialization.FindSerializerFor(message);
            Assert.IsType<RefusingSerializer>(found);
            Assert.Contains("may not leave its node", Assert.Throws<SerializationException>(() =>
                found.ToBinary(message)).Message, StringComparison.Ordinal);
        });
        Assert.Throws<SerializationException>(() => serializer.ToBinary(new SweepOrder("s", new ClaimUnit("u", "n"))));
    }

    [Theory]
    [InlineData(9111, "model-report/99", "{}")]
    [InlineData(9111, "Patchbay.Cluster.ModelReport, Patchbay.Cluster", "{}")]
    [InlineData(9111, "", "{}")]
    [InlineData(9111, "wake-sweep/1", "null")]
    [InlineData(9111, "wake-sweep/1", "{}")]
    [InlineData(9111, "wake-sweep/1", "{\"sweep\":null}")]
    [InlineData(9111, "wake-sweep/1", "{\"sweep\":\"s\"")]
    [InlineData(9111, "sweep-order/1", """{"sweep":"s","command":{"kind":"claim","unit":"u","node":"n"}}""")]
    [InlineData(1, "System.Object, mscorlib", "{\"$type\":\"System.IO.FileInfo, System.Private.CoreLib\"}")]
    [InlineData(-5, "", "{}")]
    public void Bytes_that_are_no_known_message_are_an_error(int number, string manifest, string text) =>
        Assert.Throws<SerializationException>(() =>
            system.Serialization.Deserialize(Encoding.UTF8.GetBytes(text), number, manifest));

    [Fact]
    public async Task A_message_of_an_unknown_kind_costs_itself_and_leaves_the_node_running()
    {
        var received = new TaskCompletionSource<string>();
        system.ActorOf(Props.Create(() => new Listener(received)), "listener");
        using var newer = System("akka.actor.serializers.messages = "
            + "\"Patchbay.Cluster.Tests.MessageSerializerTests+Newer, Patchbay.Cluster.Tests\"");
        var address = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        var listener = await newer.ActorSelection(new RootActorPath(address) / "user" / "listener")
            .ResolveOne(TimeSpan.FromSeconds(10));
        listener.Tell(new ModelReport("lost", "w", "m", 1, []));
        listener.Tell(new object()); // does not even leave
        listener.Tell(new WakeSweep("arrives"));
        Assert.Equal("arrives", await received.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.False(system.WhenTerminated.IsCompleted);
        await newer.Terminate();
    }

    private static ActorSystem System(string over = "") => ActorSystem.Create("wire", ConfigurationFactory.ParseString(
        over + "\nakka.actor.provider = remote").WithFallback(ConfigurationFactory.ParseString(
        NodeConfig.Own())));

    private static object Message(int kind, string text, string other, int number, double share, bool flag,
        InterventionResult[] results)
    {
        var stage = Plan.Stages[Math.Abs(number % Plan.Stages.Count)];
        var key = ModelKey.Of(Plan, stage.Model) with { Dtype = text, Threads = number };
        return kind switch
        {
            0 => new SweepOrder(text, Math.Abs(number % 6) switch
            {
                0 => new PlanSweep(Plan with { Seed = (ulong)number, Attempts = number }, other),
                1 => new StartSweep(),
                2 => new PauseSweep(),
                3 => new ResumeSweep(),
                4 => new CancelSweep(),
                _ => new RetrySweep(),
            }),
            1 => new SweepAnswer(text, (SweepStatus)Math.Abs(number % 6), flag, flag ? other : null),
            2 => new WakeSweep(text),
            3 => new ModelReport(text, other, text, number, [new(text, number, share), new(other, 1, null)]),
            4 => new UnitOutcome(text, other, text, number, flag ? results : null, other, text, share,
                flag ? null : other, flag),
            5 => new ServeSweep(text, key, other),
            6 => new RunUnit(text, other, new(text, other, number, stage, flag ? JsonRecord.Empty : new(
                """{"receivers":[5,3],"as-published":true}"""), Plan), share),
            7 => new OutcomeTaken(text, other, text, number),
            _ => new LoadModel(text, key),
        };
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<string> received) =>
            Receive<ISweepMessage>(message => received.TrySetResult(message.Sweep));
    }

    /// <summary>Patchbay as it may be some day: it has another form of report.</summary>
    public sealed class Newer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        private readonly MessageSerializer today = new(system);

        /// <inheritdoc/>
        public override int Identifier => today.Identifier;

        /// <inheritdoc/>
        public override string Manifest(object o) => o is ModelReport ? "model-report/2" : today.Manifest(o);

        /// <inheritdoc/>
        public override byte[] ToBinary(object obj) => today.ToBinary(obj);

        /// <inheritdoc/>
        public override object FromBinary(byte[] bytes, string manifest) => today.FromBinary(bytes, manifest);
    }
}

using System.Diagnostics;
using System.Text.Json;
using Xunit.Abstractions;
using static Patchbay.EndToEnd.Tests.Killing;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Three machines with real links between them, and what happens to machines: one is killed, stopped, cut off,
/// slow, has another time, is restarted. A sweep goes on through each, and gives the same.</summary>
[Collection(nameof(ClusterTests))]
public sealed class NetworkTests(ITestOutputHelper output)
{
    private const string RunsFor = "PATCHBAY_SOAK"; // minutes for which faults are repeated at random, or anything

    /// <summary>What befalls a machine, and how soon the sweep must go on.</summary>
    /// <param name="What">In words.</param>
    /// <param name="Within">Seconds within which the second result comes after it; one may be on its way.</param>
    /// <param name="Whom">Which machine.</param>
    /// <param name="Begins">What happens to it.</param>
    /// <param name="Lasts">Seconds until that is over.</param>
    /// <param name="Ends">What makes it well again.</param>
    private sealed record Fault(string What, double Within, Func<Machines, int> Whom, Action<Machines, int> Begins,
        double Lasts, Action<Machines, int> Ends);

    private static readonly Func<Machines, int> WithSweep = m => m.WithSweep, Without = m => m.WithoutSweep;
    private static readonly Action<Machines, int> Heal = (m, _) => m.Net.Heal(), Start = (m, i) => m.Start(i);

    private static readonly Fault[] Faults =
    [
        new("kill -9 of a node without the sweep", 12, Without, (m, i) => m.Kill(i), 5, Start),
        new("kill -9 of the node with the sweep", 12, WithSweep, (m, i) => m.Kill(i), 5, Start),
        new("SIGTERM of a node without the sweep", 5, Without, (m, i) => m.End(i), 5, Start),
        new("SIGTERM of the node with the sweep", 5, WithSweep, (m, i) => m.End(i), 5, Start),
        new("SIGSTOP of a node for 20 s, then CONT", 15, Without, (m, i) => m.Signal(i, "-STOP"), 20,
            (m, i) => m.Signal(i, "-CONT")),
        new("SIGSTOP of the node with the sweep for 20 s, then CONT", 15, WithSweep, (m, i) => m.Signal(i, "-STOP"), 20,
            (m, i) => m.Signal(i, "-CONT")),
        new("the link of the node with the sweep cut for 30 s", 20, WithSweep, (m, i) => m.Net.Cut(i), 30, Heal),
        new("what a node sends dropped for 30 s", 20, Without, (m, i) => m.Net.Mute(i), 30, Heal),
        new("the node with the sweep split from the two others for 30 s, the database in reach of all", 20, WithSweep,
            (m, i) => m.Net.Part(i, [.. Machines.All.Where(other => other != i)]), 30, Heal),
        new("the database killed, and started 2 s later", 20, Without, (m, _) => m.Server.Kill(), 2,
            (m, _) => m.Server.Start()),
        new("10 % of the packets to two nodes lost for 30 s", 20, WithSweep, (m, _) =>
        {
            m.Net.Lose(1);
            m.Net.Lose(2);
        }, 30, Heal),
        new("1 Mbit/s from the node with the sweep for 30 s", 20, WithSweep, (m, i) => m.Net.Slow(i), 30, Heal),
        new("all three restarted in turn", 20, Without, (m, _) => m.RestartAll(), 0, (m, _) => m.Restarted()),
        new("a fourth node joins whose clock is an hour ahead, where libfaketime is", 20, WithSweep,
            (m, _) => m.StartFourth(), 5, (_, _) => { })
    ];

    [NetworkFact]
    public void A_node_that_is_cut_off_stops_and_comes_back_and_the_sweep_is_the_same()
    {
        using var machines = new Machines();
        var split = Faults.Single(f => f.What.Contains("split", StringComparison.Ordinal));
        Suffers(machines, 1, split with { Lasts = 15 });
    }

    [NetworkFact(isSoak: true)]
    public void Whatever_happens_to_machines_and_links_a_sweep_gives_the_same_and_goes_on_soon()
    {
        using var machines = new Machines();
        for (var i = 0; i < Faults.Length; i++) Suffers(machines, i + 1, Faults[i]);
    }

    [NetworkFact(isSoak: true)]
    public void Whatever_happens_again_and_again_at_random_a_sweep_gives_the_same()
    {
        _ = double.TryParse(Environment.GetEnvironmentVariable(RunsFor), out var minutes);
        var (seed, until) = (Environment.TickCount, DateTime.UtcNow.AddMinutes(minutes));
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var machines = new Machines();
        for (var i = 1; DateTime.UtcNow < until; i++) // not timed closely, for faults follow upon each other
            Suffers(machines, i, Faults[random.Next(Faults.Length)] with { Within = 60 });
    }

    private void Suffers(Machines machines, int number, Fault fault)
    {
        var sweep = machines.Begin(number);
        var whom = fault.Whom(machines);
        fault.Begins(machines, whom);
        var (clock, before) = (Stopwatch.StartNew(), machines.Results);
        var second = Task.Run(() =>
        {
            Pbm.WaitFor(() => machines.Results > before + 1 || machines.IsOver);
            return clock.Elapsed.TotalSeconds;
        });
        Thread.Sleep(TimeSpan.FromSeconds(fault.Lasts));
        fault.Ends(machines, whom);
        var after = second.GetAwaiter().GetResult();
        Assert.True(machines.Results > before + 1, $"{fault.What}: the sweep was over too soon to tell");
        output.WriteLine($"{fault.What}: the second result after {after:0.0} s");
        machines.Complete(sweep);
        Assert.True(after <= fault.Within, $"{fault.What}: after {after:0.0} s, expected {fault.Within} s at most");
    }

    /// <summary>Three nodes in namespaces, their database on this machine.</summary>
    private sealed class Machines : IDisposable
    {
        public static readonly int[] All = [1, 2, 3];

        // So long that it goes on while something lasts, and its units so short that a second result may be soon.
        private static readonly string Long = Study.Replace("prompts: 800", "prompts: 2000", StringComparison.Ordinal);
        private static readonly Lazy<Home> Calm = new(() => Killing.Calm(Long));
        private static readonly string? FakeTime = Directory.GetDirectories("/usr/lib")
            .Select(f => Path.Combine(f, "faketime", "libfaketime.so.1")).FirstOrDefault(File.Exists);

        private readonly TemporaryFolder folder = new();
        private readonly Pbm?[] nodes = new Pbm?[5];
        private readonly string database, certificate;
        private readonly Home client;
        private Task restarts = Task.CompletedTask;
        private string sweep = "";

        public Machines()
        {
            Server = new(Net.Host);
            database = Server.NewDatabase();
            client = new(folder.PathOf("client"), database);
            certificate = folder.PathOf("cluster.pem");
            Ended(Pbm.Run(folder.PathOf("none"), "cluster", "certificate", "--out", certificate));
            foreach (var i in All) Start(i);
            AllUp();
        }

        public PostgresServer Server { get; }

        public Network Net { get; } = new(4);

        /// <summary>How many units of the sweep are recorded as done; as many as before where the database does not
        /// answer.</summary>
        public int Results
        {
            get
            {
                try
                {
                    return field = client.Completed(sweep).Length;
                }
                catch (Exception e) when (e is IOException or System.Data.Common.DbException)
                {
                    return field;
                }
            }
        }

        /// <summary>Whether the sweep has completed.</summary>
        public bool IsOver
        {
            get
            {
                try
                {
                    return client.Events(sweep).OfType<Sweeps.SweepCompleted>().Any();
                }
                catch (Exception e) when (e is IOException or System.Data.Common.DbException)
                {
                    return false;
                }
            }
        }

        /// <summary>The machine that has the sweep's actor.</summary>
        public int WithSweep => All.First(i => HasSweep(i));

        public int WithoutSweep => All.Last(i => !HasSweep(i));

        /// <summary>Begins a sweep, and waits for its first results.</summary>
        public string Begin(int number)
        {
            sweep = $"killed-{number}";
            var study = folder.PathOf("killed.yaml");
            var models = Long.Split('[', ']')[1];
            var copies = string.Join(", ", models.Split(", ").Select(m => $"{{name: {m}, replicas: 2}}"));
            File.WriteAllText(study, Long.Replace(models, copies, StringComparison.Ordinal)
                .Replace("memory: 2GiB", "memory: 2GiB, expect: 3", StringComparison.Ordinal));
            using var run = Pbm.Start(client, ["study", "run", study, .. Asked(1)]);
            run.Until(sweep);
            Pbm.WaitFor(() => Results >= 4);
            run.Interrupt(); // the watching ends, the sweep does not
            run.Finish();
            return sweep;
        }

        /// <summary>All is well again, the sweep completes, and is what it is where nobody disturbs it.</summary>
        public void Complete(string sweep)
        {
            AllUp();
            Pbm.WaitFor(() => client.Events(sweep).OfType<Sweeps.SweepCompleted>().Any(), minutes: 6);
            Assert.Equal(client.Completed(sweep).Distinct(), client.Completed(sweep));
            NothingAfterItsCompletion(client, sweep);
            SameExports(folder, (Calm.Value, Sweep), (client, sweep));
            if (nodes[4] is null) return;
            Up(4);
            End(4);
            nodes[4] = null;
        }

        public void Kill(int machine) => nodes[machine]!.Kill();

        public void Signal(int machine, string signal) => nodes[machine]!.Signal(signal);

        public void End(int machine)
        {
            Signal(machine, "-TERM");
            Assert.Contains("stopped", nodes[machine]!.Finish(30).Out, StringComparison.Ordinal);
        }

        public void RestartAll() => restarts = Task.Run(() =>
        {
            foreach (var i in All)
            {
                End(i);
                Start(i);
                Up(i);
            }
        });

        public void Restarted() => restarts.GetAwaiter().GetResult();

        public void StartFourth() =>
            Start(4, FakeTime is null ? [] : ["env", $"LD_PRELOAD={FakeTime}", "FAKETIME=+1h"]);

        public void Dispose()
        {
            foreach (var node in nodes) node?.Dispose();
            Server.Dispose();
            Net.Dispose();
            folder.Dispose();
        }

        public void Start(int machine, params string[] by)
        {
            nodes[machine]?.Dispose();
            Home home = new(folder.PathOf($"{machine}"), database);
            nodes[machine] = Pbm.Start([.. Net.On(machine), .. by], home, ["node", "run", "--hostname",
                Net.Address(machine), .. All.SelectMany(i => (string[])["--seed", Net.Address(i)]), "--certificate",
                certificate, "--slots", "1"]);
        }

        private void AllUp()
        {
            try
            {
                foreach (var i in All) Up(i);
            }
            catch (Xunit.Sdk.FailException e)
            {
                throw new InvalidOperationException($"not all nodes are up: {e.Message}\n"
                    + string.Join('\n', All.Select(i => $"node {i}:\n{nodes[i]!.Out}\n{nodes[i]!.Errors}")), e);
            }
        }

        /// <summary>The node on a machine and all its fellows are members that are up.</summary>
        private void Up(int machine) => Pbm.WaitFor(() => All.Append(machine).Distinct().All(i => Members(machine)
            .Any(m => m.GetProperty("address").GetString()!.Contains(Net.Address(i), StringComparison.Ordinal)
                && m.GetProperty("status").GetString() == "up" && m.GetProperty("reachable").GetBoolean())));

        private JsonElement[] Members(int machine) => Json(machine, "cluster", "show");

        private bool HasSweep(int machine) => Json(machine, "cluster-sharding", "shards").Any(s =>
            s.GetProperty("address").GetString()!.Contains(Net.Address(machine), StringComparison.Ordinal)
            && s.GetProperty("entities").ToString().Contains($"\"{sweep}\"", StringComparison.Ordinal));

        private JsonElement[] Json(int machine, params string[] command)
        {
            var outcome = Pbm.Run(folder.PathOf("none"), [.. command, "--json", .. Asked(machine)]);
            return outcome.Code == 0 ? [.. JsonDocument.Parse(outcome.Out).RootElement.EnumerateArray()] : [];
        }

        private string[] Asked(int machine) => ["--node", Net.Address(machine), "--certificate", certificate];
    }

    /// <summary>A fact that needs a <see cref="Network"/> and PostgreSQL.</summary>
    private sealed class NetworkFactAttribute : FactAttribute
    {
        public NetworkFactAttribute(bool isSoak = false) => Skip =
            isSoak && !SoakFactAttribute.IsSoak ? "runs where PATCHBAY_SOAK is set" : Network.Missing
            ?? (PostgresServer.Programs is null ? PostgresFactAttribute.Notice : null);
    }
}

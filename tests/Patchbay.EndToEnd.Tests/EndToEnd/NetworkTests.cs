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

    /// <summary>What happens, and seconds within which the second result comes after it.</summary>
    private static readonly (string What, double Within, Action<Machines> Happens)[] Faults =
    [
        ("kill -9 of a node without the sweep", 12, m => m.Killed(m.WithoutSweep)),
        ("kill -9 of the node with the sweep", 12, m => m.Killed(m.WithSweep)),
        ("SIGTERM of a node without the sweep", 5, m => m.Ended(m.WithoutSweep)),
        ("SIGTERM of the node with the sweep", 5, m => m.Ended(m.WithSweep)),
        ("SIGSTOP of a node for 20 s, then CONT", 30, m => m.Stopped(m.WithoutSweep)),
        ("SIGSTOP of the node with the sweep for 20 s, then CONT", 30, m => m.Stopped(m.WithSweep)),
        ("the link of the node with the sweep cut for 30 s", 30, m => m.For(30, () => m.Net.Cut(m.WithSweep))),
        ("what a node sends dropped for 30 s", 30, m => m.For(30, () => m.Net.Mute(m.WithoutSweep))),
        ("split into two and one for 30 s, all of which reach the database", 30, m => m.For(30, () =>
            m.Net.Part(m.WithSweep, [.. Machines.All.Where(i => i != m.WithSweep)]))),
        ("the database killed and started", 30, m => m.DatabaseKilled()),
        ("10 % of the packets to two nodes lost for 30 s", 30, m => m.For(30, () =>
        {
            m.Net.Lose(1);
            m.Net.Lose(2);
        })),
        ("1 Mbit/s from the node with the sweep for 30 s", 30, m => m.For(30, () => m.Net.Slow(m.WithSweep))),
        ("all three restarted in turn", 30, m => m.Restarted()),
        ("a fourth node joins whose clock is an hour ahead", 30, m => m.FourthJoins())
    ];

    [NetworkFact]
    public void A_node_that_is_cut_off_stops_and_comes_back_and_the_sweep_is_the_same()
    {
        using var machines = new Machines();
        Suffers(machines, 1, Faults.Single(f => f.What.StartsWith("split", StringComparison.Ordinal)));
    }

    [NetworkFact(isSoak: true)]
    public void Whatever_happens_to_machines_and_links_a_sweep_gives_the_same()
    {
        using var machines = new Machines();
        for (var i = 0; i < Faults.Length; i++) Suffers(machines, i + 1, Faults[i]);
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var until = DateTime.UtcNow.AddMinutes(double.TryParse(Environment.GetEnvironmentVariable(RunsFor), out var minutes)
            ? minutes : 0);
        for (var i = Faults.Length; DateTime.UtcNow < until; i++)
            Suffers(machines, i + 1, Faults[random.Next(Faults.Length)]);
    }

    private void Suffers(Machines machines, int number, (string What, double Within, Action<Machines> Happens) fault)
    {
        var sweep = machines.Begin(number);
        var clock = Stopwatch.StartNew();
        var before = machines.Results;
        // One may have been on its way.
        var second = Task.Run(() =>
        {
            Pbm.WaitFor(() => machines.Results > before + 1);
            return clock.Elapsed.TotalSeconds;
        });
        fault.Happens(machines);
        var after = second.GetAwaiter().GetResult();
        output.WriteLine($"{fault.What}: the second result after {after:0.0} s");
        machines.End(sweep);
        Assert.True(after <= fault.Within, $"{fault.What}: after {after:0.0} s, expected {fault.Within} s at most");
    }

    /// <summary>Three nodes in namespaces, their database on this machine.</summary>
    private sealed class Machines : IDisposable
    {
        public static readonly int[] All = [1, 2, 3];
        private readonly TemporaryFolder folder = new();
        private readonly Pbm?[] nodes = new Pbm?[5];
        private readonly PostgresServer server;
        private readonly string database, certificate;
        private readonly Home client;
        private string sweep = "";

        public Machines()
        {
            server = new(Net.Host);
            database = server.NewDatabase();
            client = new(folder.PathOf("client"), database);
            certificate = folder.PathOf("cluster.pem");
            Killing.Ended(Pbm.Run(folder.PathOf("none"), "cluster", "certificate", "--out", certificate));
            foreach (var i in All) Start(i);
            AllUp();
        }

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

        /// <summary>The machine that has the sweep's actor.</summary>
        public int WithSweep => All.First(i => HasSweep(i));

        public int WithoutSweep => All.Last(i => !HasSweep(i));

        /// <summary>Begins a sweep, and waits for its first results.</summary>
        public string Begin(int number)
        {
            sweep = $"killed-{number}";
            var study = folder.PathOf("killed.yaml");
            var models = string.Join(", ", Study.Split('[', ']')[1].Split(", ").Select(m => $"{{name: {m}, replicas: 2}}"));
            File.WriteAllText(study, Study.Replace(Study.Split('[', ']')[1], models, StringComparison.Ordinal)
                .Replace("memory: 2GiB", "memory: 2GiB, expect: 3", StringComparison.Ordinal));
            using var run = Pbm.Start(client, ["study", "run", study, .. Asked(1)]);
            run.Until(sweep);
            Pbm.WaitFor(() => Results >= 4);
            run.Interrupt(); // the watching ends, the sweep does not
            run.Finish();
            return sweep;
        }

        /// <summary>All is well again, the sweep completes, and is what it is where nobody disturbs it.</summary>
        public void End(string sweep)
        {
            AllUp();
            Pbm.WaitFor(() => client.Events(sweep).OfType<Sweeps.SweepCompleted>().Any());
            Assert.Equal(client.Completed(sweep).Distinct(), client.Completed(sweep));
            NothingAfterItsCompletion(client, sweep);
            SameExports(folder, (Undisturbed, Sweep), (client, sweep));
            if (nodes[4] is not { } fourth) return;
            fourth.Signal("-TERM");
            fourth.Finish(30);
            nodes[4] = null;
        }

        public void Killed(int machine)
        {
            nodes[machine]!.Kill();
            Thread.Sleep(TimeSpan.FromSeconds(5));
            Start(machine);
        }

        public void Ended(int machine)
        {
            nodes[machine]!.Signal("-TERM");
            Assert.Contains("stopped", nodes[machine]!.Finish(30).Out, StringComparison.Ordinal);
            Thread.Sleep(TimeSpan.FromSeconds(5));
            Start(machine);
        }

        public void Stopped(int machine)
        {
            nodes[machine]!.Signal("-STOP");
            Thread.Sleep(TimeSpan.FromSeconds(20));
            nodes[machine]!.Signal("-CONT");
        }

        public void For(double seconds, Action happens)
        {
            happens();
            Thread.Sleep(TimeSpan.FromSeconds(seconds));
            Net.Heal();
        }

        public void DatabaseKilled()
        {
            server.Kill();
            Thread.Sleep(TimeSpan.FromSeconds(2));
            server.Start();
        }

        public void Restarted()
        {
            foreach (var i in All)
            {
                nodes[i]!.Signal("-TERM");
                nodes[i]!.Finish(30);
                Start(i);
                Up(i);
            }
        }

        public void FourthJoins()
        {
            Start(4, "faketime", "-f", "+1h");
            Up(4);
        }

        public void Dispose()
        {
            foreach (var node in nodes) node?.Dispose();
            server.Dispose();
            Net.Dispose();
            folder.Dispose();
        }

        private void Start(int machine, params string[] by)
        {
            nodes[machine]?.Dispose();
            Home home = new(folder.PathOf($"{machine}"), database);
            nodes[machine] = Pbm.Start([.. Net.On(machine), .. by], home, ["node", "run", "--hostname",
                Net.Address(machine), .. All.SelectMany(i => (string[])["--seed", Net.Address(i)]), "--certificate",
                certificate, "--slots", "1"]);
        }

        private void AllUp()
        {
            foreach (var i in All) Up(i);
        }

        /// <summary>The node on a machine and all its fellows are members that are up.</summary>
        private void Up(int machine) => Pbm.WaitFor(() => All.Append(machine).Distinct().All(i => Members(machine)
            .Any(m => m.GetProperty("address").GetString()!.Contains(Net.Address(i), StringComparison.Ordinal)
                && m.GetProperty("status").GetString() == "up" && m.GetProperty("reachable").GetBoolean())));

        private JsonElement[] Members(int machine) => Json(machine, "cluster", "show");

        private bool HasSweep(int machine) => Json(machine, "cluster-sharding", "regions").Any(s =>
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

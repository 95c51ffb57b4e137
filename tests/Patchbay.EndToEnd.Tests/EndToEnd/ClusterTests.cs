using System.Text.Json;
using Patchbay.Journal;
using Xunit.Abstractions;
using static Patchbay.EndToEnd.Tests.Killing;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Processes that are one cluster: on this machine, by TLS, with their journal in PostgreSQL.</summary>
[Collection(nameof(ClusterTests))]
public sealed class ClusterTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [PostgresFact]
    public void A_sweep_goes_on_when_a_node_is_killed_and_another_leaves_and_its_exports_are_the_same()
    {
        using var server = new PostgresServer();
        var database = server.NewDatabase();
        var certificate = folder.PathOf("cluster.pem");
        Ended(Pbm.Run(folder.PathOf("none"), "cluster", "certificate", "--out", certificate));
        var (first, second, third) = (FreePorts.Two(), FreePorts.Two(), FreePorts.Two());
        using var one = Node(first, "one");
        using var two = Node(second, "two");
        using var three = Node(third, "three");
        Home home = new(folder.PathOf("client"), database);
        string[] asked = ["--node", $"127.0.0.1:{first}", "--certificate", certificate];
        Pbm.WaitFor(() => Pbm.Run(folder.PathOf("none"), ["cluster", "show", "--json", .. asked]).Out
            .Split("\"up\"").Length == 4);

        var study = folder.PathOf("killed.yaml");
        File.WriteAllText(study, Study.Replace("tiny-goat", "{name: tiny-goat, replicas: 2}",
            StringComparison.Ordinal).Replace("memory: 2GiB", "memory: 2GiB, expect: 3", StringComparison.Ordinal));
        using var run = Pbm.Start(home, ["study", "run", study, .. asked]);
        run.Until("killed-1");
        Pbm.WaitFor(() => home.Completed(Sweep).Length >= 4);
        Ended(Pbm.Run(folder.PathOf("none"), ["model", "move", "tiny-base", $"127.0.0.1:{second}", .. asked]));
        // On a slow machine the model may have no unit left when it is told to move: then it is placed nowhere anew.
        Pbm.WaitFor(() => run.HasExited || JsonDocument.Parse(
            Pbm.Run(folder.PathOf("none"), ["model", "list", "--json", .. asked]).Out)
            .RootElement.EnumerateArray().Single(m => m.GetProperty("name").GetString() == "tiny-base")
            .GetProperty("node").GetString()!.EndsWith($"at 127.0.0.1:{second}", StringComparison.Ordinal));
        Kill(two, "killed with -9");
        three.Signal("-TERM");
        Waited("ended by SIGTERM");
        Assert.Contains("stopped", three.Finish(30).Out, StringComparison.Ordinal);
        Ended(run.Finish());
        Assert.Equal(home.Completed(Sweep).Distinct(), home.Completed(Sweep));
        NothingAfterItsCompletion(home);
        SameExports(folder, Undisturbed, home);
        Ended(Pbm.Run(home, "journal", "verify"));
        string[] read = ["sweep", "show", Sweep];
        Assert.Equal(Pbm.Run(home, read).Out, Pbm.Run(folder.PathOf("none"), [.. read, .. asked]).Out);

        Pbm Node(int port, string name) => Started(Pbm.Start(new Home(folder.PathOf(name), database), "node", "run",
            "--port", $"{port}", "--seed", $"127.0.0.1:{first}", "--certificate", certificate, "--slots", "1"));

        void Kill(Pbm node, string how)
        {
            node.Kill();
            Waited(how);
        }

        void Waited(string how)
        {
            var (clock, done) = (System.Diagnostics.Stopwatch.StartNew(), home.Completed(Sweep).Length);
            Pbm.WaitFor(() => run.HasExited || home.Completed(Sweep).Length > done + 1); // one may have been on its way
            output.WriteLine($"a node was {how}: the second result after {clock.Elapsed.TotalSeconds:0.0} s");
        }
    }

    [Fact]
    public void What_does_not_fit_is_said_before_anything_starts()
    {
        Home home = folder.PathOf("data");
        Pbm.Run(home, "node", "run", "--hostname", "gpu1").Says(2, "needs the cluster's certificate");
        Pbm.Run(home, "node", "run", "--seed", "gpu2").Says(2, "--seed gpu2:9110 is another machine");
        Pbm.Run(home, "node", "run", "--hostname", "gpu1", "--seed", "gpu2").Says(2, "share a database of PostgreSQL");
        Pbm.Run(home, "node", "run", "--port", "99999").Says(2, "--port: expected a port from 0 to 65534");
        Pbm.Run(home, "node", "run", "--roles", "compute,cook").Says(2, "--roles: expected coordinator or compute");
        Pbm.Run(home, "node", "run", "--certificate", "none.pem").Says(2, "there is no file none.pem");
        Pbm.Run(home, "cluster", "show", "--node", "gpu1").Says(2, "asks for the cluster's certificate");
        Pbm.Run(home, "cluster", "show", "--node", "127.0.0.1:1").Says(1, "node 127.0.0.1:1 does not answer");
        var settings = folder.PathOf("node.conf");
        File.WriteAllText(settings, "patchbay.node { port = 9210, roles = [compute, cook] }");
        Pbm.Run(home, "node", "run", "--config", settings).Says(2, settings, "expected coordinator or compute");
        File.WriteAllText(settings, "patchbay.node { hostnam = gpu1 }");
        Pbm.Run(home, "node", "run", "--config", settings).Says(2, "patchbay.node.hostnam");
    }

    private static Pbm Started(Pbm node)
    {
        node.Until("control API at");
        return node;
    }
}

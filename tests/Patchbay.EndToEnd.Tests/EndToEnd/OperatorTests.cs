using System.Text;
using System.Text.Json;

namespace Patchbay.EndToEnd.Tests;

/// <summary>What an operator asks of a node: its log, its actors, its cluster, and settings of their own.</summary>
[Collection(nameof(NodeRunTests))]
public sealed class OperatorTests : IDisposable
{
    private static readonly string[] Experiment = ["experiment", "accuracy", "models/tiny-base", "--prompts", "20",
        "--task-prompts", "20", "--data"];

    private readonly TemporaryFolder folder = new();

    private string Data => folder.PathOf("data");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_log_tells_what_a_node_did_and_is_read_without_one()
    {
        Assert.Equal(3, Pbm.Run(Data, "log", "tail").Code); // none yet
        var run = Pbm.Run(Data, [.. Experiment, Data, "--log-level", "debug"]);
        Assert.True(run.Code == 0, run.ToString());
        var log = Pbm.Run(Data, "log", "tail", "-n", "1000").Out;
        foreach (var said in (string[])[" is up: Patchbay ", "sweep accuracy-tiny-base-1 started",
            "model tiny-base loaded on cpu in ", "recorded, ", "sweep accuracy-tiny-base-1 completed", " stops"])
            Assert.Contains(said, log, StringComparison.Ordinal);

        var last = Pbm.Run(Data, "log", "tail", "-n", "2", "--json");
        using var entries = JsonDocument.Parse(last.Out);
        Assert.Equal(2, entries.RootElement.GetArrayLength());
        Assert.Equal(2, Pbm.Run(Data, "log", "tail", "--json", "--follow").Code);

        using var following = Pbm.Start(Data, "log", "tail", "-n", "1", "--follow");
        var file = Directory.GetFiles(Path.Combine(Data, "logs")).Single();
        following.Until(log.TrimEnd().Split('\n')[^1]);
        File.AppendAllText(file, """{"@t":"2026-01-02T03:04:05Z","@l":"Warning","@m":"something""");
        File.AppendAllText(file, " happened\"}\n");
        following.Until("warning      something happened");
        following.Interrupt();
        Assert.Equal(0, following.Finish(30).Code);
    }

    [Fact]
    public void A_log_that_cannot_be_written_stops_nothing()
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, "logs"), "in the way");
        var run = Pbm.Run(Data, [.. Experiment, Data]);
        Assert.True(run.Code == 0, run.ToString());
    }

    [Fact]
    public void Verbs_show_what_the_node_that_is_up_is_made_of_and_say_so_where_none_is()
    {
        string[][] verbs = [["cluster", "show"], ["cluster-sharding", "regions"], ["actor", "hierarchy"],
            ["cluster-sharding", "shards"], ["cluster", "self"]];
        foreach (var verb in verbs)
        {
            var none = Pbm.Run(Data, verb);
            Assert.Equal(3, none.Code);
            Assert.Contains($"no process serves {Data}: start one with 'pbm node run'", none.Error,
                StringComparison.Ordinal);
        }
        using var node = Pbm.Start(Data, "node", "run", "--port", "0");
        node.Until("control API at ");
        Assert.Contains("leader", Pbm.Run(Data, verbs[0]).Out, StringComparison.Ordinal);
        Assert.Equal("[]", Pbm.Run(Data, [.. verbs[1], "--json"]).Out.Trim());
        Assert.Equal("[]", Pbm.Run(Data, [.. verbs[3], "--json"]).Out.Trim());
        Assert.Contains("leader, asked", Pbm.Run(Data, verbs[4]).Out, StringComparison.Ordinal);
        Assert.Contains("broker BrokerActor", Pbm.Run(Data, verbs[2]).Out, StringComparison.Ordinal);
        Assert.Contains("ClusterDaemon", Pbm.Run(Data, [.. verbs[2], "--all"]).Out, StringComparison.Ordinal);
        node.Interrupt();
        Assert.Equal(0, node.Finish(60).Code);
    }

    [Fact]
    public void Settings_of_the_operator_go_over_those_of_Patchbay_and_mistakes_in_them_are_told_in_a_sentence()
    {
        var (good, bad, wrong) = (folder.PathOf("good.conf"), folder.PathOf("bad.conf"), folder.PathOf("wrong.conf"));
        File.WriteAllText(good, "akka.cluster.app-version = \"7.8.9\"");
        File.WriteAllText(bad, "akka { cluster { roles = [");
        File.WriteAllText(wrong, "akka.actor.provider = nonsense");
        foreach (var (path, said) in new[] { (folder.PathOf("none.conf"), "none.conf"),
            (bad, "bad.conf is not HOCON: what line 1"), (wrong, "wrong.conf") })
        {
            var refused = Pbm.Run(Data, "node", "run", "--port", "0", "--config", path);
            Assert.Equal(2, refused.Code);
            Assert.StartsWith("error: ", refused.Error, StringComparison.Ordinal);
            Assert.Contains(said, Assert.Single(refused.Error.Trim().Split('\n')), StringComparison.Ordinal);
        }
        using var node = Pbm.Start(Data, "node", "run", "--port", "0", "--config", good);
        node.Until("control API at ");
        Assert.Contains("7.8.9", Pbm.Run(Data, "cluster", "show").Out, StringComparison.Ordinal);
        node.Interrupt();
        var ended = node.Finish(60);
        Assert.Equal(0, ended.Code);
        Assert.DoesNotContain("INFO", ended.Out, StringComparison.Ordinal); // the console stays the command's
    }

    [Theory]
    [InlineData("sweep", "list")]
    [InlineData("log", "tail")]
    [InlineData("--version")]
    [InlineData("node", "run", "--help")]
    public void What_only_reads_loads_no_actor_system_no_telemetry_no_log_and_no_pictures(params string[] command)
    {
        Assert.Equal(0, Pbm.Run(Data, [.. Experiment, Data]).Code);
        var trace = folder.PathOf("loads.nettrace");
        var run = Pbm.RunListed(Data, trace, command);
        Assert.True(run.Code == 0, run.ToString());
        var loaded = Encoding.Unicode.GetString(File.ReadAllBytes(trace))
            + Encoding.Unicode.GetString(File.ReadAllBytes(trace).AsSpan(1)); // a word may begin at an odd byte
        Assert.Contains("System.CommandLine.dll", loaded, StringComparison.Ordinal); // the runtime's words are there
        foreach (var room in (string[])["Akka.dll", "Serilog.dll", "OpenTelemetry.dll", "SkiaSharp.dll"])
            Assert.DoesNotContain(room, loaded, StringComparison.Ordinal);
    }
}

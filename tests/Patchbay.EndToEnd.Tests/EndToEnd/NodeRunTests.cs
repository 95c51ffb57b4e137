namespace Patchbay.EndToEnd.Tests;

/// <summary>A node that serves in the background, and commands that speak to it.</summary>
[Collection(nameof(NodeRunTests))]
public sealed class NodeRunTests : IDisposable
{
    private const string Study = """
        name: served
        models: [tiny-base, tiny-chat]
        task: {kind: entity-tracking, boxes: 7, prompts: 800}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 600}
          - path-patching: {groups: [A, B], receivers: [4]}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_node_runs_what_commands_ask_for_and_goes_on_when_they_detach()
    {
        var (data, study) = (folder.PathOf("data"), folder.PathOf("served.yaml"));
        File.WriteAllText(study, Study);
        using var node = Pbm.Start(data, "node", "run", "--port", "0", "--slots", "1");
        node.Until("control API at ");
        Outcome With(params string[] arguments) => Pbm.Run(data, arguments);

        using (var watching = Pbm.Start(data, "study", "run", study))
        {
            watching.Until("runs sweep served-1");
            watching.Interrupt();
            var detached = watching.Finish();
            Assert.Equal(0, detached.Code);
            Assert.Contains("detached; sweep served-1 is running", detached.Out, StringComparison.Ordinal);
        }
        Assert.Equal(0, With("sweep", "pause", "served-1").Code);
        Assert.Contains("paused", With("sweep", "list").Out, StringComparison.Ordinal);
        var ended = With("sweep", "resume", "served-1");
        Assert.True(ended.Code == 0 && ended.Out.Contains("sweep served-1 completed", StringComparison.Ordinal),
            ended.ToString());
        Assert.Contains("loaded", With("model", "list").Out, StringComparison.Ordinal);
        Assert.Equal(0, With("model", "unload", "tiny-base").Code);
        Assert.Equal(0, With("model", "load", "tiny-base").Code);
        Assert.Equal(3, With("model", "unload", "tiny-goat").Code);
        node.Interrupt();
        Assert.Equal(0, node.Finish(60).Code);
        Assert.Equal(3, With("model", "load", "tiny-base").Code); // nobody is up any more
    }
}

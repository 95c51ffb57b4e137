using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Operating;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm cluster leave|down`: has a node leave its cluster, or has the others count out one that is
/// gone.</summary>
internal sealed class ClusterOrderCommand : PbmCommand
{
    private readonly DataFolder data = new();
    private readonly Argument<NodeAddress>? address;
    private readonly Func<Call, ControlClient, NodeAddress?, string> give; // says what was asked, in a sentence

    private ClusterOrderCommand(string verb, string description, string example, string? whose,
        Func<Call, ControlClient, NodeAddress?, string> give) : base(verb, description, example)
    {
        this.give = give;
        if (whose is not null) Add(address = CommonOptions.Address(whose));
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <summary>`pbm cluster leave`.</summary>
    public static ClusterOrderCommand Leave() => new("leave",
        "Have a node leave its cluster and end; its units are given back", "pbm cluster leave --node gpu2:9110", null,
        (_, node, _) =>
        {
            node.Leave();
            return $"node {node.Info.Node} leaves its cluster";
        });

    /// <summary>`pbm cluster down HOST:PORT`.</summary>
    public static ClusterOrderCommand Down() => new("down",
        "Count a node out that is gone for good, where the cluster does not do so itself", "pbm cluster down gpu2:9110",
        "The node that is gone",
        (call, node, gone) => node.Down(gone!) ? $"node {gone} is counted out" : throw None(call, gone!));

    /// <summary>There is no node at an address.</summary>
    public static FileNotFoundException None(Call call, NodeAddress address) =>
        new($"the cluster has no node {address}: {call.Next("cluster show")}");

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var named = address is null ? null : call.Get(address);
        call.WriteLine(give(call, node, named));
        call.WriteJson(new { Node = named?.ToString() ?? node.Info.Node, Asked = Name });
        return ExitCode.Ok;
    }
}

/// <summary>`pbm cluster tail`: tells which nodes come, are not reached, and go, until Ctrl-C.</summary>
internal sealed class ClusterTailCommand : PbmCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);
    private readonly DataFolder data = new();

    public ClusterTailCommand() : base("tail", "Follow which nodes come, are not reached, and go, until Ctrl-C",
        "pbm cluster tail", "pbm cluster tail --node gpu1:9110")
    {
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        if (call.IsJson) throw new InvalidDataException("--json: expected without 'cluster tail', which has no end");
        using var node = ControlClient.Required(call, data);
        var before = new Dictionary<string, string>();
        do
        {
            var now = node.Members().ToDictionary(m => m.Address, m => m.Reachable ? m.Status : "not reached");
            foreach (var (address, status) in now.Where(m => before.GetValueOrDefault(m.Key) != m.Value))
                Tell(call, address, status);
            foreach (var address in before.Keys.Where(address => !now.ContainsKey(address)))
                Tell(call, address, "gone");
            before = now;
        }
        while (!call.Interrupted.WaitHandle.WaitOne(LookEvery));
        return ExitCode.Ok;
    }

    private static void Tell(Call call, string address, string status) => call.WriteLine(
        $"{DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {address} {status}");
}

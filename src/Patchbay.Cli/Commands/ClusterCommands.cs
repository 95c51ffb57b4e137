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
    private readonly Argument<string>? address;

    private ClusterOrderCommand(string verb, string description, string example, Argument<string>? address)
        : base(verb, description, example)
    {
        this.address = address;
        if (address is not null) Add(address);
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <summary>`pbm cluster leave`.</summary>
    public static ClusterOrderCommand Leave() => new("leave",
        "Have a node leave its cluster and end; its units are given back", "pbm cluster leave --node gpu2:9110", null);

    /// <summary>`pbm cluster down HOST:PORT`.</summary>
    public static ClusterOrderCommand Down() => new("down",
        "Count a node out that is gone for good, where the cluster does not do so itself", "pbm cluster down gpu2:9110",
        new("HOST:PORT") { Description = "The node that is gone" });

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        if (address is null)
        {
            node.Leave();
            call.WriteLine($"node {node.Info.Node} leaves its cluster");
            call.WriteJson(new { node.Info.Node, Asked = "leave" });
            return ExitCode.Ok;
        }
        var gone = Parsed(call.Get(address));
        if (!node.Down(gone))
            throw new FileNotFoundException($"the cluster has no node {gone}: {call.Next("cluster show")}");
        call.WriteLine($"node {gone} is counted out");
        call.WriteJson(new { Node = gone.ToString(), Asked = "down" });
        return ExitCode.Ok;
    }

    private static NodeAddress Parsed(string text)
    {
        try
        {
            return NodeAddress.Parse(text);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"HOST:PORT: {e.Message}", e);
        }
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

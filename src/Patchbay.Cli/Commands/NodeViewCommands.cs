using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cluster.Operating;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm cluster show`: the members of the cluster, as the node that serves the folder sees them.</summary>
internal sealed class ClusterShowCommand : PbmCommand
{
    private readonly DataFolder data = new();

    public ClusterShowCommand() : base("show", "Show the cluster's members: status, roles, who is the leader",
        "pbm cluster show", "pbm cluster show --node gpu1:9110")
    {
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var members = node.Members();
        call.Draw(() => TextTable.Of(["address", "status", "roles", "version", "reachable", ""], members.Select(m =>
            (string[])[m.Address, m.Status, string.Join(' ', m.Roles), m.Version, m.Reachable ? "yes" : "no",
                string.Join(", ", new[] { m.Leader ? "leader" : "", m.Self ? "asked" : "" }.Where(w => w != ""))])));
        call.WriteJson(members);
        return ExitCode.Ok;
    }
}

/// <summary>`pbm cluster-sharding regions`: the shards of sweeps and models, and what lives in each.</summary>
internal sealed class ShardingRegionsCommand : PbmCommand
{
    private readonly DataFolder data = new();

    public ShardingRegionsCommand() : base("regions", "Show which node has which shards of sweeps and models",
        "pbm cluster-sharding regions", "pbm cluster-sharding regions --json")
    {
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var shards = node.Shards();
        call.Draw(() => TextTable.Of(["region", "node", "shard", "entities"], shards.Select(s => (string[])[s.Region,
            s.Address, s.Shard, s.Entities is { } ids ? string.Join(' ', ids) : $"{s.Count}"])));
        if (shards.Count == 0) call.WriteLine("no sweep and no model has been called for since the node came up");
        call.WriteJson(shards);
        return ExitCode.Ok;
    }
}

/// <summary>`pbm actor hierarchy`: the actors of a node as a tree.</summary>
internal sealed class ActorHierarchyCommand : PbmCommand
{
    private readonly DataFolder data = new();
    private readonly Option<bool> all = new("--all") { Description = "Those of Akka.NET as well: all under /system" };

    public ActorHierarchyCommand() : base("hierarchy",
        "Show the node's actors as a tree, each with its class: those under /user, and the shards of sweeps and models",
        "pbm actor hierarchy", "pbm actor hierarchy --all")
    {
        foreach (var option in data.NodeOptions) Add(option);
        Add(all);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var roots = node.Actors(call.Get(all));
        foreach (var root in roots)
        {
            call.Draw(() =>
            {
                var tree = new Tree(new Text($"{root.Path} {root.Class}"));
                AddChildren(tree, root);
                return tree;
            });
        }
        call.WriteJson(roots);
        return ExitCode.Ok;
    }

    private static void AddChildren(IHasTreeNodes parent, ActorView actor)
    {
        foreach (var child in actor.Children)
            AddChildren(parent.AddNode(new Text($"{child.Path[(child.Path.LastIndexOf('/') + 1)..]} {child.Class}")),
                child);
    }
}

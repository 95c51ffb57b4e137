using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cluster.Operating;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm cluster show|self`: the members of the cluster, or only the node that is asked, as that node sees
/// them.</summary>
internal sealed class ClusterShowCommand : PbmCommand
{
    private readonly DataFolder data = new();
    private readonly bool onlySelf;

    private ClusterShowCommand(string verb, string description, bool onlySelf) : base(verb, description,
        $"pbm cluster {verb}", $"pbm cluster {verb} --node gpu1:9110")
    {
        this.onlySelf = onlySelf;
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <summary>`pbm cluster show`.</summary>
    public static ClusterShowCommand All() => new("show",
        "Show the cluster's members: status, roles, who is the leader", onlySelf: false);

    /// <summary>`pbm cluster self`.</summary>
    public static ClusterShowCommand Self() => new("self", "Show the node itself as a member of its cluster",
        onlySelf: true);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var members = node.Members().Where(m => m.Self || !onlySelf).ToArray();
        call.Draw(() => TextTable.Of(["address", "status", "roles", "version", "reachable", ""], members.Select(m =>
            (string[])[m.Address, m.Status, string.Join(' ', m.Roles), m.Version, m.Reachable ? "yes" : "no",
                string.Join(", ", new[] { m.Leader ? "leader" : "", m.Self ? "asked" : "" }.Where(w => w != ""))])));
        call.WriteJson(members);
        return ExitCode.Ok;
    }
}

/// <summary>`pbm cluster-sharding regions`: how many shards of sweeps and models each node has.</summary>
internal sealed class ShardingRegionsCommand : PbmCommand
{
    private readonly DataFolder data = new();

    public ShardingRegionsCommand() : base("regions", "Show how many shards of sweeps and models each node has",
        "pbm cluster-sharding regions", "pbm cluster-sharding regions --json")
    {
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var regions = node.Shards().GroupBy(s => (s.Region, s.Address))
            .Select(r => new { r.Key.Region, r.Key.Address, Shards = r.Count(), Entities = r.Sum(s => s.Count) })
            .ToArray();
        call.Draw(() => TextTable.Of(["region", "node", "shards", "entities"], regions.Select(r =>
            (string[])[r.Region, r.Address, $"{r.Shards}", $"{r.Entities}"])));
        if (regions.Length == 0) call.WriteLine(ShardingShardsCommand.Nothing);
        call.WriteJson(regions);
        return ExitCode.Ok;
    }
}

/// <summary>`pbm cluster-sharding shards`: the shards of sweeps and models, and what lives in each.</summary>
internal sealed class ShardingShardsCommand : PbmCommand
{
    /// <summary>What is said where there are none.</summary>
    public const string Nothing = "no sweep and no model has been called for since the node came up";

    private readonly DataFolder data = new();

    public ShardingShardsCommand() : base("shards", "Show which node has which shards, and what lives in each",
        "pbm cluster-sharding shards", "pbm cluster-sharding shards --json")
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
        if (shards.Count == 0) call.WriteLine(Nothing);
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

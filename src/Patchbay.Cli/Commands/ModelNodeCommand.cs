using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster;
using Patchbay.Cluster.Membership;
using Patchbay.Models;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm model list`: the catalogue's models, which are here, and which a node has loaded.</summary>
internal sealed class ModelListCommand : PbmCommand
{
    private readonly DataFolder data = new();
    private readonly Option<string?> catalogue = StudyInput.Catalogue();

    public ModelListCommand() : base("list", "List the catalogue's models, and which of them the node has loaded",
        "pbm model list",
        "pbm model list --json")
    {
        foreach (var option in data.Options) Add(option);
        Add(catalogue);
    }

    // "computing at gpu1:9110, loaded at gpu2:9110"; of a cluster of one only "computing".
    private static string StateOf(IEnumerable<ModelStatus> actors, bool isAlone)
    {
        var warm = actors.Where(a => a.State != "cold").Select(a => isAlone ? a.State : $"{a.State} at {a.Node}");
        return string.Join(", ", warm.Distinct()) is { Length: > 0 } states ? states : "cold";
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Find(call, data);
        var loaded = node?.Models() ?? [];
        var isAlone = node is null || node.Members().Count == 1;
        var rows = StudyInput.LoadCatalogue(call, catalogue).Models.Select(m => new
        {
            m.Name,
            m.Title,
            Path = m.Adapter?.Written ?? m.Folder.Written,
            Here = StudyInput.Problem(m) ?? "yes",
            Node = node is null ? "no node is up" : StateOf(loaded.Where(l => l.Name == m.Name), isAlone),
        }).ToArray();
        call.Draw(() => TextTable.Of(["model", "what", "here", "node"],
            rows.Select(row => (string[])[row.Name, row.Title, row.Here, row.Node])));
        call.WriteJson(rows);
        return ExitCode.Ok;
    }
}

/// <summary>`pbm model move NAME HOST:PORT`: has a model placed on another node.</summary>
internal sealed class ModelMoveCommand : PbmCommand
{
    private readonly Argument<string> name = new("NAME") { Description = "A model of the catalogue" };
    private readonly Argument<NodeAddress> to = CommonOptions.Address("The node that is to have it");
    private readonly DataFolder data = new();

    public ModelMoveCommand() : base("move",
        "Have a model placed on another node; the unit that it is at is computed there",
        "pbm model move tiny-base gpu2:9110")
    {
        Add(name);
        Add(to);
        foreach (var option in data.NodeOptions) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var (model, place) = (call.Get(name), call.Get(to));
        if (!node.Models().Any(m => m.Name == model)) throw new FileNotFoundException(
            $"the cluster has no model {model}: {call.Next("model list")}");
        if (!node.Move(model, place)) throw ClusterOrderCommand.None(call, place);
        call.WriteLine($"{model} goes to {place} within seconds: {call.Next("model list")}");
        call.WriteJson(new { Model = model, Asked = "move", To = place.ToString() });
        return ExitCode.Ok;
    }
}

/// <summary>`pbm model load|unload NAME`: tells the node of this data folder to load or free a model.</summary>
internal sealed class ModelNodeCommand : PbmCommand
{
    private readonly Argument<string> name = new("NAME") { Description = "A model of the catalogue" };
    private readonly DataFolder data = new();
    private readonly Option<string?> catalogue = StudyInput.Catalogue();
    private readonly bool load;

    private ModelNodeCommand(string verb, string description, bool load)
        : base(verb, description, $"pbm model {verb} tiny-base")
    {
        this.load = load;
        Add(name);
        foreach (var option in data.Options) Add(option);
        Add(catalogue);
    }

    /// <summary>`pbm model load NAME`.</summary>
    public static ModelNodeCommand Load() => new("load", "Have the running node load a model before a sweep needs it",
        load: true);

    /// <summary>`pbm model unload NAME`.</summary>
    public static ModelNodeCommand Unload() => new("unload", "Have the running node free a model's memory",
        load: false);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var node = ControlClient.Required(call, data);
        var model = call.Get(name);
        if (!load)
        {
            if (!node.Unload(model)) throw new FileNotFoundException($"the node has no model {model} loaded");
        }
        else node.Load(Key(call, model, node.Info));
        call.WriteLine($"the node {(load ? "loads" : "frees")} {model}: {call.Next("model list")}");
        call.WriteJson(new { Model = model, Asked = load ? "load" : "unload" });
        return ExitCode.Ok;
    }

    private ModelKey Key(Call call, string model, NodeInfo info)
    {
        // As sweeps that were planned with it would have it, so that they find it loaded.
        using var home = DataHome.Open(call, data);
        var plans = home.Journal.Sweeps().Select(id => home.Journal.Recover(id).State)
            .Where(s => s.Plan is not null && !s.Ended)
            .Select(s => s.Plan!);
        if (plans.LastOrDefault(p => p.Models.Any(m => m.Name == model)) is { } plan) return ModelKey.Of(plan, model);
        var models = StudyInput.LoadCatalogue(call, catalogue);
        var place = StudyInput.Place(models.Find(model)
            ?? throw new FileNotFoundException(
            $"the catalogue has no model {model}; it has {string.Join(", ", models.Models.Select(m => m.Name))}"));
        var planned = call.WithProgress("fingerprint", report =>
            SweepPlanner.PlanModel(place, "float32", new Direct<ReadProgress>(p => report("fingerprint", p.Share)),
                call.Interrupted));
        return new(planned, "float32", "cpu", info.Threads, SweepPlanner.MemoryOfOne([planned], info.MemoryBytes));
    }
}

using System.Globalization;
using Spectre.Console;

namespace Patchbay.Report;

/// <summary>Tables that `pbm sweep show` prints of a sweep.</summary>
internal static class SweepTables
{
    /// <summary>Stages down, models across, how far each is.</summary>
    public static Table Stages(SweepState state)
    {
        var models = state.Plan!.Models;
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("stage");
        foreach (var model in models) table.AddColumn(new TableColumn(new Text(model.Name)));
        foreach (var row in state.InOrder.GroupBy(s => SweepText.ShortId(s.Stage)))
            table.AddRow(models.Select(m => row.FirstOrDefault(s => s.Stage.Model == m.Name))
                .Select(s => new Text(s is null ? "" : Progress(s))).Prepend(new Text(row.Key)));
        return table;
    }

    /// <summary>Accuracies with their intervals.</summary>
    public static Table Accuracies(SweepState state)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("model", "accuracy", "95 % interval", "right");
        foreach (var model in state.Plan!.Models)
        {
            if (SweepResults.Accuracy(state, model.Name) is not { } a) continue;
            string[] cells =
            [
                model.Name, a.Share.ToString("0.000", CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{a.Interval.Low:0.000} to {a.Interval.High:0.000}"),
                    $"{a.Right} of {a.Count}",
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
        return table;
    }

    /// <summary>Units that were set aside, or failed and will be tried again, with their errors.</summary>
    public static Table Failures(SweepState state)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("unit", "", "error");
        foreach (var (unit, failed) in Failed(state))
        {
            var fate = failed.Status == UnitStatus.SetAside ? $"set aside after {failed.Failures}"
                : $"failed {failed.Failures}, to be tried again";
            table.AddRow(new Text(unit), new Text(fate), new Text(failed.Error ?? ""));
        }
        return table;
    }

    /// <summary>Units that failed and are not done, in the plan's order.</summary>
    public static IReadOnlyList<(string Unit, UnitState State)> Failed(SweepState state) =>
    [
        .. from stage in state.InOrder
           where stage.Pending + stage.SetAside > 0 // what a complete stage has is done
           from unit in stage.Order
           let failed = stage.Units[unit]
           where failed.Failures > 0 && failed.Status != UnitStatus.Completed
           select (unit, failed),
    ];

    /// <summary>Results of the stages of a kind, item by item.</summary>
    public static Table Results(SweepState state, string kind)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("stage", "item", "value", "error", "n");
        foreach (var stage in state.InOrder.Where(s => s.Stage.Kind == kind))
        {
            foreach (var (index, item) in stage.Results.Select(r => r.Result)
                .GroupBy(r => r.Item, StringComparer.Ordinal).Index())
            {
                var (value, error, samples) = Estimate.Pooled([.. item]);
                table.AddRow(new Text(index == 0 ? stage.Stage.Id : ""), new Text(item.Key),
                    new Text($"{value:0.0000}"),
                    new Text(double.IsNaN(error) ? "" : $"{error:0.0000}"), new Text($"{samples}"));
            }
        }
        return table;
    }

    /// <summary>Each circuit, group by group, the most negative head first.</summary>
    public static Table Circuits(SweepState state)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("model", "group", "heads", "layer.head, most negative first");
        foreach (var model in state.Plan!.Models)
        {
            foreach (var (index, (name, heads)) in SweepResults.CompleteGroups(state, model.Name).Index())
                table.AddRow(new Text(index == 0 ? model.Name : ""), new Text(Circuit.PaperName(name)),
                    new Text($"{heads.Count}"), new Text(string.Join(' ', heads)));
        }
        return table;
    }

    /// <summary>Overlaps of the first model's circuit with each other's, group by group, where both are
    /// complete.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="notes">Takes why models cannot be compared.</param>
    public static IReadOnlyList<GroupOverlap> Overlaps(SweepState state, List<string> notes)
    {
        var first = state.Plan!.Models[0];
        var overlaps = new List<GroupOverlap>();
        foreach (var model in state.Plan.Models.Skip(1))
        {
            if ((model.Layers, model.Heads) != (first.Layers, first.Heads))
            {
                notes.Add($"{model.Name} has {model.Layers} layers of {model.Heads} heads and {first.Name} "
                    + $"{first.Layers} of {first.Heads}: circuits not compared");
                continue;
            }
            var (ours, theirs) = (Groups(state, first.Name), Groups(state, model.Name));
            foreach (var group in SweepMaps.Groups(state).Where(g => ours.ContainsKey(g) && theirs.ContainsKey(g)))
            {
                var ((a, inA), (b, inB)) = (ours[group], theirs[group]);
                overlaps.Add(new(model.Name, group, CircuitOverlap.Of(a, [.. inA], b, [.. inB])));
            }
        }
        return overlaps;
    }

    /// <summary>Overlaps as a table.</summary>
    public static Table Overlaps(IReadOnlyList<GroupOverlap> overlaps)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("model", "group", "heads", "of first", "shared", "precision", "recall", "Jaccard", "rank");
        foreach (var (index, (model, group, o)) in overlaps.Index())
        {
            string[] cells =
            [
                index == 0 || overlaps[index - 1].Model != model ? model : "", group, $"{o.Second}", $"{o.First}",
                    $"{o.Shared}",
                SweepText.Share(o.Precision), SweepText.Share(o.Recall), SweepText.Share(o.Jaccard),
                    SweepText.Share(o.RankCorrelation),
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
        return table;
    }

    private static Dictionary<string, (PathScores Scores, IReadOnlyList<Head> Heads)> Groups(SweepState state,
        string model)
    {
        var circuit = SweepResults.CompleteGroups(state, model);
        return SweepResults.PathPatching(state, model).Where(s => s.Status == StageStatus.Completed)
            .Select(s => SweepResults.Scores(state, s))
            .ToDictionary(p => p.Group.Name, p => (p, circuit[p.Group.Name]));
    }

    private static string Progress(StageState stage)
    {
        if (stage.Status == StageStatus.Waiting) return "waiting";
        var failed = stage.SetAside > 0 ? $", {stage.SetAside} failed" : "";
        return stage.Status == StageStatus.Completed ? $"complete ({stage.Completed})"
            : $"{stage.Completed} of {stage.Order.Length}{failed}";
    }
}

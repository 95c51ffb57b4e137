namespace Patchbay.Report;

/// <summary>Tables that `pbm sweep show` prints of a sweep.</summary>
internal static class SweepTables
{
    /// <summary>Stages down, models across, how far each is.</summary>
    public static Table Stages(SweepState state)
    {
        string[] models = [.. state.Plan!.Models.Select(m => m.Name)];
        return FittedTable.OfText(["stage", .. models], state.InOrder.GroupBy(s => SweepText.ShortId(s.Stage))
            .Select(row => models.Select(m => row.FirstOrDefault(s => s.Stage.Model == m))
                .Select(s => s is null ? "" : Progress(s)).Prepend(row.Key)));
    }

    /// <summary>Accuracies with their intervals.</summary>
    public static Table Accuracies(SweepState state) => FittedTable.OfText(
        ["model", "accuracy", "95 % interval", "right"],
        from model in state.Plan!.Models
        let accuracy = SweepResults.Accuracy(state, model.Name)
        where accuracy is not null
        let a = accuracy.Value
        select (string[])
        [
            model.Name, $"{a.Share:0.000}", $"{a.Interval.Low:0.000} to {a.Interval.High:0.000}",
            $"{a.Right} of {a.Count}",
        ]);

    /// <summary>Units that were set aside, or failed and will be tried again, with their errors.</summary>
    public static Table Failures(SweepState state) => FittedTable.OfText(["unit", "", "error"],
        Failed(state).Select(f => (string[])
        [
            f.Unit, f.State.Status == UnitStatus.SetAside ? $"set aside after {f.State.Failures}"
                : $"failed {f.State.Failures}, to be tried again", f.State.Error ?? "",
        ]));

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
    public static Table Results(SweepState state, string kind) => FittedTable.OfText(
        ["stage", "item", "value", "error", "n"],
        from stage in state.InOrder
        where stage.Stage.Kind == kind
        from item in stage.Results.Select(r => r.Result).GroupBy(r => r.Item, StringComparer.Ordinal).Index()
        let mean = Estimate.Pooled([.. item.Item])
        select (string[])
        [
            item.Index == 0 ? stage.Stage.Id : "", item.Item.Key, Fixed(mean.Value),
            double.IsNaN(mean.Error) ? "" : Fixed(mean.Error), $"{mean.Samples}",
        ]);

    private static string Fixed(double value) => value.ToString(Math.Abs(value) < 1e9 ? "0.0000" : "0.0000E+0");

    /// <summary>Circuits that elimination found: how many heads, how accurate and faithful on prompts apart, beside
    /// random circuits.</summary>
    public static Table Pruned(SweepState state) => FittedTable.OfText(
        ["model", "heads", "circuit", "model's own", "faithfulness", "95 % interval", "random"],
        from found in state.InOrder.Select(s => PruneFinding.Read(state, s)).OfType<PruneFinding>()
        let interval = found.FaithfulnessInterval
        let random = found.Random.Select(r => r.Share).ToArray()
        select (string[])
        [
            found.Model, string.Join(", ", found.Circuit.Groups.Select(g => $"{g.Key} {g.Value.Count}")),
            $"{found.Judged.Share:0.000}", $"{found.Full.Share:0.000}", $"{found.Faithfulness:0.00}",
            $"{interval.Low:0.00} to {interval.High:0.00}",
            random.Length == 0 ? "" : $"{random.Average():0.000} ({random.Min():0.000} to {random.Max():0.000})",
        ]);

    /// <summary>What the circuits of <see cref="Circuits"/> are.</summary>
    public static string CircuitHeading(SweepState state)
    {
        if (state.InOrder.Any(s => s.Status == StageStatus.Completed && PruneFinding.IsFinding(s.Stage)))
            return "Circuits: the heads that elimination left";
        var heads = string.Join(" or ", state.InOrder.Where(s => s.Stage.Kind == Kinds.PathPatching)
            .Select(s => Chosen(s.Stage.Parameters.As<PathPatchingParameters>().Circuit)).Distinct());
        return $"Circuits: the {heads}; heads of A that are in B too are left out of A";
    }

    private static string Chosen(double? circuit) => circuit switch
    {
        null => "significant heads below zero of each group (Benjamini-Hochberg, 5 %)",
        < 1 => $"significant heads below zero of each group with at least {circuit:0.##} of the strongest's score",
        _ => "most negative heads of each group",
    };

    /// <summary>Each circuit, group by group, the strongest head first: the most
    /// negative of path patching, or the one whose absence alone cost elimination most.</summary>
    public static Table Circuits(SweepState state) => FittedTable.OfText(
        ["model", "group", "heads", "layer.head, strongest first"],
        from model in state.Plan!.Models
        from g in SweepResults.CompleteGroups(state, model.Name).Index()
        let heads = g.Item.Value
        select (string[])
            [g.Index == 0 ? model.Name : "", Circuit.PaperName(g.Item.Key), $"{heads.Count}", string.Join(' ', heads)]);

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
    public static Table Overlaps(IReadOnlyList<GroupOverlap> overlaps) => FittedTable.OfText(
        ["model", "group", "heads", "of first", "shared", "precision", "recall", "Jaccard", "rank"],
        overlaps.Select((overlap, i) => overlap.Overlap is var o ? (string[])
        [
            i == 0 || overlaps[i - 1].Model != overlap.Model ? overlap.Model : "", overlap.Group, $"{o.Second}",
            $"{o.First}", .. Shares(o), SweepText.Share(o.RankCorrelation),
        ] : []));

    /// <summary>Heads that two circuits share, precision, recall and Jaccard's index; nothing of none.</summary>
    public static string[] Shares(CircuitOverlap? overlap) =>
    [
        $"{overlap?.Shared}", .. new[] { overlap?.Precision, overlap?.Recall, overlap?.Jaccard }
            .Select(share => SweepText.Share(share ?? double.NaN)),
    ];

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

namespace Patchbay.Findings;

/// <summary>A head that elimination tried.</summary>
/// <param name="Position">Name of the position that it is at.</param>
/// <param name="Head">Which.</param>
/// <param name="Without">Accuracy of what was left without it, on the prompts to search on.</param>
/// <param name="Kept">Whether it stays.</param>
public sealed record PruneStep(string Position, Head Head, Proportion Without, bool Kept);

/// <summary>What tells a head's group from others at its position (<see cref="SharedPositions"/>).</summary>
/// <param name="Head">Which.</param>
/// <param name="Group">The group that it was found to be of.</param>
/// <param name="Scores">Path patching into the receivers of the groups for which it was tried, by group.</param>
public sealed record PlacedHead(Head Head, string Group, IReadOnlyDictionary<string, Estimate> Scores);

/// <summary>A circuit that backward elimination by accuracy found (<see cref="Elimination"/>), on prompts apart from
/// those that it is judged on.</summary>
/// <param name="Model">The model.</param>
/// <param name="Circuit">Heads by the chain's groups; of each the one whose absence alone cost most first.</param>
/// <param name="Started">Accuracy of the start set on the prompts to search on.</param>
/// <param name="Steps">Every head of the start set, in the order tried.</param>
/// <param name="Placed">Heads at positions that several groups share.</param>
/// <param name="Full">The whole model's accuracy on the prompts to judge on.</param>
/// <param name="Judged">The circuit's.</param>
/// <param name="Random">Those of random circuits with as many heads at each position.</param>
/// <param name="FullAnswers">Prompts that the whole model answers.</param>
/// <param name="CircuitAnswers">Prompts that the circuit answers.</param>
public sealed record PruneFinding(string Model, Circuit Circuit, Proportion Started, IReadOnlyList<PruneStep> Steps,
    IReadOnlyList<PlacedHead> Placed, Proportion Full, Proportion Judged, IReadOnlyList<Proportion> Random,
    IReadOnlyList<bool> FullAnswers, IReadOnlyList<bool> CircuitAnswers)
{
    /// <summary>Item of the start set's answers.</summary>
    public const string StartSet = "start";

    /// <summary>Circuit accuracy over full accuracy, on the prompts to judge on.</summary>
    public double Faithfulness => Judged.Share / Full.Share;

    /// <summary>Its 95 % interval (<see cref="PairedBootstrap"/>).</summary>
    public Interval FaithfulnessInterval => PairedBootstrap.Ratio(CircuitAnswers, FullAnswers);

    /// <summary>Name of the result of a head at a position.</summary>
    public static string Item(CircuitHead head) => $"{head.Group} {head.Head}";

    /// <summary>Name of the result of a head's path patching into a group's receivers.</summary>
    public static string PlaceItem(Head head, PathGroup group) => $"{group.Position} {head} {group.Name}";

    /// <summary>A model's stages that say which circuit was found.</summary>
    public static bool IsFinding(Stage stage) => stage.Kind == Kinds.Prune
        && stage.Parameters.As<PruneParameters>().Part == PruneParameters.Judged;

    /// <summary>What is left when a search stage, which is complete, has tried its heads.</summary>
    public static Elimination After(StageState search)
    {
        var left = StageInputs.Of(search).Elimination!;
        foreach (var (_, result) in search.Results)
            left = left.Try(new(result.Position!, result.Head!.Value), result.Score).Left;
        return left;
    }

    /// <summary>The circuit that a complete stage found.</summary>
    /// <param name="stage">One of which <see cref="IsFinding"/>.</param>
    public static Circuit CircuitOf(StageState stage)
    {
        var recorded = new Recorded(stage);
        return SharedPositions.Apply(stage.Stage.Parameters.As<PruneParameters>().Chain,
            StageInputs.Of(stage).Circuit!,
            (head, group) => recorded.MeanOrNull(PlaceItem(head, group)) ?? new(0, 0, 0));
    }

    /// <summary>What a stage found, or null where its units are not all done.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="stage">A stage.</param>
    public static PruneFinding? Read(SweepState state, StageState stage)
    {
        if (stage.Status != StageStatus.Completed || !IsFinding(stage.Stage)) return null;
        var (p, recorded, circuit) = (stage.Stage.Parameters.As<PruneParameters>(), new Recorded(stage),
            CircuitOf(stage));
        StageState[] before = [.. state.InOrder.Where(s => s.Stage.Model == stage.Stage.Model
            && s.Stage.Kind == Kinds.Prune && stage.Stage.After.Contains(s.Stage.Id))];
        var search = before.Where(s => s.Stage.Parameters.As<PruneParameters>().Part == PruneParameters.Search);
        return new(stage.Stage.Model, circuit, new Recorded(before[0]).Share(StartSet),
            [
                .. from s in search
                   from r in s.Results
                   let right = (int)Math.Round(r.Result.Score * r.Result.Samples)
                   select new PruneStep(r.Result.Position!, r.Result.Head!.Value, new(right, r.Result.Samples),
                       r.Result.Detail!.Kept!.Value),
            ],
            [
                .. from groups in SharedPositions.Of(p.Chain)
                   from g in groups
                   from head in circuit.Groups[g.Name]
                   select new PlacedHead(head, g.Name, groups
                       .Where(o => recorded[PlaceItem(head, o)].Count > 0)
                       .ToDictionary(o => o.Name, o => recorded.Mean(PlaceItem(head, o)))),
            ],
            recorded.Share(CircuitFinding.WholeModel), recorded.Share(CircuitFinding.TheCircuit),
            [.. Enumerable.Range(0, p.Random).Select(i => recorded.Share(CircuitFinding.Numbered("random", i)))],
            recorded.Answers(CircuitFinding.WholeModel), recorded.Answers(CircuitFinding.TheCircuit));
    }
}

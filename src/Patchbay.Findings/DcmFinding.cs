namespace Patchbay.Findings;

/// <summary>What DCM's mask kept (method, section 5).</summary>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Desideratum">"object value", "box label value", "position", or a variation of position.</param>
/// <param name="GroupSize">Heads of the group.</param>
/// <param name="Heads">Heads that carry the information.</param>
/// <param name="Mask">Trained mask of every head of the group, before rounding, in the group's order.</param>
/// <param name="Test">Accuracy on held-out triples with these heads patched.</param>
/// <param name="AllHeads">Accuracy on held-out triples with the whole group patched.</param>
public sealed record DcmFinding(string Group, string Desideratum, int GroupSize, IReadOnlyList<Head> Heads,
    IReadOnlyList<double> Mask,
    Proportion Test, Proportion AllHeads)
{
    /// <summary>Held-out triples answered with these heads; empty where not recorded.</summary>
    public IReadOnlyList<bool> TestAnswers { get; init; } = [];

    /// <summary>The same with the whole group.</summary>
    public IReadOnlyList<bool> AllHeadsAnswers { get; init; } = [];

    /// <summary>The desiderata that a stage trains masks for.</summary>
    public static IReadOnlyList<string> Names(DcmParameters p) => p.Desiderata switch
    {
        ["main"] => Tasks.Desiderata.Main,
        ["variations"] => Tasks.Desiderata.Variations,
        ["all"] => Tasks.Desiderata.All,
        var names => names,
    };

    /// <summary>A mask for each of the groups that have heads and each desideratum.</summary>
    public static IEnumerable<(string Group, string Desideratum)> Masks(DcmParameters p, Circuit circuit) =>
        from g in circuit.Groups
        where g.Value.Count > 0 && (p.Groups is ["all"] || p.Groups.Contains(g.Key))
        from d in Names(p)
        select (g.Key, d);

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<DcmFinding> Read(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var circuit = StageInputs.Of(stage).Circuit!;
        var recorded = new Recorded(stage);
        return
        [
            .. from mask in Masks(stage.Stage.Parameters.As<DcmParameters>(), circuit)
               let of = $"{mask.Group} {mask.Desideratum}"
               let heads = circuit.Groups[mask.Group].Select(h => (Head: h, Mask: recorded[$"{of} mask {h}"][0]))
                   .ToArray()
               select new DcmFinding(mask.Group, mask.Desideratum, heads.Length,
                   [.. heads.Where(h => h.Mask.Detail?.Kept == true).Select(h => h.Head)],
                       [.. heads.Select(h => h.Mask.Score)],
                   recorded.Share($"{of} test"), recorded.Share($"{of} all heads"))
               {
                   TestAnswers = recorded.Answers($"{of} test"),
                   AllHeadsAnswers = recorded.Answers($"{of} all heads"),
               },
        ];
    }

    /// <summary>The heads that cross-model patching takes from a model: those that carry the object's value in the
    /// first group of the chain, the position in the next two, and all of the rest; all of a group for which DCM was
    /// not run (method, section 6).</summary>
    public static Circuit Kept(SweepState state, string model, Circuit circuit)
    {
        var found = SweepResults.Stages(state, Kinds.Dcm, model).SelectMany(Read)
            .ToDictionary(f => (f.Group, f.Desideratum), f => f.Heads);
        return new(circuit.Chain,
            circuit.Groups.Select((g, i) => (g.Key, Heads: i > 2 ? g.Value : found.GetValueOrDefault(
            (g.Key, i == 0 ? Tasks.Desiderata.ObjectValue : Tasks.Desiderata.Position), g.Value)))
                .ToDictionary(g => g.Key, g => g.Heads));
    }
}

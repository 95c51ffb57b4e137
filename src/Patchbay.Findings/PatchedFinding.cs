namespace Patchbay.Findings;

/// <summary>A set of heads patched from the counterfactual prompts.</summary>
/// <param name="Heads">What was patched: "group A", or "5.3 5.1".</param>
/// <param name="Position">Named position.</param>
/// <param name="Right">How often the answer is still the clean prompt's.</param>
/// <param name="Change">Mean relative change of the answer's probability.</param>
public sealed record PatchedFinding(string Heads, string Position, Proportion Right, Estimate Change)
{
    /// <summary>The value of "heads" for each group by itself, and the set of all groups together.</summary>
    public const string EachGroup = "groups", Whole = "circuit";

    /// <summary>The sets of heads that a stage patches, by name.</summary>
    public static IReadOnlyList<string> Sets(PatchParameters p, Circuit circuit) =>
        [.. p.Heads.SelectMany(s => s == EachGroup
        ? circuit.Groups.Where(g => g.Value.Count > 0).Select(g => g.Key) : [s])];

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<PatchedFinding> Read(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var (circuit, recorded) = (StageInputs.Of(stage).Circuit!, new Recorded(stage));
        return [.. Sets(stage.Stage.Parameters.As<PatchParameters>(), circuit).Distinct().Select(set =>
        {
            var (name, position) = circuit.Groups.ContainsKey(set) ? ($"group {set}", circuit.Chain.Group(set).Position)
                : set.Split('@') is [var heads, var at] ? (heads, at) : (set, "each group's own");
            return new PatchedFinding(name, position, recorded.Share($"{set} right"), recorded.Mean($"{set} change"));
        })];
    }
}

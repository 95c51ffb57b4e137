namespace Patchbay.Findings;

/// <summary>How much attention a head pays from its group's position to each named position, in the mean over
/// prompts.</summary>
/// <param name="Group">The chain's name of its group.</param>
/// <param name="Head">Which.</param>
/// <param name="Weights">Attention by position name, with standard errors; "other" is the rest.</param>
public sealed record AttentionFinding(string Group, Head Head, IReadOnlyDictionary<string, Estimate> Weights)
{
    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<AttentionFinding> Read(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var (names, recorded) = (stage.Stage.Parameters.As<AttentionParameters>().Named(), new Recorded(stage));
        return [.. StageInputs.Of(stage).Circuit!.Heads.Select(h => new AttentionFinding(h.Group, h.Head,
            names.ToDictionary(n => n, n => recorded.Mean($"{h.Group} {h.Head} {n}"))))];
    }
}

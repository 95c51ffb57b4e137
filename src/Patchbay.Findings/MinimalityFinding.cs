namespace Patchbay.Findings;

/// <summary>A candidate head's significance for the circuit (method, section 4).</summary>
/// <param name="Group">The chain's name of its group.</param>
/// <param name="Head">Which.</param>
/// <param name="Without">F(C\K).</param>
/// <param name="WithoutBoth">F(C\(K+v)).</param>
/// <param name="Partners">Size of K.</param>
/// <param name="Kept">Whether the circuit keeps it.</param>
public sealed record MinimalityFinding(string Group, Head Head, Proportion Without, Proportion WithoutBoth,
    int Partners, bool Kept)
{
    /// <summary>F(C\K) / F(C\(K+v)) - 1; infinite where nothing is right without it.</summary>
    public double Significance => Without.Share / WithoutBoth.Share - 1;

    /// <summary>A model's stages that say which heads stay.</summary>
    public static IReadOnlyList<StageState> Stages(SweepState state, string model) =>
        [.. SweepResults.Stages(state, Kinds.Minimality, model)
        .Where(s => s.Stage.Parameters.As<MinimalityParameters>().Part != MinimalityParameters.Pairs)];

    /// <summary>Name of the result of a head left out together with another, or of a head left out alone.</summary>
    public static string Pair(Head v, Head w) => v == w ? v.ToString() : $"{v}+{w}";

    /// <summary>Name of the result without K, F(C\K).</summary>
    public static string WithoutPartners(Head head) => $"{head} without its partners";

    /// <summary>Name of the result without K and v, F(C\(K+v)).</summary>
    public static string WithoutItToo(Head head) => $"{head} without it too";

    /// <summary>What a complete stage says of its group's heads, strongest first.</summary>
    /// <param name="stage">One of <see cref="Stages"/>.</param>
    /// <param name="candidates">The circuit before.</param>
    public static IReadOnlyList<MinimalityFinding> Read(StageState stage, Circuit candidates)
    {
        var p = stage.Stage.Parameters.As<MinimalityParameters>();
        var partners = StageInputs.Of(stage).Partners!.ToDictionary(k => k.Head, k => k.Others.Count);
        var recorded = new Recorded(stage);
        return
        [
            .. from head in candidates.Groups[p.Group]
               let without = recorded.ShareOrNull(WithoutPartners(head))
               let both = recorded.ShareOrNull(WithoutItToo(head))
               where without is not null && both is not null
               let finding = new MinimalityFinding(p.Group, head, without.Value, both.Value,
                   partners.GetValueOrDefault(head), false)
               select finding with { Kept = finding.Significance >= p.Threshold },
        ];
    }
}

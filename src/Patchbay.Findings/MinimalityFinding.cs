namespace Patchbay.Findings;

/// <summary>A candidate head's significance for the circuit (method, section 4).</summary>
/// <param name="Group">The chain's name of its group.</param>
/// <param name="Head">Which.</param>
/// <param name="Without">F(C\K).</param>
/// <param name="WithoutBoth">F(C\(K+v)).</param>
/// <param name="Partners">Size of K.</param>
/// <param name="Kept">Whether the circuit keeps it: whether its significance is the threshold or more.</param>
public sealed record MinimalityFinding(string Group, Head Head, Proportion Without, Proportion WithoutBoth,
    int Partners, bool Kept)
{
    /// <summary>F(C\K) / F(C\(K+v)) - 1; infinite where nothing is right without it.</summary>
    public double Significance => Without.Share / WithoutBoth.Share - 1;

    /// <summary>95 % interval of the significance (<see cref="PairedBootstrap"/>); null in journals that do not say
    /// which prompts were answered.</summary>
    public Interval? Interval { get; init; }

    /// <summary>Least significance of a head that stays.</summary>
    public double Threshold { get; init; } = 0.01;

    /// <summary>Whether these prompts tell that the head is needed, or that it is not: false where its interval holds
    /// the threshold; null where there is none.</summary>
    public bool? IsDecided => Interval is { } i ? i.Low >= Threshold || i.High < Threshold : null;

    /// <summary>"kept" or "left out", and where the prompts do not decide it "kept, not decided".</summary>
    public string Verdict => (Kept ? "kept" : "left out") + (IsDecided == false ? ", not decided" : "");

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
    /// <param name="withIntervals">Whether intervals are wanted, which take a while.</param>
    public static IReadOnlyList<MinimalityFinding> Read(StageState stage, bool withIntervals = true)
    {
        var (p, inputs) = (stage.Stage.Parameters.As<MinimalityParameters>(), StageInputs.Of(stage));
        var partners = inputs.Partners!.ToDictionary(k => k.Head, k => k.Others.Count);
        var recorded = new Recorded(stage);
        return
        [
            .. from head in inputs.Circuit!.Groups[p.Group]
               let without = recorded.ShareOrNull(WithoutPartners(head))
               let both = recorded.ShareOrNull(WithoutItToo(head))
               where without is not null && both is not null
               let finding = new MinimalityFinding(p.Group, head, without.Value, both.Value,
                   partners.GetValueOrDefault(head), false)
               { Interval = withIntervals ? IntervalOf(recorded, head) : null, Threshold = p.Threshold }
               select finding with { Kept = finding.Significance >= p.Threshold },
        ];
    }

    private static Interval? IntervalOf(Recorded recorded, Head head)
    {
        var (without, both) = (recorded.Answers(WithoutPartners(head)), recorded.Answers(WithoutItToo(head)));
        if (without.Count == 0 || without.Count != both.Count) return null;
        var ratio = PairedBootstrap.Ratio(without, both);
        return new(ratio.Low - 1, ratio.High - 1);
    }
}

namespace Patchbay.Findings;

/// <summary>The functionality test: kept heads patched on fresh triples of several seeds.</summary>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Desideratum">What should carry over.</param>
/// <param name="Seeds">Accuracy of every seed.</param>
public sealed record FunctionalityFinding(string Group, string Desideratum, IReadOnlyList<Proportion> Seeds)
{
    /// <summary>Triples answered, seed after seed; empty where not recorded.</summary>
    public IReadOnlyList<bool> Answers { get; init; } = [];

    /// <summary>Mean over the seeds and its standard error.</summary>
    public Estimate Mean => Estimate.Mean([.. Seeds.Select(s => s.Share)]) with { Samples = Seeds.Sum(s => s.Count) };

    /// <summary>Name of a seed's result.</summary>
    public static string Item(string group, string desideratum, int seed) => $"{group} {desideratum} {seed:00}";

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<FunctionalityFinding> Read(StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var (p, recorded) = (stage.Stage.Parameters.As<FunctionalityParameters>(), new Recorded(stage));
        return
        [
            .. from kept in StageInputs.Of(stage).Kept!.GroupBy(k => k.Desideratum).SelectMany(d => d)
               let items = Enumerable.Range(0, p.Seeds).Select(seed => Item(kept.Group, kept.Desideratum, seed))
                   .ToArray()
               select new FunctionalityFinding(kept.Group, kept.Desideratum, [.. items.Select(recorded.Share)])
               { Answers = [.. items.SelectMany(recorded.Answers)] },
        ];
    }
}

namespace Patchbay.Report;

/// <summary>What a report is made of: what was run, what was found, and training runs of the models where their logs
/// lie beside them.</summary>
internal sealed record ReportInput(RunFacts Run, SweepFindings Findings, IReadOnlyList<TrainingCurve> Training)
{
    /// <summary>Groups of the chain, in its order.</summary>
    public IReadOnlyList<PathGroup> Groups => Findings.Chain.Groups;

    /// <summary>Models of which something was found, in the plan's order.</summary>
    public ModelFindings[] ModelsWith(Func<ModelFindings, bool> isFound) => [.. Findings.Models.Where(isFound)];

    /// <summary>Number of a group in the chain, which is its colour, by a name such as "A" or "group A"; null for what
    /// is none ("circuit").</summary>
    public int? Color(string name)
    {
        var group = name.StartsWith("group ", StringComparison.Ordinal) ? name["group ".Length..] : name;
        return Groups.Index().Where(g => g.Item.Name == group).Select(g => (int?)g.Index).FirstOrDefault();
    }

    /// <summary>A cell with a group's name and title in its colour.</summary>
    public Cell GroupCell(string group) => new(Titled(group), Group: Color(group));

    /// <summary>"A value fetcher".</summary>
    public string Titled(string group) => Groups.FirstOrDefault(g => g.Name == group) is { } known
        ? known.Titled() : group;

    /// <summary>Second less first of two counted shares: paired where the answers are known prompt by prompt, else
    /// independent.</summary>
    public static ShareDifference Difference(Proportion first, IReadOnlyList<bool> firstAnswers, Proportion second,
        IReadOnlyList<bool> secondAnswers) =>
        firstAnswers.Count > 0 && firstAnswers.Count == secondAnswers.Count
            ? ShareDifference.Paired(firstAnswers, secondAnswers)
            : ShareDifference.Independent(first, second);

    /// <summary>How differences were tested, in words.</summary>
    public static string TestOf(IEnumerable<ShareDifference> differences) => differences.All(d => d.IsPaired)
        ? "McNemar's exact test, two-sided, on the same prompts" : "the two-proportion z test, two-sided";
}

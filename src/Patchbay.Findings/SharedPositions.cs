namespace Patchbay.Findings;

/// <summary>Which group heads at a position are of where several groups of a chain are at it: group after group takes
/// those whose path patching into its receivers is significantly negative (<see cref="FalseDiscovery"/>, over the
/// heads that are left), and the last one the rest. For entity tracking: a head at the last token is a value fetcher
/// (A) where it changes the logits by itself, else a position transmitter (B). Where heads look does not tell them
/// apart, for a value may be fetched from any token that holds it.</summary>
public static class SharedPositions
{
    /// <summary>Positions of a chain at which several groups are, with those groups in the chain's order.</summary>
    public static IReadOnlyList<IGrouping<string, PathGroup>> Of(PathChain chain) =>
        [.. chain.Groups.GroupBy(g => g.Position).Where(g => g.Count() > 1)];

    /// <summary>The heads that a group takes, which is not its position's last.</summary>
    /// <param name="heads">Heads that no group before took.</param>
    /// <param name="score">Path patching of a head into the group's receivers.</param>
    public static IReadOnlyList<Head> Taken(IReadOnlyList<Head> heads, Func<Head, Estimate> score)
    {
        var tests = heads.Select(h => (Head: h, Score: score(h))).Select(t => (t.Head, t.Score.Value,
            P: FalseDiscovery.PValue(t.Score.Value, t.Score.Error, t.Score.Samples))).ToArray();
        var limit = FalseDiscovery.Limit(tests.Select(t => t.P));
        return [.. tests.Where(t => t.Value < 0 && t.P <= limit).Select(t => t.Head)];
    }

    /// <summary>The circuit of a chain's groups.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="heads">Heads by position, in groups of <see cref="Elimination.Places"/>.</param>
    /// <param name="score">Path patching of a head into a group's receivers.</param>
    public static Circuit Apply(PathChain chain, Circuit heads, Func<Head, PathGroup, Estimate> score)
    {
        var placed = new Dictionary<string, IReadOnlyList<Head>>();
        foreach (var groups in chain.Groups.GroupBy(g => g.Position))
        {
            var rest = heads.Groups[groups.Key];
            foreach (var group in groups.SkipLast(1))
            {
                placed[group.Name] = Taken(rest, head => score(head, group));
                rest = [.. rest.Except(placed[group.Name])];
            }
            placed[groups.Last().Name] = rest;
        }
        return new(chain, placed);
    }
}

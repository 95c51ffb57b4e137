namespace Patchbay.Experiments;

/// <summary>
/// Greedy backward elimination of heads (<see cref="Elimination"/>): head after head is left out, and stays out where
/// what is left answers enough.
///
/// What makes it fast: circuits are evaluated many at once, each a variant of one run (<see cref="CircuitEvaluator"/>),
/// so that only rows that can differ are computed. The next heads are tried together, as if each would fare as the last
/// one did: those before it gone where it went, all still there where it stayed. Results from the first that fares
/// otherwise on are thrown away, so that every decision is the one that trying the heads one by one would make.
/// </summary>
internal static class Pruning
{
    private const int Fewest = 4, Most = 64; // heads tried together

    /// <summary>Tries heads in order.</summary>
    /// <param name="begin">How far elimination has come.</param>
    /// <param name="candidates">The heads to try.</param>
    /// <param name="answered">Prompt by prompt whether a circuit without some heads answers, for several sets.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <returns>For every head which prompts what was left without it answers, and whether it stays.</returns>
    public static IReadOnlyList<(CircuitHead Head, bool[] Right, bool IsKept)> Search(Elimination begin,
        IReadOnlyList<CircuitHead> candidates,
        Func<Circuit, IReadOnlyList<IReadOnlyList<CircuitHead>>, bool[][]> answered,
        Action<double>? progress = null)
    {
        var (left, together, expectKept) = (begin, Fewest, false);
        var tried = new List<(CircuitHead Head, bool[] Right, bool IsKept)>();
        while (tried.Count < candidates.Count)
        {
            CircuitHead[] next = [.. candidates.Skip(tried.Count).Take(together)];
            var right = answered(left.Circuit,
                [.. next.Select((head, k) => (IReadOnlyList<CircuitHead>)(expectKept ? [head] : next[..(k + 1)]))]);
            var asExpected = 0;
            foreach (var (head, answers) in next.Zip(right))
            {
                (left, var isKept) = left.Try(head, Share(answers));
                tried.Add((head, answers, isKept));
                if (isKept != expectKept) break;
                asExpected++;
            }
            var all = asExpected == next.Length;
            together = all ? Math.Min(Most, 2 * together) : Math.Max(Fewest, together / 2);
            expectKept ^= !all;
            progress?.Invoke((double)tried.Count / candidates.Count);
        }
        return tried;
    }

    /// <summary>Path patching of the heads at positions that several groups share, which tells of which group each is
    /// (<see cref="SharedPositions"/>): into the receivers of every group, of the heads that no group before took.
    /// Receivers are the heads of the group that the paths end in, as they were placed, or those at its position.
    /// Scores are means over the prompts that the model answers right, of which elimination keeps what answers
    /// them; where it answers none, over all.</summary>
    /// <param name="session">Base runs of the prompts.</param>
    /// <param name="heads">Heads by position, in groups of <see cref="Elimination.Places"/>.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="cancel">Asked before each layer.</param>
    public static IEnumerable<(PathGroup Group, Head Head, Estimate Score)> Places(PathSession session, Circuit heads,
        PathChain chain, CancellationToken cancel)
    {
        var placed = heads.Groups.ToDictionary(g => g.Key, g => g.Value); // by position, then by group
        foreach (var groups in SharedPositions.Of(chain))
        {
            var rest = heads.Groups[groups.Key];
            foreach (var group in groups)
            {
                IReadOnlyList<Head> receivers = group.ReceiversFrom is { } from
                    ? placed.GetValueOrDefault(from) ?? placed[chain.Groups.First(g => g.Name == from).Position] : [];
                if (group.ReceiversFrom is not null && receivers.Count == 0) continue; // no path ends anywhere
                var scores = rest.GroupBy(h => h.Layer)
                    .SelectMany(layer => session.ScoreLayer(group, receivers, layer.Key, cancel: cancel)
                        .Where(s => layer.Contains(s.Head))).ToDictionary(s => s.Head, s => s.OfRight ?? s.Score);
                foreach (var head in rest) yield return (group, head, scores[head]);
                placed[group.Name] = group == groups.Last() ? rest
                    : SharedPositions.Taken(rest, head => scores[head]);
                rest = [.. rest.Except(placed[group.Name])];
            }
        }
    }

    private static double Share(bool[] answered) => answered.Count(a => a) / (double)answered.Length;
}

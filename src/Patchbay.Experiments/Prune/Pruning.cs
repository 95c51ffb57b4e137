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

    /// <summary>How much each head of some positions attends to the positions that tell the groups there apart: the sum
    /// over the names' positions, prompt by prompt.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="heads">Heads by position, in groups of <see cref="Elimination.Places"/>.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="split">What tells its groups apart.</param>
    /// <param name="cancel">Asked before each batch.</param>
    public static IEnumerable<(string Position, Head Head, string Group, double[] Attention)> Attention(Decoder model,
        PromptSet prompts, Circuit heads, PathChain chain, AttentionSplit split, CancellationToken cancel)
    {
        const int atOnce = 64; // prompts of one forward pass
        var all = new Dictionary<(string Position, Head Head, string Group), List<double>>();
        foreach (var some in prompts.Prompts.Chunk(atOnce))
        {
            cancel.ThrowIfCancellationRequested();
            var set = new PromptSet(some);
            foreach (var groups in AttentionSplit.Shared(chain))
            {
                var at = set.CleanPositions(groups.Key);
                using var run = BaseRun.Create(model, new([.. some.Select(p => p.Clean.Ids)]), at.Min());
                foreach (var layer in heads.Groups[groups.Key].GroupBy(h => h.Layer))
                {
                    using var scope = NewDisposeScope();
                    var weights = run.Attention(layer.Key, at).to(ScalarType.Float64).cpu(); // (N, H, T)
                    var (values, shape) = (weights.data<double>().ToArray(), weights.shape);
                    foreach (var (head, group) in layer.SelectMany(h => groups.Select(g => (h, g.Name))))
                    {
                        var key = (groups.Key, head, group);
                        if (!all.TryGetValue(key, out var sums)) all[key] = sums = [];
                        sums.AddRange(some.Select((p, n) => Named(p.Clean, split.Looks[group])
                            .Sum(t => values[(n * shape[1] + head.Index) * shape[2] + t])));
                    }
                }
            }
        }
        return all.Select(a => (a.Key.Position, a.Key.Head, a.Key.Group, a.Value.ToArray()));
    }

    /// <summary>The positions that names mean, each once.</summary>
    private static IEnumerable<int> Named(TokenSequence prompt, IReadOnlyList<string> names) =>
        names.SelectMany(name => PositionSets.Of(prompt, name)).Distinct();

    private static double Share(bool[] answered) => answered.Count(a => a) / (double)answered.Length;
}

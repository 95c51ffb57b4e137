namespace Patchbay.Experiments;

/// <summary>What is held in a circuit: at positions where some heads are alive the others, everywhere else
/// all.</summary>
/// <param name="batch">The prompts.</param>
/// <param name="config">The model's shape.</param>
/// <param name="elsewhere">Whether nothing is held elsewhere.</param>
internal sealed class CircuitHolds(BatchPrompts batch, DecoderConfig config, bool elsewhere)
{
    private readonly Dictionary<string, IReadOnlyList<Hold>> gaps = [];

    /// <summary>Holds of a circuit.</summary>
    /// <param name="alive">Heads by named position.</param>
    public IReadOnlyList<Hold> ForAlive(IReadOnlyDictionary<string, IReadOnlyList<Head>> alive)
    {
        if (elsewhere) return [.. AtPositions(alive, [.. alive.Keys])];
        string[] names = [.. alive.Where(p => p.Value.Count > 0).Select(p => p.Key)];
        var key = string.Join(' ', names);
        if (!gaps.TryGetValue(key, out var between)) gaps[key] = between = Gaps(names);
        return [.. between, .. AtPositions(alive, names)];
    }

    /// <summary>All heads before, between and after the positions.</summary>
    private IReadOnlyList<Hold> Gaps(string[] names)
    {
        var count = batch.Prompts.Count;
        var edges = Enumerable.Range(0, count).Select(n => names.Select(name => batch.At(name)[n]).Distinct().Order()
            .Append(batch.Clean.Last[n] + 1).ToArray()).ToArray();
        return
        [
            .. Enumerable.Range(0, names.Length + 1).Select(g => new Hold(
                [.. edges.Select(e => g == 0 ? 0 : g < e.Length ? e[g - 1] + 1 : 1)],
                [.. edges.Select(e => g < e.Length ? e[g] - 1 : 0)])),
        ];
    }

    /// <summary>The heads that are not alive, at each position. Where two names fall on one position of a prompt, the
    /// heads of both are alive there.</summary>
    private IEnumerable<Hold> AtPositions(IReadOnlyDictionary<string, IReadOnlyList<Head>> alive, string[] names)
    {
        var together = Enumerable.Range(0, batch.Prompts.Count)
            .SelectMany(n => names.GroupBy(name => batch.At(name)[n])
                .Select(g => (Names: string.Join(' ', g), Position: g.Key, Prompt: n)))
            .GroupBy(g => g.Names);
        foreach (var same in together)
        {
            var living = same.Key.Split(' ').SelectMany(name => alive[name]).ToHashSet();
            // from 1 to 0: nothing
            var (at, to) = (Enumerable.Repeat(1, batch.Prompts.Count).ToArray(), new int[batch.Prompts.Count]);
            foreach (var (_, position, prompt) in same) (at[prompt], to[prompt]) = (position, position);
            yield return new Hold([.. at], [.. to],
                [.. Head.All(config.Layers, config.Heads).Where(h => !living.Contains(h))]);
        }
    }
}

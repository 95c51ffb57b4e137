using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>Prompts given as tokens with the geometry of the entity-tracking task, for models that cannot read: 7
/// segments of 7 tokens behind BOS and a query of 7 more, 57 in all, object at 2 + 7k and label at 6 + 7k of each
/// segment k.</summary>
internal static class SyntheticPrompts
{
    private const int Segments = 7, Width = 7, Length = 1 + Segments * Width + Width, QueryLabel = Length - 3;

    /// <summary>Prompts with ids below <paramref name="vocabulary"/> (at least 200), drawn from a seed.</summary>
    public static PromptSet Create(int prompts, int vocabulary, ulong seed)
    {
        var random = new SplitMix64(seed);
        return new PromptSet([.. Enumerable.Range(0, prompts).Select(i => Prompt(random, vocabulary, $"synthetic prompt {i}"))]);
    }

    private static Prompt Prompt(SplitMix64 random, int vocabulary, string origin)
    {
        var (clean, labels, objects) = Scene(random, vocabulary);
        var queried = random.Below(Segments);
        clean[QueryLabel] = labels[queried];
        var (counterfactual, _, _) = Scene(random, vocabulary);
        counterfactual[QueryLabel] = 100 + 26; // a label of no scene
        return new Prompt(
            new TokenSequence(clean, Positions(6 + Width * queried)),
            new TokenSequence(counterfactual, Positions(6 + Width * random.Below(Segments))),
            objects[queried], origin);
    }

    private static (int[] Ids, int[] Labels, int[] Objects) Scene(SplitMix64 random, int vocabulary)
    {
        var labels = random.Sample(Enumerable.Range(100, 26).ToArray(), Segments);
        var objects = random.Sample(Enumerable.Range(130, vocabulary - 130).ToArray(), Segments);
        var ids = new int[Length];
        ids[0] = 1;
        for (var t = 1; t < Length; t++) ids[t] = 10 + (t - 1) % Width + (t > Segments * Width ? Width : 0);
        for (var k = 0; k < Segments; k++) (ids[2 + Width * k], ids[6 + Width * k]) = (objects[k], labels[k]);
        return (ids, [.. labels], [.. objects]);
    }

    private static Dictionary<string, int> Positions(int previous) => new()
    {
        [PositionNames.Last] = Length - 1,
        [PositionNames.QueryLabel] = QueryLabel,
        [PositionNames.PreviousQueryLabel] = previous,
    };
}

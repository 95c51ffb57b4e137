using Patchbay.Models;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Tests;

/// <summary>Prompts of random tokens and unequal length, with entity tracking's named positions; the counterfactual's
/// are elsewhere.</summary>
internal static class RandomPrompts
{
    public static DecoderConfig Config { get; } = new()
    {
        Layers = 4,
        Heads = 4,
        KeyValueHeads = 2,
        HeadWidth = 4,
        Width = 16,
        FeedForward = 21,
        Vocabulary = 13,
        MaxPositions = 32,
    };

    public static PromptSet Of(int seed, int count = 6, int length = 12, bool equal = false)
    {
        var random = new Random(seed);
        TokenSequence One()
        {
            var ids = Enumerable.Range(0, equal ? length : random.Next(length - 4, length))
                .Select(_ => random.Next(Config.Vocabulary)).ToArray();
            return Sequence(ids, random.Next(1, 4));
        }
        return new PromptSet([.. Enumerable.Range(0, count).Select(i =>
            new Prompt(One(), One(), random.Next(Config.Vocabulary), $"prompt {i}"))]);
    }

    public static TokenSequence Sequence(int[] ids, int previous = 0) => new(ids, new Dictionary<string, int>
    {
        [PositionNames.Last] = ids.Length - 1,
        [PositionNames.QueryLabel] = Math.Max(0, ids.Length - 3),
        [PositionNames.PreviousQueryLabel] = previous,
    });

    public static Circuit Circuit(Random random, double share) => new(PathChain.EntityTracking,
        PathChain.EntityTracking.Groups.ToDictionary(g => g.Name,
        _ => (IReadOnlyList<Head>)[.. Heads().Where(_ => random.NextDouble() < share)]));

    private static IEnumerable<Head> Heads() => Enumerable.Range(0, Config.Layers)
        .SelectMany(l => Enumerable.Range(0, Config.Heads).Select(h => new Head(l, h)));
}

using Patchbay.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Patching.Tests;

/// <summary>Random variants: edits of all sites, mixed or replaced, holds of all or some heads, knockouts.</summary>
internal static class RandomVariants
{
    public static IReadOnlyList<Variant> Some(Random random, LlamaConfig config, PaddedPrompts prompts, ScalarType dtype)
    {
        var variants = new List<Variant>();
        for (var kinds = random.Next(1, 4); kinds > 0; kinds--)
        {
            // Variants of one kind share their position arrays, so that they are evaluated together.
            var positions = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Positions(random, prompts)).ToArray();
            var hold = random.Next(3) switch
            {
                0 => new Hold(Positions(random, prompts), prompts.Last),
                1 => new Hold(new int[prompts.Count], Positions(random, prompts)),
                _ => null,
            };
            for (var count = random.Next(1, 5); count > 0; count--)
                variants.Add(One(random, config, prompts, dtype, positions, hold));
        }
        return variants;
    }

    public static IReadOnlyList<Probe> Probes(Random random, LlamaConfig config, PaddedPrompts prompts)
    {
        var positions = Positions(random, prompts);
        return
        [
            .. Enumerable.Range(0, random.Next(1, 5)).Select(_ => new Probe((Site)random.Next(3),
                new Head(random.Next(config.Layers), random.Next(config.Heads)), random.Next(3) == 0 ? Positions(random, prompts) : positions)),
        ];
    }

    private static Variant One(Random random, LlamaConfig config, PaddedPrompts prompts, ScalarType dtype, int[][] positions, Hold? hold)
    {
        var edits = new List<HeadEdit>();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var edit = new HeadEdit((Site)random.Next(4), new Head(random.Next(config.Layers), random.Next(config.Heads)),
                positions[random.Next(positions.Length)], randn([prompts.Count, config.HeadWidth], dtype: dtype),
                random.Next(3) == 0 ? random.NextDouble() : 0);
            if (!edits.Any(e => e.Site == edit.Site && e.Head == edit.Head)) edits.Add(edit);
        }
        var holds = new List<Hold>();
        if (hold is not null) holds.Add(hold);
        if (random.Next(4) == 0)
        {
            holds.Add(new Hold(Positions(random, prompts), prompts.Last,
                [.. Enumerable.Range(0, 3).Select(_ => new Head(random.Next(config.Layers), random.Next(config.Heads)))]));
        }
        return new Variant
        {
            Edits = edits,
            Holds = holds,
            Knockouts = Knockouts(random, config, prompts),
            Seen = Seen(random, config, prompts, dtype, positions),
            Refreshes = random.Next(4) == 0 ? [new Refresh(random.Next(config.Layers), positions[0])] : [],
        };
    }

    private static SeenEdit[] Seen(Random random, LlamaConfig config, PaddedPrompts prompts, ScalarType dtype, int[][] positions)
    {
        if (random.Next(3) != 0) return [];
        return
        [
            .. from head in Enumerable.Range(0, random.Next(1, 4)).Select(_ => new Head(random.Next(config.Layers), random.Next(config.Heads))).Distinct()
               let query = positions[random.Next(positions.Length)]
               from site in random.Next(3) switch { 0 => new[] { Site.K }, 1 => [Site.V], _ => [Site.K, Site.V] }
               let tokens = random.Next(2) == 0 ? prompts.Tokens : Math.Max(1, query.Max())
               select new SeenEdit(site, head, query, randn([prompts.Count, tokens, config.HeadWidth], dtype: dtype)),
        ];
    }

    private static Knockout[] Knockouts(Random random, LlamaConfig config, PaddedPrompts prompts)
    {
        if (random.Next(4) != 0) return [];
        var query = prompts.Last.Select(last => random.Next(1, last + 1)).ToArray();
        return [new Knockout(random.Next(config.Layers), query, [.. query.Select(q => random.Next(q))])];
    }

    private static int[] Positions(Random random, PaddedPrompts prompts) => [.. prompts.Last.Select(last => random.Next(last + 1))];
}

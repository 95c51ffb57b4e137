namespace Patchbay.Tasks;

/// <summary>Which entity-tracking prompts to generate.</summary>
/// <param name="Prompts">Number of lines.</param>
/// <param name="Seed">Seed of scenes and counterfactuals.</param>
/// <param name="Boxes">Boxes per scene, 2 to 10.</param>
public sealed record EntityOptions(int Prompts = 300, ulong Seed = 20, int Boxes = 7);

/// <summary>The entity-tracking task (method, section 2): scenes from a seed, every box of a scene asked for in
/// turn.</summary>
public static class EntityTracking
{
    /// <summary>Fewest and most boxes of a scene.</summary>
    public const int MinBoxes = 2, MaxBoxes = 10;

    private const int DrawsPerScene = 1000;

    /// <summary>Scenes enough for <see cref="EntityOptions.Prompts"/> lines, two at least, since a counterfactual comes
    /// from another scene. No two scenes are equal; within one no object and no label repeats.</summary>
    /// <exception cref="InvalidDataException">An option is out of range, or there are too few words.</exception>
    public static IReadOnlyList<EntityScene> Scenes(EntityOptions options, EntityWords words)
    {
        Check(options, words);
        var random = SplitMix64.For(options.Seed, "scenes");
        var count = Math.Max(2, (options.Prompts + options.Boxes - 1) / options.Boxes);
        var scenes = new List<EntityScene>(count);
        var contexts = new HashSet<string>();
        for (var draws = 0; scenes.Count < count; draws++)
        {
            if (draws >= count * DrawsPerScene)
                throw new InvalidDataException($"{words.Objects.Count} objects and {words.Labels.Count} labels give " +
                    $"only {scenes.Count} different scenes of {options.Boxes} boxes, {count} are needed.");
            var scene = new EntityScene(
                random.Sample(words.Objects, options.Boxes), random.Sample(words.Labels, options.Boxes));
            if (contexts.Add(scene.Context)) scenes.Add(scene);
        }
        return scenes;
    }

    /// <summary>One line per scene and box: every box of the first scene in turn, then of the second, ...</summary>
    public static IReadOnlyList<EntityLine> Lines(IReadOnlyList<EntityScene> scenes) =>
    [
        .. from s in Enumerable.Range(0, scenes.Count)
           from box in Enumerable.Range(0, scenes[s].Boxes)
           select new EntityLine(scenes[s], box, $"scene {s + 1}, box {box + 1}"),
    ];

    /// <summary>The first <see cref="EntityOptions.Prompts"/> lines of a seed.</summary>
    public static IReadOnlyList<EntityLine> Generate(EntityOptions options, EntityWords words) =>
        [.. Lines(Scenes(options, words)).Take(options.Prompts)];

    private static void Check(EntityOptions options, EntityWords words)
    {
        if (options.Boxes is < MinBoxes or > MaxBoxes)
            throw new InvalidDataException($"A scene has {MinBoxes} to {MaxBoxes} boxes, not {options.Boxes}.");
        if (options.Prompts < 1)
            throw new InvalidDataException($"At least one prompt must be asked for, not {options.Prompts}.");
        if (words.Objects.Count < options.Boxes || words.Labels.Count < options.Boxes)
            throw new InvalidDataException($"Scenes of {options.Boxes} boxes need {options.Boxes} objects and as " +
                $"many labels of one token each, this tokenizer has {words.Objects.Count} and {words.Labels.Count}.");
    }
}

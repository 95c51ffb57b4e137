namespace Patchbay.Tasks;

/// <summary>A counterfactual of an entity-tracking prompt.</summary>
/// <param name="Scene">A scene other than the prompt's.</param>
/// <param name="Queried">The box asked for before the label was replaced: (j + 1) mod n for the prompt's j.</param>
/// <param name="Label">The letter in its place.</param>
/// <param name="LabelSegment">Segment whose label position stands for the previous query label (group D).</param>
public sealed record EntityCounterfactual(EntityScene Scene, int Queried, string Label, int LabelSegment);

/// <summary>Draws counterfactuals (method, section 3) such that neither the scene, nor the queried position, nor the
/// label carries over.</summary>
public static class EntityCounterfactuals
{
    /// <summary>One counterfactual per line, drawn in order from the seed: first the scene, among those of
    /// <paramref name="scenes"/> with as many boxes; then the letter, among those of <paramref name="letters"/> that
    /// are neither in that scene nor asked for by the line; then the segment for group D.</summary>
    /// <exception cref="InvalidDataException">There is no other scene with as many boxes, or no letter
    /// left.</exception>
    public static IReadOnlyList<EntityCounterfactual> Draw(
        IReadOnlyList<EntityLine> lines, IReadOnlyList<EntityScene> scenes, IReadOnlyList<string> letters, ulong seed)
    {
        var random = SplitMix64.For(seed, "counterfactuals");
        var bySize = scenes.DistinctBy(scene => scene.Context).GroupBy(scene => scene.Boxes)
            .ToDictionary(group => group.Key, group => new Pool([.. group]));
        return [.. lines.Select(line => Draw(line, bySize.GetValueOrDefault(line.Scene.Boxes), letters, random))];
    }

    private static EntityCounterfactual Draw(
        EntityLine line, Pool? pool, IReadOnlyList<string> letters, SplitMix64 random)
    {
        var boxes = line.Scene.Boxes;
        var scene = pool?.Other(line.Scene, random) ?? throw Refusal.Of(line.Origin,
            $"another scene of {boxes} boxes to take the counterfactual from", "none");
        List<string> absent = [.. letters.Where(letter => letter != line.Label && !scene.Labels.Contains(letter))];
        if (absent.Count == 0)
            throw Refusal.Of(
                line.Origin, "a letter that is neither in the counterfactual's scene nor asked for", "none");
        return new EntityCounterfactual(scene, (line.Queried + 1) % boxes, random.Pick(absent), random.Below(boxes));
    }

    /// <summary>Scenes of one size, found by their text.</summary>
    private sealed class Pool(IReadOnlyList<EntityScene> scenes)
    {
        private readonly Dictionary<string, int> _indices =
            scenes.Select((scene, i) => (scene.Context, i)).ToDictionary(pair => pair.Context, pair => pair.i);

        public EntityScene? Other(EntityScene scene, SplitMix64 random)
        {
            if (!_indices.TryGetValue(scene.Context, out var own)) return random.Pick(scenes);
            if (scenes.Count < 2) return null;
            var drawn = random.Below(scenes.Count - 1);
            return scenes[drawn < own ? drawn : drawn + 1];
        }
    }
}

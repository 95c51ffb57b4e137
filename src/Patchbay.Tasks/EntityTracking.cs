using System.Text;

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
            throw new InvalidDataException($"a scene has {MinBoxes} to {MaxBoxes} boxes, not {options.Boxes}.");
        if (options.Prompts < 1)
            throw new InvalidDataException($"at least one prompt must be asked for, not {options.Prompts}.");
        if (words.Objects.Count < options.Boxes || words.Labels.Count < options.Boxes)
            throw new InvalidDataException($"scenes of {options.Boxes} boxes need {options.Boxes} objects and as " +
                $"many labels of one token each, this tokenizer has {words.Objects.Count} and {words.Labels.Count}.");
    }
}

/// <summary>Boxes and what is in them: object k is in the box with label k.</summary>
/// <param name="Objects">One noun per box, all different.</param>
/// <param name="Labels">One label per box, all different.</param>
public sealed record EntityScene(IReadOnlyList<string> Objects, IReadOnlyList<string> Labels)
{
    /// <summary>Number of boxes, n.</summary>
    public int Boxes => Objects.Count;

    /// <summary>The sentence that describes the scene: "The document is in Box X, the pot is in Box T."</summary>
    public string Context => Render().Text;

    /// <summary>The context and the question for a box: "... Box X contains the". The label need not be in the
    /// scene.</summary>
    public string PromptFor(string label) => $"{Context} Box {label} contains the";

    /// <summary>The context and where its words are: each segment's object, label and separator ("," or ".").</summary>
    internal (string Text, IReadOnlyList<SegmentText> Segments) Render()
    {
        var text = new StringBuilder();
        var segments = new List<SegmentText>(Boxes);
        for (var k = 0; k < Boxes; k++)
        {
            text.Append(k == 0 ? "The " : " the ");
            var entity = new TextSpan(text.Length, Objects[k].Length);
            text.Append(Objects[k]).Append(" is in Box ");
            var label = new TextSpan(text.Length, Labels[k].Length);
            text.Append(Labels[k]).Append(k + 1 < Boxes ? ',' : '.');
            segments.Add(new SegmentText(entity, label, new TextSpan(text.Length - 1, 1)));
        }
        return (text.ToString(), segments);
    }
}

/// <summary>One line of an entity-tracking file: a scene and the box that is asked for.</summary>
/// <param name="Scene">The scene.</param>
/// <param name="Queried">Index of the queried box, 0 to n-1.</param>
/// <param name="Origin">Where the line is from, for error messages: "boxes.jsonl, line 3" or "scene 1, box 3".</param>
public sealed record EntityLine(EntityScene Scene, int Queried, string Origin)
{
    /// <summary>Label of the queried box.</summary>
    public string Label => Scene.Labels[Queried];

    /// <summary>What the box contains: the correct answer.</summary>
    public string Answer => Scene.Objects[Queried];

    /// <summary>Context and question, up to and including "contains the".</summary>
    public string Prompt => Scene.PromptFor(Label);

    /// <summary>The prompt with its answer and a full stop, as files hold it.</summary>
    public string Sentence => $"{Prompt} {Answer}.";
}

/// <summary>Where one segment's words are in the context's text.</summary>
internal readonly record struct SegmentText(TextSpan Entity, TextSpan Label, TextSpan Separator);

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
        var scene = pool?.Other(line.Scene, random) ?? throw Refusal.Unexpected(line.Origin,
            $"another scene of {boxes} boxes to take the counterfactual from", "none");
        List<string> absent = [.. letters.Where(letter => letter != line.Label && !scene.Labels.Contains(letter))];
        if (absent.Count == 0)
            throw Refusal.Unexpected(
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

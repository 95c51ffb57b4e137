using static Patchbay.Tasks.EntityWording;

namespace Patchbay.Tasks;

/// <summary>A prompt, another one that activations are taken from, and what the model should answer then: patching what
/// carries a piece of information from source into base should make it answer the target.</summary>
/// <param name="Base">The prompt that is patched.</param>
/// <param name="Source">Where activations are taken from. Both have the positions "last", "query_label" and
/// "previous_query_label"; the source may be longer or shorter.</param>
/// <param name="Target">Id of the token to be answered; never that of the base's own answer.</param>
/// <param name="Origin">Which triple it is, for error messages: "position, triple 3".</param>
public sealed record PatchTriple(TokenSequence Base, TokenSequence Source, int Target, string Origin);

/// <summary>Desiderata (method, section 5): each a set of triples for one kind of information. Source: Prakash et al.,
/// ICLR 2024, section 5, after Davies et al. 2023 (Desiderata-based Component Masking). Bases are the lines of the
/// seed's scenes in order; a source is drawn among all lines of other scenes that fit.</summary>
/// <remarks>Where this departs from the published code. There the base's queried segment is looked for in the question
/// and so always taken for the first: sources never ask for the first box, and of "position" and "other segment" the
/// target is the base's own answer in one of seven triples. Here the two ask for different segments and no target is
/// the base's own answer. There a source may be of the base's scene; a scene may have an apple, a Box O or a Box P
/// (which Llama's tokenizer also finds in "PP") beside those that a variation adds; swapping the first or the last
/// segment leaves a comma before or behind it; boxes before the first segment leave "The" in the middle of the
/// sentence. Here none of it.</remarks>
public static class Desiderata
{
    /// <summary>The object itself: the source's correct object is answered.</summary>
    public const string ObjectValue = "object value";

    /// <summary>The queried label: the base's object in the box of the label that the source asks for.</summary>
    public const string BoxLabelValue = "box label value";

    /// <summary>Which segment: the base's object in the segment that the source asks for.</summary>
    public const string Position = "position";

    /// <summary>Lines to draw sources from come from so many scenes at least.</summary>
    private const int MinScenes = 40;

    private static readonly Desideratum[] MainSets =
    [
        new(ObjectValue, Plain) { Target = (_, source) => source.Answer },
        new(BoxLabelValue, Plain)
        {
            Fits = (@base, source) => @base.Scene.Labels.Contains(source.Label),
            Target = (@base, source) => @base.Scene.Objects[@base.Scene.Labels.ToList().IndexOf(source.Label)],
        },
        new(Position, Plain),
    ];

    /// <summary>Variations of the source of <see cref="Position"/>: what about it is position? Where there are two
    /// wordings, the first is the published one and the second says as much in words of the lab's vocabulary.</summary>
    private static readonly Desideratum[] PositionSets =
    [
        new("text before", Before("there are a bunch of boxes containing objects"), Before("you see how it is")),
        new("text after", After("these are a bunch of boxes containing objects"), After("you see how it is")),
        new("tokens between",
            Queried("the {0} is contained in the Box {1}"), Queried("the {0} is here in the Box {1}")),
        new("segment at start", Before("the apple is in Box O", "apple", "O")),
        new("segment at end", After("the apple is in Box O", "apple", "O")),
        new("box before segment",
            Queried("there are three additional boxes, Box PP, Box BB and Box AA, the {0} is in Box {1}",
                "P", "B", "A"),
            Queried("please see Box P, Box B and Box A, the {0} is in Box {1}", "P", "B", "A")),
        new("other segment", Plain)
        {
            Target = (@base, source) => @base.Scene.Objects[(source.Queried + 1) % @base.Scene.Boxes],
            MinBoxes = 3,
        },
        new("object and box swapped", Queried("Box {1} contains the {0}")),
        new("is not in", Queried("the {0} is not in Box {1}")),
        new("no comma", Every("the {0} is in Box {1}", between: " ")),
        new("comma after object", Every("the {0}, is in Box {1}", between: ", ")),
    ];

    /// <summary>The three kinds of information.</summary>
    public static IReadOnlyList<string> Main { get; } = [.. MainSets.Select(set => set.Name)];

    /// <summary>The eleven variations of <see cref="Position"/>.</summary>
    public static IReadOnlyList<string> Variations { get; } = [.. PositionSets.Select(set => set.Name)];

    /// <summary>All of them, the three first.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Main, .. Variations];

    /// <summary>As many triples as asked for; the same arguments give the same.</summary>
    /// <param name="desideratum">One of <see cref="All"/>.</param>
    /// <param name="triples">Number of triples.</param>
    /// <param name="seed">Seed of scenes and sources.</param>
    /// <param name="boxes">Boxes per scene, 2 to 10; 3 at least for "other segment".</param>
    /// <param name="encode">The tokenizer.</param>
    /// <param name="most">Make no more than so many of them, the first; that the others have sources is checked all the
    /// same.</param>
    /// <exception cref="InvalidDataException">There is no such desideratum, it needs more boxes, the tokenizer cannot
    /// spell it, or no source fits.</exception>
    public static IReadOnlyList<PatchTriple> Generate(
        string desideratum, int triples, ulong seed, int boxes, EncodeText encode, int most = int.MaxValue)
    {
        var set = MainSets.Concat(PositionSets).FirstOrDefault(set => set.Name == desideratum)
            ?? throw new InvalidDataException(
                $"there is no desideratum '{desideratum}', expected one of {string.Join(", ", All)}.");
        ArgumentOutOfRangeException.ThrowIfLessThan(triples, 1);
        if (boxes < set.MinBoxes)
            throw new InvalidDataException(
                $"desideratum '{desideratum}' needs scenes of {set.MinBoxes} boxes at least, not {boxes}.");
        var options = new EntityOptions(Math.Max(triples, MinScenes * boxes), seed, boxes);
        var lines = EntityTracking.Lines(EntityTracking.Scenes(options, EntityWords.For(encode)));
        var wording = set.WordingFor(lines, encode);
        List<EntityLine> sources = [.. lines.Where(line => wording.Fits(line.Scene))];
        var random = SplitMix64.For(seed, $"sources of {desideratum}");
        foreach (var (i, line) in lines.Take(triples).Index())
            if (!sources.Any(source => set.IsSource(line, source)))
                throw Refusal.Unexpected(Origin(i), $"a source for {Refusal.Quote(line.Prompt)}", "none");
        return [.. lines.Take(Math.Min(triples, most)).Select(Triple)];

        string Origin(int i) => $"{desideratum}, triple {i + 1}";

        PatchTriple Triple(EntityLine line, int i)
        {
            var origin = Origin(i);
            List<EntityLine> fitting = [.. sources.Where(source => set.IsSource(line, source))];
            var source = random.Pick(fitting);
            var question = EntityQuestion.Tokens(line.Prompt, line.Label, encode, origin);
            var asked = EntityQuestion.Tokens(wording.Prompt(source), source.Label, encode, origin);
            var target = EntityQuestion.AnswerToken(question, set.Target(line, source), encode, origin);
            return new PatchTriple(question, asked, target, origin);
        }
    }

    /// <summary>What makes a set of triples.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Wordings">How a source may be worded; the first that the tokenizer has all words of is
    /// taken.</param>
    private sealed record Desideratum(string Name, params EntityWording[] Wordings)
    {
        /// <summary>Whether a line of another scene can be the source of a base.</summary>
        public Func<EntityLine, EntityLine, bool> Fits { get; init; } =
            (@base, source) => @base.Queried != source.Queried;

        /// <summary>The object that base and source should give.</summary>
        public Func<EntityLine, EntityLine, string> Target { get; init; } =
            (@base, source) => @base.Scene.Objects[source.Queried];

        public int MinBoxes { get; init; } = EntityTracking.MinBoxes;

        public bool IsSource(EntityLine @base, EntityLine source) =>
            !ReferenceEquals(@base.Scene, source.Scene) && Fits(@base, source) && Target(@base, source) != @base.Answer;

        public EntityWording WordingFor(IReadOnlyList<EntityLine> lines, EncodeText encode)
        {
            // A scene's first two lines have the clause at the beginning of the sentence and within it.
            string[] Unknown(EntityWording wording) =>
                [.. lines.Take(2).SelectMany(line => wording.UnknownWords(line, encode)).Distinct()];
            return Wordings.FirstOrDefault(wording => Unknown(wording).Length == 0) ?? throw Refusal.Unexpected(
                $"desideratum '{Name}'", $"a tokenizer that has the words {string.Join(", ", Unknown(Wordings[0]))}",
                "its unknown token in their place");
        }
    }
}

/// <summary>A way to word the prompt that asks for a box.</summary>
/// <param name="Prompt">The prompt of a line, up to and including "contains the".</param>
internal sealed record EntityWording(Func<EntityLine, string> Prompt)
{
    /// <summary>Objects and labels that the wording itself mentions. A scene that has one of them is not worded so: it
    /// would be there twice.</summary>
    public IReadOnlyList<string> Mentions { get; init; } = [];

    /// <summary>As the task has it.</summary>
    public static EntityWording Plain { get; } = new(line => line.Prompt);

    /// <summary>Whether a scene can be worded so.</summary>
    public bool Fits(EntityScene scene) =>
        !Mentions.Any(word => scene.Objects.Contains(word) || scene.Labels.Contains(word));

    /// <summary>Words of a line's prompt that the tokenizer does not have.</summary>
    public IEnumerable<string> UnknownWords(EntityLine line, EncodeText encode) =>
        TokenAlignment.UnknownToken(encode) is not { } unknown
            ? []
            : Prompt(line).Split([' ', ',', '.'], StringSplitOptions.RemoveEmptyEntries).Distinct()
                .Where(word => TokenAlignment.SingleToken("the", word, encode) == unknown);

    /// <summary>A clause before the first segment.</summary>
    public static EntityWording Before(string clause, params string[] mentions) =>
        new(line => Join(line, [clause, .. Segments(line)])) { Mentions = mentions };

    /// <summary>A clause behind the last segment.</summary>
    public static EntityWording After(string clause, params string[] mentions) =>
        new(line => Join(line, [.. Segments(line), clause])) { Mentions = mentions };

    /// <summary>The queried segment in other words: {0} is its object, {1} its label.</summary>
    public static EntityWording Queried(string form, params string[] mentions) =>
        new(line => Join(line, Segments(line).Select((segment, k) =>
            k == line.Queried ? string.Format(null, form, line.Answer, line.Label) : segment)))
        { Mentions = mentions };

    /// <summary>Every segment in other words, and another mark between them.</summary>
    public static EntityWording Every(string form, string between) =>
        new(line => Join(line, Segments(line, form), between));

    private static IEnumerable<string> Segments(EntityLine line, string form = "the {0} is in Box {1}") =>
        line.Scene.Objects.Zip(line.Scene.Labels, (entity, label) => string.Format(null, form, entity, label));

    private static string Join(EntityLine line, IEnumerable<string> clauses, string between = ", ")
    {
        var context = string.Join(between, clauses);
        return $"{char.ToUpperInvariant(context[0])}{context[1..]}. Box {line.Label} contains the";
    }
}

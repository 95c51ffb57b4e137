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
        new(ObjectValue, EntityWording.Plain) { Target = (_, source) => source.Answer },
        new(BoxLabelValue, EntityWording.Plain)
        {
            Fits = (@base, source) => @base.Scene.Labels.Contains(source.Label),
            Target = (@base, source) => @base.Scene.Objects[@base.Scene.Labels.ToList().IndexOf(source.Label)],
        },
        new(Position, EntityWording.Plain),
    ];

    /// <summary>Variations of the source of <see cref="Position"/>: what about it is position? Where there are two
    /// wordings, the first is the published one and the second says as much in words of the lab's vocabulary.</summary>
    private static readonly Desideratum[] PositionSets =
    [
        new("text before", EntityWording.Before("there are a bunch of boxes containing objects"), EntityWording.Before("you see how it is")),
        new("text after", EntityWording.After("these are a bunch of boxes containing objects"), EntityWording.After("you see how it is")),
        new("tokens between", EntityWording.Queried("the {0} is contained in the Box {1}"), EntityWording.Queried("the {0} is here in the Box {1}")),
        new("segment at start", EntityWording.Before("the apple is in Box O", "apple", "O")),
        new("segment at end", EntityWording.After("the apple is in Box O", "apple", "O")),
        new("box before segment",
            EntityWording.Queried("there are three additional boxes, Box PP, Box BB and Box AA, the {0} is in Box {1}", "P", "B", "A"),
            EntityWording.Queried("please see Box P, Box B and Box A, the {0} is in Box {1}", "P", "B", "A")),
        new("other segment", EntityWording.Plain)
        {
            Target = (@base, source) => @base.Scene.Objects[(source.Queried + 1) % @base.Scene.Boxes],
            MinBoxes = 3,
        },
        new("object and box swapped", EntityWording.Queried("Box {1} contains the {0}")),
        new("is not in", EntityWording.Queried("the {0} is not in Box {1}")),
        new("no comma", EntityWording.Every("the {0} is in Box {1}", between: " ")),
        new("comma after object", EntityWording.Every("the {0}, is in Box {1}", between: ", ")),
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
    /// <exception cref="InvalidDataException">There is no such desideratum, or it needs more boxes.</exception>
    /// <exception cref="InvalidDataException">The tokenizer cannot spell it, or no source fits.</exception>
    public static IReadOnlyList<PatchTriple> Generate(string desideratum, int triples, ulong seed, int boxes, EncodeText encode)
    {
        var set = MainSets.Concat(PositionSets).FirstOrDefault(set => set.Name == desideratum)
            ?? throw new InvalidDataException(
            $"There is no desideratum '{desideratum}', expected one of {string.Join(", ", All)}.");
        ArgumentOutOfRangeException.ThrowIfLessThan(triples, 1);
        if (boxes < set.MinBoxes)
            throw new InvalidDataException(
                $"Desideratum '{desideratum}' needs scenes of {set.MinBoxes} boxes at least, not {boxes}.");
        var options = new EntityOptions(Math.Max(triples, MinScenes * boxes), seed, boxes);
        var lines = EntityTracking.Lines(EntityTracking.Scenes(options, EntityWords.For(encode)));
        var wording = set.WordingFor(lines, encode);
        List<EntityLine> sources = [.. lines.Where(line => wording.Fits(line.Scene))];
        var random = SplitMix64.For(seed, $"sources of {desideratum}");
        return [.. lines.Take(triples).Select(Triple)];

        PatchTriple Triple(EntityLine line, int i)
        {
            var origin = $"{desideratum}, triple {i + 1}";
            List<EntityLine> fitting = [.. sources.Where(source => set.IsSource(line, source))];
            if (fitting.Count == 0) throw Refusal.Of(origin, $"a source for {Refusal.Quote(line.Prompt)}", "none");
            var source = random.Pick(fitting);
            var question = EntityQuestion.Of(line.Prompt, line.Label, encode, origin);
            return new PatchTriple(
                question,
                EntityQuestion.Of(wording.Prompt(source), source.Label, encode, origin),
                EntityQuestion.AnswerToken(question, set.Target(line, source), encode, origin),
                origin);
        }
    }

    /// <summary>What makes a set of triples.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Wordings">How a source may be worded; the first that the tokenizer has all words of is
    /// taken.</param>
    private sealed record Desideratum(string Name, params EntityWording[] Wordings)
    {
        /// <summary>Whether a line of another scene can be the source of a base.</summary>
        public Func<EntityLine, EntityLine, bool> Fits { get; init; } = (@base, source) => @base.Queried != source.Queried;

        /// <summary>The object that base and source should give.</summary>
        public Func<EntityLine, EntityLine, string> Target { get; init; } = (@base, source) => @base.Scene.Objects[source.Queried];

        public int MinBoxes { get; init; } = EntityTracking.MinBoxes;

        public bool IsSource(EntityLine @base, EntityLine source) =>
            !ReferenceEquals(@base.Scene, source.Scene) && Fits(@base, source) && Target(@base, source) != @base.Answer;

        public EntityWording WordingFor(IReadOnlyList<EntityLine> lines, EncodeText encode)
        {
            // A scene's first two lines have the clause at the beginning of the sentence and within it.
            List<string> Unknown(EntityWording wording) => [.. lines.Take(2).SelectMany(line => wording.UnknownWords(line, encode)).Distinct()];
            return Wordings.FirstOrDefault(wording => Unknown(wording).Count == 0) ?? throw Refusal.Of(
                $"desideratum '{Name}'", $"a tokenizer that has the words {string.Join(", ", Unknown(Wordings[0]))}",
                "its unknown token in their place");
        }
    }
}

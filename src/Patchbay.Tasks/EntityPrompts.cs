namespace Patchbay.Tasks;

/// <summary>Entity-tracking prompts as tokens, generated or from a file.</summary>
public static class EntityPrompts
{
    /// <summary>Generates prompts of the words that the tokenizer has as single tokens; the notices of the set name the
    /// others.</summary>
    /// <exception cref="InvalidDataException">An option is out of range, or the tokenizer knows too few of the
    /// words.</exception>
    public static PromptSet Generate(EntityOptions options, EncodeText encode)
    {
        var words = EntityWords.For(encode);
        var lines = EntityTracking.Lines(EntityTracking.Scenes(options, words));
        return Build(lines, words, encode, options.Seed, options.Prompts);
    }

    /// <summary>Loads a file of sentences; counterfactuals come from its other scenes.</summary>
    /// <param name="path">A JSONL file as <see cref="EntityFile"/> describes it.</param>
    /// <param name="encode">The tokenizer.</param>
    /// <param name="seed">Seed of the counterfactuals.</param>
    /// <param name="prompts">How many lines to use from the beginning; all by default.</param>
    /// <param name="name">What messages call the file, where that is not its path.</param>
    /// <exception cref="InvalidDataException">A line is not as it must be; the message names it.</exception>
    public static PromptSet Load(string path, EncodeText encode, ulong seed, int? prompts = null,
        string? name = null) =>
        // The file has its own words: which of ours the tokenizer lacks is no news to its owner.
        Build(EntityFile.Load(path, name), EntityWords.For(encode) with { Notices = [] }, encode, seed,
            prompts ?? int.MaxValue);

    /// <summary>The first <paramref name="prompts"/> lines as tokens, with counterfactuals from the scenes of all
    /// lines.</summary>
    /// <exception cref="InvalidDataException">A word is not one token, or a query label does not occur exactly once
    /// before the question, or there is no counterfactual.</exception>
    public static PromptSet Build(
        IReadOnlyList<EntityLine> lines, EntityWords words, EncodeText encode, ulong seed, int prompts)
    {
        List<EntityLine> used = [.. lines.Take(prompts)];
        List<EntityScene> scenes = [.. lines.Select(line => line.Scene)];
        var counterfactuals = EntityCounterfactuals.Draw(used, scenes, words.Labels, seed);
        var layouts = new Dictionary<string, EntityLayout>();
        var origins = lines.DistinctBy(line => line.Scene.Context).ToDictionary(l => l.Scene.Context, l => l.Origin);
        return new PromptSet([.. used.Zip(counterfactuals, ToPrompt)], words.Notices);

        Prompt ToPrompt(EntityLine line, EntityCounterfactual other)
        {
            var clean = LayoutOf(line.Scene).Question(line.Label, line.Origin);
            var counterfactual = LayoutOf(other.Scene).QuestionOfAbsent(other.Label, other.LabelSegment, line.Origin);
            var answer = EntityQuestion.AnswerToken(clean, line.Answer, encode, line.Origin);
            return new Prompt(clean, counterfactual, answer, line.Origin) { Fields = PromptFields.Unnamed };
        }

        // A scene serves as many prompts as it has boxes, and as counterfactual of others: align it once.
        EntityLayout LayoutOf(EntityScene scene)
        {
            var context = scene.Context;
            if (layouts.TryGetValue(context, out var layout)) return layout;
            return layouts[context] = new EntityLayout(scene, encode, origins[context]);
        }
    }
}

/// <summary>Prompts over which mean activations are taken (method, section 4): what is left of an activation when
/// neither the scene nor the question is known.</summary>
public static class EntityMeans
{
    /// <summary>As many prompts as asked for, each of a scene of its own and asking for a letter drawn at random, which
    /// may be in the scene or not. All are equally long. They have the positions "last" and "query_label", and those
    /// whose letter is in their scene "previous_query_label" too.</summary>
    /// <param name="count">Number of prompts.</param>
    /// <param name="seed">Seed of scenes and letters.</param>
    /// <param name="boxes">Boxes per scene.</param>
    /// <param name="encode">The tokenizer.</param>
    /// <exception cref="ArgumentOutOfRangeException">No prompt is asked for.</exception>
    /// <exception cref="InvalidDataException">A scene cannot have so many boxes, or the tokenizer has too few of the
    /// words as one token.</exception>
    public static IReadOnlyList<TokenSequence> Generate(int count, ulong seed, int boxes, EncodeText encode)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var words = EntityWords.For(encode);
        var scenes = EntityTracking.Scenes(new EntityOptions(count * boxes, seed, boxes), words);
        var random = SplitMix64.For(seed, "letters of means");
        return [.. scenes.Take(count).Select((scene, i) =>
        {
            var letter = random.Pick(words.Labels);
            return EntityQuestion.Tokens(scene.PromptFor(letter), letter, encode, $"scene {i + 1}");
        })];
    }
}

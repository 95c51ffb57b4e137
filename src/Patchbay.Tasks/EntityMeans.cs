namespace Patchbay.Tasks;

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
        return [.. scenes.Take(count).Select(Ask)];

        TokenSequence Ask(EntityScene scene, int i)
        {
            var letter = random.Pick(words.Labels);
            return EntityQuestion.Of(scene.PromptFor(letter), letter, encode, $"scene {i + 1}");
        }
    }
}

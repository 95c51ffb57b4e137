namespace Patchbay.Tasks;

/// <summary>Indirect object identification (Wang et al. 2022): of two people one is named again and gives something to
/// the other, whose name is the answer. The counterfactual is the same sentence about three other people (the paper's
/// ABC distribution), so that no name is repeated.</summary>
public static class IoiPrompts
{
    private const int DrawsPerPrompt = 100;

    /// <summary>Prompts from a seed, no two alike, the receiver first (ABBA) and second (BABA) in turn. Positions:
    /// "last", "io" the receiver, "s1" and "s2" the giver's two occurrences, "s1_plus_1" the token behind the
    /// first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No prompt is asked for.</exception>
    /// <exception cref="InvalidDataException">There are too few words.</exception>
    public static IReadOnlyList<PromptLine> Lines(int prompts, ulong seed, IoiWords words)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(prompts, 1);
        if (words.Names.Count < 5 || words.Places.Count < 1 || words.Things.Count < 1)
        {
            throw new InvalidDataException("Prompts of indirect object identification need 5 names, a place and a " +
                $"thing of one token each, this tokenizer has {words.Names.Count}, {words.Places.Count} and " +
                $"{words.Things.Count}.");
        }
        var random = SplitMix64.For(seed, "ioi");
        var lines = new Dictionary<string, PromptLine>(prompts);
        for (var draws = 0; lines.Count < prompts; draws++)
        {
            if (draws >= prompts * DrawsPerPrompt)
            {
                throw new InvalidDataException(
                    $"The words of this tokenizer give only {lines.Count} different prompts, {prompts} are needed.");
            }
            var line = Draw(receiverFirst: lines.Count % 2 == 0, random, words);
            lines.TryAdd(line.Clean, line);
        }
        return [.. lines.Values];
    }

    /// <summary>The prompts of a seed as tokens, of the words that the tokenizer has as single tokens; the notices of
    /// the set name the others.</summary>
    /// <exception cref="InvalidDataException">The tokenizer knows too few of the words.</exception>
    public static PromptSet Generate(int prompts, ulong seed, EncodeText encode)
    {
        var words = IoiWords.For(encode);
        return PromptFile.Build(Lines(prompts, seed, words), encode, words.Notices);
    }

    private static PromptLine Draw(bool receiverFirst, SplitMix64 random, IoiWords words)
    {
        var names = random.Sample(words.Names, 5);
        var clean = new IoiSentence(random.Below(IoiSentence.Templates.Count), names[0], names[1],
            names[receiverFirst ? 1 : 0], random.Pick(words.Places), random.Pick(words.Things));
        var other = clean with { First = names[2], Second = names[3], Giver = names[4] };
        return new PromptLine(clean.Marked(receiverFirst), other.Marked(receiverFirst), clean.Receivers);
    }
}

namespace Patchbay.Tasks;

/// <summary>What entity-tracking scenes are made of: objects and box labels.</summary>
/// <param name="Objects">Nouns without article.</param>
/// <param name="Labels">Box labels.</param>
/// <param name="Notices">Sentences for people about words that were left out.</param>
public sealed record EntityWords(
    IReadOnlyList<string> Objects, IReadOnlyList<string> Labels, IReadOnlyList<string> Notices)
{
    /// <summary>Common concrete nouns, each one token ("▁noun") under the Llama tokenizer, and the labels A to
    /// Z.</summary>
    public static EntityWords All { get; } = new(
        WordList.Split("""
            anchor apple arrow bag ball bar basket bat battery bed bell bill board boat bomb book boot bow branch bread
            brick bucket button cable camera cap car card cart case cat chain chair chart chip clock cloth coat coffee
            coin computer corn cow crown cup device disk document dog doll dress drink drug drum egg engine fan file
            film fish flag flower fork frame fruit game gift glass gold guitar gun hat hook horse iron jar key lamp
            leaf letter lock machine magazine magnet map mask match meat medal medicine milk mirror model monitor motor
            mouse net newspaper note novel nut oil orange packet paint painting pan paper pen phone photo piano picture
            pie pill pin pipe plane plant plate poster pot printer radio record rice ring rock rod roll rose salt sand
            screen seed shell shield ship silver soap stamp steel stick stone string sugar suit sword table tea tent
            thread ticket tie tin tool train tree vehicle video watch wheel wine wire wood
            """),
        [.. Enumerable.Range('A', 26).Select(letter => ((char)letter).ToString())],
        []);

    /// <summary>The words of <see cref="All"/> that <paramref name="encode"/> turns into one token each, and into
    /// different ones (an encoder that knows neither of two words gives both the same unknown token). A notice names
    /// the words that were left out.</summary>
    public static EntityWords For(EncodeText encode)
    {
        var notices = new List<string>();
        return new EntityWords(
            WordList.Usable(All.Objects, "The", "objects", encode, notices),
            WordList.Usable(All.Labels, "Box", "box labels", encode, notices),
            notices);
    }
}

/// <summary>Words that prompts are made of.</summary>
public static class WordList
{
    /// <summary>How many words a notice names.</summary>
    private const int Named = 20;

    /// <summary>The words of a text, which white space parts.</summary>
    public static string[] Split(string words) => words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The words that become one token of their own each behind <paramref name="before"/> and a space; adds a
    /// notice about the others, called <paramref name="what"/>.</summary>
    internal static List<string> Usable(
        IReadOnlyList<string> words, string before, string what, EncodeText encode, List<string> notices)
    {
        var unknown = TokenAlignment.UnknownToken(encode);
        var tokens = words.ToDictionary(word => word, word => TokenAlignment.SingleToken(before, word, encode));
        var owners = tokens.Values.OfType<int>().CountBy(token => token).ToDictionary();
        var usable = words.Where(w => tokens[w] is int t && t != unknown && owners[t] == 1).ToList();
        if (usable.Count == words.Count) return usable;
        var left = words.Except(usable).ToList();
        var more = left.Count > Named ? $" and {left.Count - Named} more" : "";
        notices.Add($"{left.Count} of {words.Count} {what} are not one token each and were left out: " +
            $"{string.Join(", ", left.Take(Named))}{more}.");
        return usable;
    }
}

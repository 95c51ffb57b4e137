using System.Text;
using System.Text.RegularExpressions;

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
            throw new InvalidDataException("prompts of indirect object identification need 5 names, a place and a " +
                $"thing of one token each, this tokenizer has {words.Names.Count}, {words.Places.Count} and " +
                $"{words.Things.Count}.");
        var random = SplitMix64.For(seed, "ioi");
        var lines = new Dictionary<string, PromptLine>(prompts);
        for (var draws = 0; lines.Count < prompts; draws++)
        {
            if (draws >= prompts * DrawsPerPrompt)
                throw new InvalidDataException(
                    $"the words of this tokenizer give only {lines.Count} different prompts, {prompts} are needed.");
            var line = Draw(receiverFirst: lines.Count % 2 == 0, random, words);
            lines.TryAdd(line.Clean, line);
        }
        return [.. lines.Values];
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

/// <summary>What prompts of indirect object identification are made of.</summary>
/// <param name="Names">First names of people.</param>
/// <param name="Places">Where they are, without article.</param>
/// <param name="Things">What one gives the other: nouns that "a" can stand before.</param>
/// <param name="Notices">Sentences for people about words that were left out.</param>
public sealed record IoiWords(
    IReadOnlyList<string> Names, IReadOnlyList<string> Places, IReadOnlyList<string> Things,
    IReadOnlyList<string> Notices)
{
    /// <summary>Common words, each one token ("▁Mary") under the Llama tokenizer.</summary>
    public static IoiWords All { get; } = new(
        WordList.Split("""
            Adam Alan Alex Alice Amy Andrew Anna Anthony Arthur Ben Bill Bob Brian Bruce Carl Carol Charles Charlie
            Chris Daniel David Edward Elizabeth Emma Eric Frank Fred George Grace Harry Helen Henry Howard Jack James
            Jane Jason Jim Joe John Jonathan Joseph Julia Kate Keith Kelly Kevin Larry Laura Lewis Lisa Louis Lucy
            Margaret Maria Marie Martin Mary Matthew Max Michael Mike Nancy Nick Oliver Patrick Paul Peter Philip
            Richard Robert Roger Ruth Sam Sarah Scott Simon Stephen Steve Susan Thomas Tim Tom Tony Victoria Walter
            William
            """),
        WordList.Split("""
            bank beach bridge castle church city club court farm field forest garden hall hospital house island library
            market mountain museum office park port river school shop station store street theatre village
            """),
        WordList.Split("""
            ball basket book box camera card coat coin cup drink flower gift glass guitar hat key lamp letter map mirror
            newspaper note novel paper pen photo picture plate record ring rose stone ticket tool watch
            """),
        []);

    /// <summary>The words of <see cref="All"/> that <paramref name="encode"/> turns into one token each, and into
    /// different ones; a notice names the others.</summary>
    public static IoiWords For(EncodeText encode)
    {
        var notices = new List<string>();
        return new IoiWords(
            WordList.Usable(All.Names, "and", "names", encode, notices),
            WordList.Usable(All.Places, "the", "places", encode, notices),
            WordList.Usable(All.Things, "a", "things", encode, notices),
            notices);
    }
}

/// <summary>A sentence about two people of whom one gives the other something, up to the receiver's name: "When Mary
/// and John went to the store, John gave a drink to".</summary>
/// <param name="Template">Index into <see cref="Templates"/>.</param>
/// <param name="First">The first name.</param>
/// <param name="Second">The second name, another one.</param>
/// <param name="Giver">The third name. One of the two (the task), or neither (its counterfactual).</param>
/// <param name="Place">Where.</param>
/// <param name="Thing">What.</param>
public sealed partial record IoiSentence(
    int Template, string First, string Second, string Giver, string Place, string Thing)
{
    /// <summary>The sentences; names, place and thing stand in brackets.</summary>
    public static IReadOnlyList<string> Templates { get; } =
    [
        "When [first] and [second] went to the [place], [giver] gave a [thing] to",
        "Then [first] and [second] went to the [place]. [giver] gave a [thing] to",
        "After [first] and [second] met at the [place], [giver] handed a [thing] to",
        "While [first] and [second] were working at the [place], [giver] gave a [thing] to",
        "Then [first] and [second] had a lot of fun at the [place], and [giver] gave a [thing] to",
        "When [first] and [second] found a [thing] at the [place], [giver] decided to give it to",
        "The friends [first] and [second] bought a [thing] at the [place]. [giver] gave it to",
        "The [place] that [first] and [second] went to had a [thing]. [giver] gave it to",
    ];

    /// <summary>The sentence.</summary>
    public string Text => Render().Text;

    /// <summary>Who can be given something: the one of the two who does not give, or both.</summary>
    public IReadOnlyList<string> Receivers => [.. new[] { First, Second }.Where(name => name != Giver)];

    /// <summary>The sentence with its positions: the receiver "io" and the giver's two occurrences "s1" and "s2" (in a
    /// counterfactual the names in the same places), and the token behind the first, "s1_plus_1".</summary>
    /// <param name="receiverFirst">Whether the receiver is the first name, as in the pattern ABBA, or the second, as in
    /// BABA.</param>
    internal MarkedText Marked(bool receiverFirst)
    {
        var (text, slots) = Render();
        var (io, s1) = receiverFirst ? (slots["first"], slots["second"]) : (slots["second"], slots["first"]);
        var next = WordOrMark().Match(text, s1.End);
        return new MarkedText(text, new Dictionary<string, Mark>
        {
            ["io"] = new(io),
            ["s1"] = new(s1),
            ["s1_plus_1"] = new(new TextSpan(next.Index, next.Length), "first"),
            ["s2"] = new(slots["giver"]),
        });
    }

    private (string Text, Dictionary<string, TextSpan> Slots) Render()
    {
        var text = new StringBuilder();
        var slots = new Dictionary<string, TextSpan>();
        var template = Templates[Template];
        var at = 0;
        foreach (Match slot in Slot().Matches(template))
        {
            text.Append(template, at, slot.Index - at);
            var name = slot.Groups[1].Value;
            var word = name switch
            {
                "first" => First,
                "second" => Second,
                "giver" => Giver,
                "place" => Place,
                _ => Thing,
            };
            slots[name] = new TextSpan(text.Length, word.Length);
            text.Append(word);
            at = slot.Index + slot.Length;
        }
        return (text.Append(template, at, template.Length - at).ToString(), slots);
    }

    [GeneratedRegex(@"\[(\w+)\]")]
    private static partial Regex Slot();

    [GeneratedRegex(@"\w+|[^\w\s]")]
    private static partial Regex WordOrMark();
}

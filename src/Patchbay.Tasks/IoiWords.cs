namespace Patchbay.Tasks;

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
        Split("""
            Adam Alan Alex Alice Amy Andrew Anna Anthony Arthur Ben Bill Bob Brian Bruce Carl Carol Charles Charlie
            Chris Daniel David Edward Elizabeth Emma Eric Frank Fred George Grace Harry Helen Henry Howard Jack James
            Jane Jason Jim Joe John Jonathan Joseph Julia Kate Keith Kelly Kevin Larry Laura Lewis Lisa Louis Lucy
            Margaret Maria Marie Martin Mary Matthew Max Michael Mike Nancy Nick Oliver Patrick Paul Peter Philip
            Richard Robert Roger Ruth Sam Sarah Scott Simon Stephen Steve Susan Thomas Tim Tom Tony Victoria Walter
            William
            """),
        Split("""
            bank beach bridge castle church city club court farm field forest garden hall hospital house island library
            market mountain museum office park port river school shop station store street theatre village
            """),
        Split("""
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
            EntityWords.Usable(All.Names, "and", "names", encode, notices),
            EntityWords.Usable(All.Places, "the", "places", encode, notices),
            EntityWords.Usable(All.Things, "a", "things", encode, notices),
            notices);
    }

    internal static string[] Split(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}

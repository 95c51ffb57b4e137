using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Tasks;

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

using System.Text.RegularExpressions;

namespace Patchbay.Lab.Data;

/// <summary>A word-level vocabulary of models that are trained here. As in Llama's, "▁" is a space: "▁apple" is a
/// word with the space before it, punctuation and numbers are tokens without one, and where a space comes before a
/// number it is a token of its own. So "The apple is in Box F," is 7 tokens and decoding gives the text
/// back.</summary>
internal sealed partial class LabVocabulary
{
    /// <summary>Ids of the unknown token, of the one before every sequence and of the one that ends a text.</summary>
    public const int Unknown = 0, Begin = 1, End = 2;

    /// <summary>The spelling of a space, and the id of the token that is nothing else.</summary>
    internal const string Space = "▁";

    /// <inheritdoc cref="Space"/>
    internal const int SpaceId = 3;

    private const string Punctuation = ".,:?!+-*=";

    private const string Sentence = "The the is in Box contains";

    private const string Talk =
        """
        USER ASSISTANT Hello Hi Goodbye Thank thank Thanks Please please Say say Good Nice My my your Your
        you You are am it It was and or not to of for that this What what Which How how many Is a an An can help do
        does fine morning evening welcome See see again meet name about Count words here opposite
        colour nice like lost have new old glad sorry bigger big small use
        plus minus times Add Take from Multiply by
        red blue green white black yellow brown grey
        Anna Ben Clara David Emma Frank Grace Henry Julia Karl Laura Martin
        hot cold warm cool up down day night open closed full empty fast slow good bad happy sad hard soft long short
        high low light dark rich poor early late near far left right young wet dry clean dirty strong weak
        drinking reading writing eating driving sleeping sitting cutting playing seeing cooking sailing fishing
        sewing shooting lighting listening paying wearing
        """;

    /// <summary>Numbers by their words, from zero; and what tables of them are about.</summary>
    internal const string Numbers =
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        + "seventeen eighteen", Table = "Row row";

    private static readonly string[] SpecialTokens = ["<unk>", "<s>", "</s>"];

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _wordIds;

    private LabVocabulary(int digits, IEnumerable<string> words)
    {
        DigitsPerToken = digits;
        var numbers = Enumerable.Range(0, (int)Math.Pow(10, digits)).Select(n => n.ToString($"D{digits}", null));
        var spaced = words.Distinct().Select(word => Space + word);
        Tokens = [.. SpecialTokens, Space, .. numbers, .. Punctuation.Select(c => $"{c}"), .. spaced];
        _ids = Tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id);
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _wordIds = _ids.Where(pair => pair.Key.StartsWith(Space, StringComparison.Ordinal) && pair.Value != SpaceId)
            .ToDictionary(pair => pair.Key[1..], pair => pair.Value).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The quartet's words: boxes, arithmetic and conversations; a token for each digit. Shipped models rely
    /// on its ids.</summary>
    public static LabVocabulary Quartet { get; } = new(digits: 1, QuartetWords);

    /// <summary>The quartet's words, with the same ids, and behind them numbers and what tables of them are
    /// about.</summary>
    public static LabVocabulary Numbered { get; } = new(digits: 1,
        [.. QuartetWords, .. WordList.Split($"{Numbers} {Table}")]);

    private static IEnumerable<string> QuartetWords =>
        [.. EntityWords.All.Labels, .. EntityWords.All.Objects, .. WordList.Split($"{Sentence} {Talk}")];

    /// <summary>The words of indirect object identification and greater-than; a token for every two digits, so that a
    /// year is two.</summary>
    public static LabVocabulary PeopleAndYears { get; } = new(digits: 2,
    [
        .. IoiWords.All.Names, .. IoiWords.All.Places, .. IoiWords.All.Things, .. GreaterThanWords.All.Nouns,
        .. IoiSentence.Templates.Append(GreaterThanPrompts.Text("", 11, 11))
            .SelectMany(text => WordList.Split(NoWord().Replace(text, " "))),
    ]);

    /// <summary>Digits of a number's tokens; a longer number is cut from the left.</summary>
    internal int DigitsPerToken { get; }

    /// <summary>Every token as the tokenizer file spells it; the place is the id.</summary>
    public IReadOnlyList<string> Tokens { get; }

    public int Size => Tokens.Count;

    /// <summary>Whether another's tokens have the same ids here.</summary>
    public bool Includes(LabVocabulary other) => Tokens.Take(other.Size).SequenceEqual(other.Tokens);

    /// <summary>The id of a word that follows a space, of a number token or of a punctuation mark.</summary>
    /// <exception cref="ArgumentException">The vocabulary lacks it.</exception>
    public int IdOf(string word) =>
        _wordIds.TryGetValue(word, out var id) || _ids.TryGetValue(word, out id)
            ? id
            : throw new ArgumentException($"'{word}' is not in this vocabulary of the lab.", nameof(word));

    /// <summary>The ids of an ASCII text as the tokenizer file gives them, without <see cref="Begin"/>.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>(text.Length / 3 + 2);
        Encode(text, ids.Add);
        return [.. ids];
    }

    /// <summary>A question whose prompt is a text.</summary>
    internal Question Question(string prompt, params int[] answer) => new([Begin, .. Encode(prompt)], answer);

    /// <summary>The text of ids, special tokens included; <see cref="Encode(string)"/> takes it back.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var text = string.Concat(ids.Select(id => Tokens[id])).Replace(Space, " ", StringComparison.Ordinal);
        return text.StartsWith(' ') ? text[1..] : text;
    }

    /// <summary>Gives the ids of a text one by one.</summary>
    internal void Encode(ReadOnlySpan<char> text, Action<int> add)
    {
        // A text begins as if a space were before it, and so does the rest after a special token.
        var space = true;
        for (var at = 0; at < text.Length;)
        {
            var c = text[at];
            if (char.IsWhiteSpace(c))
            {
                (space, at) = (true, at + 1);
            }
            else if (c == '<' && SpecialAt(text[at..]) is var special and >= 0)
            {
                add(special);
                (space, at) = (true, at + SpecialTokens[special].Length);
            }
            else if (IsSingle(c))
            {
                var length = 1;
                if (char.IsNumber(c))
                {
                    if (space) add(SpaceId);
                    while (length < DigitsPerToken && at + length < text.Length && char.IsNumber(text[at + length]))
                        length++;
                }
                add(_idsBySpan.TryGetValue(text.Slice(at, length), out var id) ? id : Unknown);
                (space, at) = (false, at + length);
            }
            else
            {
                var end = at + 1;
                while (end < text.Length && !char.IsWhiteSpace(text[end]) && !IsSingle(text[end])) end++;
                // No token is a word without a space before it.
                add(space && _wordIds.TryGetValue(text[at..end], out var id) ? id : Unknown);
                (space, at) = (false, end);
            }
        }
    }

    private static bool IsSingle(char c) => char.IsNumber(c) || char.IsPunctuation(c) || (c < 128 && char.IsSymbol(c));

    private static int SpecialAt(ReadOnlySpan<char> text)
    {
        for (var id = 0; id < SpecialTokens.Length; id++)
            if (text.StartsWith(SpecialTokens[id], StringComparison.Ordinal)) return id;
        return -1;
    }

    /// <summary>Slots of a template, numbers and marks.</summary>
    [GeneratedRegex(@"\[\w+\]|[^\p{L} ]")]
    private static partial Regex NoWord();
}

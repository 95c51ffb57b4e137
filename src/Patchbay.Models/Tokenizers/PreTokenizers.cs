using System.Globalization;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>A part of the text on its way to the model.</summary>
/// <param name="Text">The part, normalized.</param>
/// <param name="AtStart">Whether the whole text begins with it.</param>
internal readonly record struct TextPart(string Text, bool AtStart);

/// <summary>Cuts a part into the words that the model sees, and appends them to <paramref name="words"/>.</summary>
internal delegate void PreTokenizer(TextPart part, List<TextPart> words);

/// <summary>The pre-tokenizers of tokenizer.json.</summary>
internal static class PreTokenizers
{
    private const string Supported = "a supported pre-tokenizer " +
        "(Sequence, ByteLevel, Split, Whitespace, WhitespaceSplit, Metaspace, Digits, Punctuation)";

    private const string Gpt2Expression = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public static PreTokenizer Read(JsonField? field)
    {
        if (field is not { } tokenizer) return (part, words) => words.Add(part);
        var type = tokenizer.Required("type");
        return type.Text() switch
        {
            "Sequence" => Chain([.. tokenizer.Required("pretokenizers").Items().Select(item => Read(item))]),
            "ByteLevel" => ByteLevel(tokenizer.Flag("add_prefix_space", true), tokenizer.Flag("use_regex", true)),
            "Split" => Split(tokenizer),
            "Whitespace" => Chain(
                ByCharacter(Rune.IsWhiteSpace, Behavior.Removed), ByCharacter(IsWord, Behavior.Contiguous)),
            "WhitespaceSplit" => ByCharacter(Rune.IsWhiteSpace, Behavior.Removed),
            "Metaspace" => Metaspace(tokenizer),
            "Digits" => ByCharacter(
                Rune.IsNumber, tokenizer.Flag("individual_digits") ? Behavior.Isolated : Behavior.Contiguous),
            "Punctuation" => ByCharacter(IsPunctuation,
                tokenizer.Optional("behavior") is { } behavior ? Behaviors.Read(behavior) : Behavior.Isolated),
            _ => throw type.Expected(Supported),
        };
    }

    private static PreTokenizer Chain(params PreTokenizer[] steps) => (part, words) =>
    {
        List<TextPart> parts = [part];
        foreach (var step in steps)
        {
            var next = new List<TextPart>();
            foreach (var each in parts) step(each, next);
            parts = next;
        }
        words.AddRange(parts);
    };

    private static PreTokenizer ByteLevel(bool addSpace, bool cut)
    {
        var pattern = cut ? TextPattern.OfRegex(Gpt2Expression) : null;
        return (part, words) =>
        {
            if (addSpace && !part.Text.StartsWith(' ')) part = part with { Text = " " + part.Text };
            var from = words.Count;
            if (pattern is null) words.Add(part);
            else Behaviors.Split(part, pattern.Cut(part.Text), Behavior.Isolated, words);
            for (var i = from; i < words.Count; i++)
                words[i] = words[i] with { Text = ByteLevelAlphabet.Encode(words[i].Text) };
        };
    }

    private static PreTokenizer Split(JsonField tokenizer)
    {
        var pattern = TextPattern.Read(tokenizer.Required("pattern"));
        var behavior = Behaviors.Read(tokenizer.Required("behavior"));
        var invert = tokenizer.Flag("invert");
        return (part, words) =>
        {
            var ranges = pattern.Cut(part.Text);
            if (invert) ranges = ranges.ConvertAll(r => (r.Start, r.End, !r.IsMatch));
            Behaviors.Split(part, ranges, behavior, words);
        };
    }

    // Spaces become the replacement, one goes before the text, and each begins a word.
    private static PreTokenizer Metaspace(JsonField tokenizer)
    {
        var (replacement, scheme) = (MetaspaceReplacement(tokenizer), MetaspaceScheme(tokenizer));
        var cut = ByCharacter(rune => rune.Value == replacement, Behavior.MergedWithNext);
        if (!tokenizer.Flag("split", otherwise: true)) cut = (part, words) => words.Add(part);
        return (part, words) =>
        {
            var text = part.Text.Replace(' ', replacement);
            var prepend = scheme == "always" || (scheme == "first" && part.AtStart);
            if (prepend && !text.StartsWith(replacement)) text = replacement + text;
            cut(part with { Text = text }, words);
        };
    }

    public static char MetaspaceReplacement(JsonField metaspace)
    {
        var field = metaspace.Required("replacement");
        return field.Text() is [var c] && !char.IsSurrogate(c) ? c : throw field.Expected("one character up to U+FFFF");
    }

    /// <summary>When to put the replacement before a text: "always", "first" (only where the whole text begins) or
    /// "never". Files of older versions say add_prefix_space instead.</summary>
    public static string MetaspaceScheme(JsonField metaspace)
    {
        var field = metaspace.Optional("prepend_scheme");
        var scheme = field?.Text() ?? "always";
        if (scheme is not ("always" or "first" or "never"))
            throw field!.Value.Expected("\"always\", \"first\" or \"never\"");
        return metaspace.Flag("add_prefix_space", otherwise: true) ? scheme : "never";
    }

    // Cuts at the characters that isMatch tells, each a match of its own.
    private static PreTokenizer ByCharacter(Func<Rune, bool> isMatch, Behavior behavior) => (part, words) =>
    {
        var ranges = new List<(int, int, bool)>();
        var (from, at) = (0, 0);
        foreach (var rune in part.Text.EnumerateRunes())
        {
            var end = at + rune.Utf16SequenceLength;
            if (isMatch(rune))
            {
                if (from < at) ranges.Add((from, at, false));
                ranges.Add((at, end, true));
                from = end;
            }
            at = end;
        }
        if (from < at) ranges.Add((from, at, false));
        Behaviors.Split(part, ranges, behavior, words);
    };

    private static bool IsPunctuation(Rune rune) =>
        Rune.IsPunctuation(rune) || (rune.IsAscii && Rune.IsSymbol(rune));

    /// <summary>\w of Rust's regex: alphabetic, marks, decimal digits, connectors and joiners.</summary>
    public static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true, // letters, marks, digits
        _ => rune.Value is 0x200C or 0x200D || UnicodeProperties.LetterSymbols.Contains(rune.Value),
    };
}

/// <summary>What becomes of the matches that a text is cut at: they are dropped, each is a word, each ends the word
/// before it, each begins the word after it, or those that touch are one word.</summary>
internal enum Behavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Cuts texts by ranges and a behavior.</summary>
internal static class Behaviors
{
    private static readonly string[] Names = Enum.GetNames<Behavior>();

    public static Behavior Read(JsonField field) => Array.IndexOf(Names, field.Text()) is >= 0 and var at
        ? (Behavior)at
        : throw field.Expected($"{string.Join(", ", Names[..^1])} or {Names[^1]}");

    /// <summary>Appends the words, none empty, that <paramref name="ranges"/>, which cover the part, make of
    /// it.</summary>
    public static void Split(
        TextPart part, List<(int Start, int End, bool IsMatch)> ranges, Behavior behavior, List<TextPart> words)
    {
        // start < 0: no word is open.
        var (start, end, previousMatch) = (-1, 0, false);
        foreach (var range in ranges)
        {
            var extends = behavior switch
            {
                Behavior.MergedWithPrevious => range.IsMatch && !previousMatch,
                Behavior.MergedWithNext => !range.IsMatch && previousMatch,
                Behavior.Contiguous => range.IsMatch == previousMatch,
                _ => false,
            };
            if (start < 0 || !extends)
            {
                Close();
                start = range.Start;
            }
            if (behavior == Behavior.Removed && range.IsMatch) start = -1;
            end = range.End;
            previousMatch = range.IsMatch;
        }
        Close();

        void Close()
        {
            if (start >= 0 && end > start) words.Add(new(part.Text[start..end], part.AtStart && start == 0));
        }
    }
}

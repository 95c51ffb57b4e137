namespace Patchbay.Tasks;

/// <summary>A tokenizer as tasks see it: the ids of a text, with the tokens that come before every sequence (BOS) and
/// none after its end.</summary>
public delegate int[] EncodeText(string text);

/// <summary>A stretch of a text, in UTF-16 code units.</summary>
internal readonly record struct TextSpan(int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>Finds which tokens a stretch of text became, for any tokenizer, by encoding the text up to the stretch's
/// ends: where such a beginning's ids are the first ids of the whole, a token ends there.</summary>
/// <param name="text">The whole text.</param>
/// <param name="encode">The tokenizer.</param>
internal sealed class TokenAlignment(string text, EncodeText encode)
{
    public string Text { get; } = text;

    public int[] Ids { get; } = encode(text);

    /// <summary>How many tokens text[..end] became, or null where a token reaches over
    /// <paramref name="end"/>.</summary>
    public int? TokensBefore(int end)
    {
        var ids = encode(Text[..end]);
        return ids.Length <= Ids.Length && Ids.AsSpan(0, ids.Length).SequenceEqual(ids) ? ids.Length : null;
    }

    /// <summary>First and last token of a stretch, or null where tokens do not begin and end with it. White space
    /// around the stretch may belong to its tokens: before it in most tokenizers ("▁Box"), behind it in some
    /// ("Box▁").</summary>
    public (int First, int Last)? TokensOf(TextSpan span)
    {
        var start = TokensBefore(span.Start) ?? TokensBefore(Text[..span.Start].TrimEnd().Length);
        var end = TokensBefore(span.End) ?? TokensBefore(Text.Length - Text[span.End..].TrimStart().Length);
        return start is int first && end is int after && after > first ? (first, after - 1) : null;
    }

    /// <summary>What is there where no tokens begin and end with a stretch: the shortest one around it with which some
    /// do.</summary>
    public string Beyond(TextSpan span)
    {
        var (start, end) = (span.Start, span.End);
        while (start > 0 && TokensBefore(start) is null) start--;
        while (end < Text.Length && TokensBefore(end) is null) end++;
        var tokens = TokensBefore(end) - TokensBefore(start);
        return $"{(tokens == 1 ? "the token" : $"{tokens} tokens for")} {Refusal.Quote(Text[start..end])}, which "
            + $"{(tokens == 1 ? "reaches" : "reach")} beyond it";
    }

    /// <summary>What a stretch of text became where the tokenizer has no token for a character of it: "its unknown
    /// token" or "single bytes"; null where it has.</summary>
    public string? InPlaceOf(TextSpan span)
    {
        if (TokensOf(span) is var (first, last) && UnknownToken(encode) is int unknown
            && Ids.AsSpan(first, last + 1 - first).Contains(unknown)) return "its unknown token";
        var at = span.Start;
        foreach (var rune in Text.AsSpan(span.Start, span.Length).EnumerateRunes())
        {
            var (bytes, end) = (rune.Utf8SequenceLength, at + rune.Utf16SequenceLength);
            if (bytes > 1 && TokensBefore(end) - TokensBefore(at) == bytes) return "single bytes";
            at = end;
        }
        return null;
    }

    /// <summary>The one token that a stretch of text became.</summary>
    /// <exception cref="InvalidDataException">It became several, one that reaches beyond it, or the unknown
    /// one.</exception>
    public int OnlyTokenOf(TextSpan span, string what, string origin)
    {
        var word = $"the {what} {Refusal.Quote(Text.Substring(span.Start, span.Length))}";
        if (InPlaceOf(span) is { } other)
            throw Refusal.Unexpected(origin, $"a word that the tokenizer has, in the place of {word}", other);
        return TokensOf(span) switch
        {
            var (first, last) when first == last => first,
            var (first, last) => throw Refusal.Unexpected(origin, $"one token for {word}", $"{last - first + 1}"),
            null => throw Refusal.Unexpected(origin, $"one token for {word}", Beyond(span)),
        };
    }

    /// <summary>The token that <paramref name="word"/> becomes after <paramref name="before"/> and a space, or null
    /// where it becomes several or disturbs the ones before it.</summary>
    public static int? SingleToken(string before, string word, EncodeText encode) =>
        ContinuationToken(encode(before), $"{before} {word}", encode, out _);

    /// <summary>The token that stands for what the tokenizer does not have, or null where it spells anything: what two
    /// characters for private use both become, or two words that mean nothing.</summary>
    public static int? UnknownToken(EncodeText encode)
    {
        const string before = "a ";
        var length = encode(before).Length;
        return Shared("\uE0F5", "\uF29A") ?? Shared("qzxvkj", "xkqvzw");

        int? Shared(string one, string other) => encode(before + one) is { } ids && ids.Length > length
            && encode(before + other) is { } others && others.Length > length && ids[^1] == others[^1] ? ids[^1] : null;
    }

    /// <summary>Whether a text's ids begin with the token that the tokenizer puts before every text, and once more with
    /// it.</summary>
    public static bool BeginsTwice(int[] ids, EncodeText encode) =>
        ids.Length > 1 && ids[0] == ids[1] && encode("") is [var begin, ..] && begin == ids[0];

    /// <summary>The one token by which <paramref name="whole"/> is longer than the text of <paramref name="ids"/>, or
    /// null; <paramref name="found"/> says in words what is there instead.</summary>
    public static int? ContinuationToken(int[] ids, string whole, EncodeText encode, out string found)
    {
        var longer = encode(whole);
        var begins = longer.Length > ids.Length && longer.AsSpan(0, ids.Length).SequenceEqual(ids);
        found = begins ? $"{longer.Length - ids.Length} tokens" : "tokens that merge with those before";
        return begins && longer.Length == ids.Length + 1 ? longer[^1] : null;
    }
}

using System.Buffers;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>What tokenizers agree on between UTF-16 text, its characters and UTF-8 bytes.</summary>
internal static class Utf8Text
{
    /// <summary><paramref name="text"/> with U+FFFD for every lone surrogate, as its UTF-8 form has it.</summary>
    public static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        return string.Concat(text.EnumerateRunes());
    }

    /// <summary>Ids of those of <paramref name="symbols"/> that are one character long.</summary>
    public static Dictionary<Rune, int> CharacterIds(Dictionary<string, int> symbols) => symbols
        .Where(s => s.Key.Length is 1 or 2 && Rune.GetRuneAt(s.Key, 0).Utf16SequenceLength == s.Key.Length)
        .ToDictionary(s => Rune.GetRuneAt(s.Key, 0), s => s.Value);

    /// <summary>Appends the ids of a character's UTF-8 bytes, found through <paramref name="byteIds"/>.</summary>
    public static void AppendByteIds(Rune rune, ReadOnlySpan<int> byteIds, List<int> output)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var b in bytes[..rune.EncodeToUtf8(bytes)]) output.Add(byteIds[b]);
    }

    /// <summary>Appends the text of <paramref name="bytes"/>; each byte that belongs to no character becomes one U+FFFD
    /// (SentencePiece's rule; .NET's own decoder gives one for several).</summary>
    public static void AppendDecoded(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == OperationStatus.Done;
            text.Append(valid ? rune : Rune.ReplacementChar);
            bytes = bytes[(valid ? consumed : 1)..];
        }
    }

    /// <summary>The byte that a piece like "&lt;0x0A&gt;" stands for, or null.</summary>
    public static byte? ByteOf(string piece) =>
        piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>' &&
        byte.TryParse(piece.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value)
            ? value
            : null;

    /// <summary>The piece that stands for <paramref name="value"/>: "&lt;0x0A&gt;".</summary>
    public static string PieceOf(byte value) => $"<0x{value:X2}>";
}

/// <summary>GPT-2's alphabet: every byte has a visible character of its own (a space is "Ġ").</summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] Characters = MakeCharacters();
    private static readonly Dictionary<char, byte> Bytes =
        Characters.Index().ToDictionary(c => c.Item, c => (byte)c.Index);

    /// <summary>The characters of <paramref name="text"/>'s UTF-8 bytes.</summary>
    public static string Encode(string text) =>
        string.Create(Encoding.UTF8.GetByteCount(text), text, (span, source) =>
        {
            var at = 0;
            foreach (var b in Encoding.UTF8.GetBytes(source)) span[at++] = Characters[b];
        });

    /// <summary>Appends the bytes that <paramref name="token"/> spells; where one of its characters is not of the
    /// alphabet (an added token), its UTF-8 bytes.</summary>
    public static void AppendBytes(string token, List<byte> bytes)
    {
        if (token.All(Bytes.ContainsKey)) bytes.AddRange(token.Select(c => Bytes[c]));
        else bytes.AddRange(Encoding.UTF8.GetBytes(token));
    }

    private static char[] MakeCharacters()
    {
        var (characters, next) = (new char[256], (char)256);
        for (var b = 0; b < 256; b++)
            characters[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : next++;
        return characters;
    }
}

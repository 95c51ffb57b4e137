using System.Buffers;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>What tokenizers agree on between UTF-16 text, its characters and UTF-8 bytes.</summary>
internal static class Utf8Text
{
    /// <summary><paramref name="text"/> with every lone surrogate replaced by U+FFFD, as its UTF-8 form has
    /// it.</summary>
    public static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        return string.Concat(text.EnumerateRunes());
    }

    /// <summary>Ids of those of <paramref name="symbols"/> that are one character long.</summary>
    public static Dictionary<Rune, int> CharacterIds(Dictionary<string, int> symbols) => symbols
        .Where(s => s.Key.Length is 1 or 2 && Rune.GetRuneAt(s.Key, 0).Utf16SequenceLength == s.Key.Length)
        .ToDictionary(s => Rune.GetRuneAt(s.Key, 0), s => s.Value);

    /// <summary>Appends the ids of <paramref name="rune"/>'s UTF-8 bytes, found through
    /// <paramref name="byteIds"/>.</summary>
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

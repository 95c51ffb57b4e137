using System.Buffers;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>What tokenizers agree on between UTF-16 text and UTF-8 bytes.</summary>
internal static class Utf8Text
{
    /// <summary><paramref name="text"/> with every lone surrogate replaced by U+FFFD, as its UTF-8 form has it.</summary>
    public static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) result.Append(rune);
        return result.ToString();
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

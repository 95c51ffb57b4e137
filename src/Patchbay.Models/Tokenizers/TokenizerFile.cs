using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>Reads the files of a tokenizer whole, within a bound, and words what is wrong with them.</summary>
internal static class TokenizerFile
{
    /// <summary>More than any tokenizer in use takes (the largest tokenizer.json are about 35 MB).</summary>
    private const long MaxJsonBytes = 64L << 20;

    /// <summary>More than any SentencePiece or llama2.c vocabulary in use takes (about 5 MB).</summary>
    private const long MaxBinaryBytes = 16L << 20;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static byte[] ReadJson(string path) => Read(path, MaxJsonBytes);

    public static byte[] ReadBinary(string path) => Read(path, MaxBinaryBytes);

    /// <summary>The one sentence that every defect of a tokenizer file is told with.</summary>
    public static InvalidDataException Invalid(string file, string field, string expected, string found) =>
        new($"{Path.GetFileName(file)}: {field}: expected {expected}, found {found}.");

    /// <summary>Text of <paramref name="bytes"/>, which must be UTF-8.</summary>
    public static string Utf8(string file, string field, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            var shown = Convert.ToHexString(bytes[..Math.Min(bytes.Length, 16)]);
            throw Invalid(file, field, "UTF-8 text", $"bytes that are not ({shown})");
        }
    }

    /// <summary><paramref name="text"/> in quotes, on one line, cut to what a message can carry.</summary>
    public static string Quote(string text)
    {
        var shown = new StringBuilder("\"");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, 40)))
            shown.Append(char.IsControl(c) || char.IsSurrogate(c) ? $"\\u{(int)c:X4}" : c.ToString());
        return shown.Append(text.Length > 40 ? "...\"" : "\"").ToString();
    }

    private static byte[] Read(string path, long limit)
    {
        var length = new FileInfo(path).Length;
        if (length > limit) throw Invalid(path, "size", $"at most {limit} bytes", $"{length}");
        return File.ReadAllBytes(path);
    }
}

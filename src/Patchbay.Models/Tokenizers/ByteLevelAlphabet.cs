using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>GPT-2's alphabet: every byte has a visible character of its own (a space is "Ġ").</summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] Characters = MakeCharacters();
    private static readonly short[] Bytes = MakeBytes();

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
        if (token.All(c => c < Bytes.Length && Bytes[c] >= 0))
            foreach (var c in token) bytes.Add((byte)Bytes[c]);
        else bytes.AddRange(Encoding.UTF8.GetBytes(token));
    }

    private static char[] MakeCharacters()
    {
        var (characters, next) = (new char[256], (char)256);
        for (var b = 0; b < 256; b++)
            characters[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : next++;
        return characters;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[512];
        Array.Fill(bytes, (short)-1);
        for (short b = 0; b < 256; b++) bytes[Characters[b]] = b;
        return bytes;
    }
}

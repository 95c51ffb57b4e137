using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Patchbay.Models.Tokenizers;

/// <summary>The decoders of tokenizer.json, each a function from tokens to strings, joined in the end.</summary>
internal static class Decoders
{
    public static Func<List<string>, List<string>> Read(JsonField? field)
    {
        // Without a decoder the library puts spaces between tokens.
        if (field is not { } decoder) return tokens => [string.Join(' ', tokens)];
        var type = decoder.Required("type");
        return type.Text() switch
        {
            "Sequence" => Chain([.. decoder.Required("decoders").Items().Select(item => Read(item))]),
            "ByteFallback" => ByteFallback,
            "ByteLevel" => ByteLevel,
            "Fuse" => tokens => [string.Concat(tokens)],
            "Metaspace" => Metaspace(decoder),
            "Replace" => EachToken(TextPattern.ReadReplace(decoder)),
            "Strip" => EachToken(Strip(decoder)),
            _ => throw type.Expected(
                "a supported decoder (Sequence, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Strip)"),
        };
    }

    private static Func<List<string>, List<string>> Chain(Func<List<string>, List<string>>[] steps) =>
        tokens => steps.Aggregate(tokens, (t, step) => step(t));

    private static Func<List<string>, List<string>> EachToken(Converter<string, string> change) =>
        tokens => tokens.ConvertAll(change);

    // A run of tokens like "<0xE2>" becomes its text or, where the whole run is not UTF-8, one U+FFFD each.
    private static List<string> ByteFallback(List<string> tokens)
    {
        var (result, bytes) = (new List<string>(), new List<byte>());
        foreach (var token in tokens)
        {
            if (Utf8Text.ByteOf(token) is { } value)
            {
                bytes.Add(value);
                continue;
            }
            Flush();
            result.Add(token);
        }
        Flush();
        return result;

        void Flush()
        {
            var run = CollectionsMarshal.AsSpan(bytes);
            if (Utf8.IsValid(run)) result.Add(Encoding.UTF8.GetString(run));
            else result.AddRange(Enumerable.Repeat("\uFFFD", run.Length));
            bytes.Clear();
        }
    }

    private static List<string> ByteLevel(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens) ByteLevelAlphabet.AppendBytes(token, bytes);
        return [Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes))];
    }

    private static Func<List<string>, List<string>> Metaspace(JsonField decoder)
    {
        var replacement = $"{PreTokenizers.MetaspaceReplacement(decoder)}";
        var first = PreTokenizers.MetaspaceScheme(decoder) == "never" ? " " : "";
        return tokens =>
            [.. tokens.Select((t, i) => t.Replace(replacement, i == 0 ? first : " ", StringComparison.Ordinal))];
    }

    // Takes up to "start" and "stop" of one character from the two ends of every token.
    private static Converter<string, string> Strip(JsonField decoder)
    {
        var field = decoder.Required("content");
        if (field.Text() is not [var content]) throw field.Expected("one character up to U+FFFF");
        var (start, stop) = (decoder.Required("start").Id(1 << 16), decoder.Required("stop").Id(1 << 16));
        return token =>
        {
            var (from, to) = (0, token.Length);
            while (from < Math.Min(start, token.Length) && token[from] == content) from++;
            while (to > from && token.Length - to < stop && token[to - 1] == content) to--;
            return token[from..to];
        };
    }
}

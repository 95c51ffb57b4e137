using System.Text;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>Random texts that tokenizers find hard, the same for the same seed.</summary>
internal sealed class RandomText(int seed)
{
    private static readonly string[] Words =
    [
        "the", "Box", "contains", "Lily", " apple", "don't", "WORLD", "naïve", "Ünïcödé", "日本語", "мир", "שלום", "ไทย",
            "한국어",
        "👍🏽", "👨‍👩‍👧", "🇩🇪", "e\u0301", "𝔘𝔫𝔦", "￿", "\uFEFF", "<0x0A>", "<unk>", "▁", "▁▁x", "==>", "://", "...",
            "\r\n", "\t\t", "\0",
    ];

    private readonly Random _random = new(seed);

    public string Next(int parts = 12)
    {
        var text = new StringBuilder();
        for (var n = _random.Next(parts); n >= 0; n--) text.Append(Part());
        return text.ToString();
    }

    /// <summary>Words with single spaces between them.</summary>
    public string Sentence() => string.Join(' ', Enumerable.Range(0, 1 + _random.Next(12)).Select(_ =>
        string.Concat(Enumerable.Range(0, 1 + _random.Next(8)).Select(_ =>
            AnyRune(c => !Rune.IsWhiteSpace(c) && c.Value != '▁')))));

    private string Part() => _random.Next(8) switch
    {
        0 => Words[_random.Next(Words.Length)],
        1 => new string(' ', 1 + _random.Next(20)),
        2 => _random.Next(100000).ToString(),
        3 => ((char)_random.Next(0x20)).ToString(),
        4 => AnyRune(_ => true),
        5 => new string((char)('a' + _random.Next(26)), 1 + _random.Next(9)),
        _ => " " + string.Concat(Enumerable.Range(0, 1 + _random.Next(9)).Select(_ => (char)('a' + _random.Next(26)))),
    };

    private string AnyRune(Func<Rune, bool> accept)
    {
        while (true)
        {
            var limit = _random.Next(4) switch { 0 => 0x80, 1 => 0x800, 2 => 0x10000, _ => 0x110000 };
            if (_random.Next(3) > 0) limit = 0x7F;
            if (Rune.TryCreate(_random.Next(limit), out var rune) && accept(rune)) return rune.ToString();
        }
    }
}

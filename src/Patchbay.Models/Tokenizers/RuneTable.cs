using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>Ids of the symbols that are one character long.</summary>
internal sealed class RuneTable
{
    private readonly int[] _basic = new int[0x10000];
    private readonly Dictionary<int, int> _beyond = [];

    public RuneTable() => Array.Fill(_basic, -1);

    /// <summary>Id of a character, or -1.</summary>
    public int this[Rune rune]
    {
        get => rune.IsBmp ? _basic[rune.Value] : _beyond.GetValueOrDefault(rune.Value, -1);
        set
        {
            if (rune.IsBmp) _basic[rune.Value] = value;
            else _beyond[rune.Value] = value;
        }
    }

    /// <summary>A table of those of <paramref name="symbols"/> that are one character long.</summary>
    public static RuneTable Of(IEnumerable<KeyValuePair<string, int>> symbols)
    {
        var table = new RuneTable();
        foreach (var (text, id) in symbols)
            if (IsOneRune(text, out var rune)) table[rune] = id;
        return table;
    }

    public static bool IsOneRune(string text, out Rune rune)
    {
        rune = default;
        return text.Length is 1 or 2 && Rune.TryGetRuneAt(text, 0, out rune) && rune.Utf16SequenceLength == text.Length;
    }
}

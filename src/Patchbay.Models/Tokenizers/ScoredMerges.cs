namespace Patchbay.Models.Tokenizers;

/// <summary>Merge rules of a vocabulary that gives scores instead of rules (SentencePiece, llama2.c): two neighbours
/// merge when their concatenation is a piece, the highest score first.</summary>
internal static class ScoredMerges
{
    /// <summary>Longest piece that is accepted: all its splits are tried.</summary>
    private const int MaxPieceLength = 256;

    /// <summary>Every way to make a symbol of <paramref name="symbols"/> out of two others.</summary>
    /// <param name="symbols">Ids of the symbols that can merge and be merged into.</param>
    /// <param name="scores">Score of each id that a merge can give (ids beyond are of single characters).</param>
    public static List<MergeRule> Of(Dictionary<string, int> symbols, IReadOnlyList<float> scores)
    {
        // Equal scores get equal ranks, so that the leftmost place decides between them.
        var ranks = scores.Distinct().OrderDescending().Index().ToDictionary(s => s.Item, s => s.Index);
        var bySpan = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        var rules = new List<MergeRule>();
        foreach (var (text, id) in symbols)
        {
            for (var cut = 1; cut < text.Length; cut++)
            {
                if (!char.IsLowSurrogate(text[cut]) && bySpan.TryGetValue(text.AsSpan(0, cut), out var left)
                    && bySpan.TryGetValue(text.AsSpan(cut), out var right))
                    rules.Add(new(left, right, id, ranks[scores[id]]));
            }
        }
        return rules;
    }

    /// <summary>Refuses a piece that no tokenizer of this kind has.</summary>
    public static void Check(string file, string field, string text, float score)
    {
        if (text.Length is 0 or > MaxPieceLength)
            throw TokenizerFile.Invalid(file, $"{field} length", $"1 to {MaxPieceLength} characters", $"{text.Length}");
        if (!float.IsFinite(score)) throw TokenizerFile.Invalid(file, $"{field} score", "a finite number", $"{score}");
    }
}

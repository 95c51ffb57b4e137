using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Patchbay.Models.Tokenizers;

/// <summary>A rule of a byte-pair encoding: two neighbouring symbols become one.</summary>
/// <param name="Left">Id of the left symbol.</param>
/// <param name="Right">Id of the right symbol.</param>
/// <param name="Result">Id of what they become.</param>
/// <param name="Rank">Lower ranks are applied first; within a rank, the leftmost place first.</param>
internal readonly record struct MergeRule(int Left, int Right, int Result, int Rank);

/// <summary>Applies the merges of a byte-pair encoding, best rank first and leftmost first within a rank, in O(n log
/// n). A sequence is first cut wherever no rule can ever join the two neighbours: merges on the two sides of such a
/// place do not touch each other, so pieces are merged, and remembered, one by one with the same result.</summary>
internal sealed class BytePairMerger
{
    private const int CachedLength = 32;
    private const int CachedCount = 1 << 15;

    private readonly Dictionary<long, (int Rank, int Result)> _rules;
    private readonly HashSet<int> _joints = [];
    private readonly char[] _first;
    private readonly char[] _last;
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cached;
    private int _cacheCount;

    /// <summary>Takes the rules (a later rule for the same pair replaces an earlier one) and the spelling of every
    /// symbol, none of them empty where a rule names it.</summary>
    public BytePairMerger(IReadOnlyCollection<MergeRule> rules, IReadOnlyList<string> spellings)
    {
        _first = [.. spellings.Select(s => s.Length == 0 ? '\0' : s[0])];
        _last = [.. spellings.Select(s => s.Length == 0 ? '\0' : s[^1])];
        _rules = new(rules.Count);
        foreach (var rule in rules)
        {
            _rules[Pair(rule.Left, rule.Right)] = (rule.Rank, rule.Result);
            _joints.Add(Joint(rule.Left, rule.Right));
        }
        _cached = new ConcurrentDictionary<string, int[]>().GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Appends to <paramref name="output"/> what <paramref name="symbols"/> become.</summary>
    public void Merge(ReadOnlySpan<int> symbols, List<int> output)
    {
        for (int start = 0, end = 1; end <= symbols.Length; end++)
        {
            if (end < symbols.Length && _joints.Contains(Joint(symbols[end - 1], symbols[end]))) continue;
            MergeRun(symbols[start..end], output);
            start = end;
        }
    }

    private void MergeRun(ReadOnlySpan<int> run, List<int> output)
    {
        if (run.Length == 1)
        {
            output.Add(run[0]);
            return;
        }
        var key = MemoryMarshal.Cast<int, char>(run); // a key is any characters
        if (!_cached.TryGetValue(key, out var merged))
        {
            merged = Apply(run);
            if (run.Length <= CachedLength && Volatile.Read(ref _cacheCount) < CachedCount
                && _cached.TryAdd(key, merged)) Interlocked.Increment(ref _cacheCount);
        }
        output.AddRange(merged);
    }

    // Symbols in a doubly linked list over arrays; a heap of the places where a rule applies.
    private int[] Apply(ReadOnlySpan<int> run)
    {
        int[] ids = run.ToArray(), previous = new int[ids.Length], next = new int[ids.Length];
        var places = new PriorityQueue<(int Place, int Result), long>();
        for (var i = 0; i < ids.Length; i++) (previous[i], next[i]) = (i - 1, i + 1);
        for (var i = 0; i + 1 < ids.Length; i++) Offer(i, i + 1);
        var count = ids.Length;
        while (places.TryDequeue(out var top, out _))
        {
            var (left, right) = (top.Place, next[top.Place]);
            // An entry is stale when either of its symbols has been merged since; ids of merged ones are -1.
            if (ids[left] < 0 || right == ids.Length) continue;
            if (!_rules.TryGetValue(Pair(ids[left], ids[right]), out var rule) || rule.Result != top.Result) continue;
            (ids[left], ids[right]) = (rule.Result, -1);
            next[left] = next[right];
            if (next[left] < ids.Length) previous[next[left]] = left;
            count--;
            if (previous[left] >= 0) Offer(previous[left], left);
            if (next[left] < ids.Length) Offer(left, next[left]);
        }
        var result = new int[count];
        for (int i = 0, n = 0; i < ids.Length; i = next[i]) result[n++] = ids[i];
        return result;

        void Offer(int left, int right)
        {
            if (_rules.TryGetValue(Pair(ids[left], ids[right]), out var rule))
                places.Enqueue((left, rule.Result), ((long)rule.Rank << 32) | (uint)left);
        }
    }

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    private int Joint(int left, int right) => (_last[left] << 16) | _first[right];
}

/// <summary>Merge rules of a vocabulary that gives scores instead of rules (SentencePiece, llama2.c): two neighbours
/// merge when their concatenation is a piece, the highest score first.</summary>
internal static class ScoredMerges
{
    // Longest piece that is accepted: all its splits are tried.
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

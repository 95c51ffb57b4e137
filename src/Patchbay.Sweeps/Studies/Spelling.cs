namespace Patchbay.Sweeps.Studies;

/// <summary>Guesses which word was meant.</summary>
public static class Spelling
{
    private const int LongestWord = 60;

    /// <summary>"one of a, b, c, found 'x'", with a guess where a word is near.</summary>
    public static string OneOf(IReadOnlyCollection<string> known, string found)
    {
        var guess = Nearest(known, found);
        return $"{(known.Count == 1 ? "" : "one of ")}{string.Join(", ", known)}, found {Refusal.Quote(found)}"
            + (guess is null ? "" : $"; did you mean '{guess}'?");
    }

    /// <summary>The word that is one slip away, or two in a long one; null where none is.</summary>
    public static string? Nearest(IEnumerable<string> known, string found)
    {
        if (found.Length is 0 or > LongestWord) return null;
        var allowed = Math.Max(1, found.Length / 3);
        var nearest = known.MinBy(word => Distance(word.ToLowerInvariant(), found.ToLowerInvariant()));
        return nearest is not null && Distance(nearest.ToLowerInvariant(), found.ToLowerInvariant()) <= allowed
            ? nearest : null;
    }

    // Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
    private static int Distance(string a, string b)
    {
        var steps = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) steps[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) steps[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = steps[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                steps[i, j] = Math.Min(replaced, Math.Min(steps[i - 1, j], steps[i, j - 1]) + 1);
                var swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if (swapped) steps[i, j] = Math.Min(steps[i, j], steps[i - 2, j - 2] + 1);
            }
        }
        return steps[a.Length, b.Length];
    }
}

namespace Patchbay.Models.Tokenizers;

/// <summary>What becomes of the matches that a text is cut at.</summary>
internal enum Behavior
{
    /// <summary>They are dropped.</summary>
    Removed,

    /// <summary>Each is a word.</summary>
    Isolated,

    /// <summary>Each ends the word before it.</summary>
    MergedWithPrevious,

    /// <summary>Each begins the word after it.</summary>
    MergedWithNext,

    /// <summary>Those that touch are one word.</summary>
    Contiguous,
}

/// <summary>Cuts texts by ranges and a behavior.</summary>
internal static class Behaviors
{
    public static Behavior Read(JsonField? field, Behavior absent)
    {
        if (field is not { } behavior) return absent;
        return behavior.Text() switch
        {
            "Removed" => Behavior.Removed,
            "Isolated" => Behavior.Isolated,
            "MergedWithPrevious" => Behavior.MergedWithPrevious,
            "MergedWithNext" => Behavior.MergedWithNext,
            "Contiguous" => Behavior.Contiguous,
            _ => throw behavior.Expected("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous"),
        };
    }

    /// <summary>Appends the words that <paramref name="ranges"/>, which cover the part, make of it; empty ones are left out.</summary>
    public static void Split(TextPart part, List<(int Start, int End, bool IsMatch)> ranges, Behavior behavior, List<TextPart> words)
    {
        // start < 0: no word is open.
        var (start, end, previousMatch) = (-1, 0, false);
        foreach (var range in ranges)
        {
            var extends = behavior switch
            {
                Behavior.MergedWithPrevious => range.IsMatch && !previousMatch,
                Behavior.MergedWithNext => !range.IsMatch && previousMatch,
                Behavior.Contiguous => range.IsMatch == previousMatch,
                _ => false,
            };
            if (start < 0 || !extends)
            {
                Close();
                start = range.Start;
            }
            if (behavior == Behavior.Removed && range.IsMatch) start = -1;
            end = range.End;
            previousMatch = range.IsMatch;
        }
        Close();

        void Close()
        {
            if (start >= 0 && end > start) words.Add(new(part.Text[start..end], part.AtStart && start == 0));
        }
    }
}

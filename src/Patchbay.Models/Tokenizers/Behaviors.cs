namespace Patchbay.Models.Tokenizers;

/// <summary>What becomes of the matches that a text is cut at: they are dropped, each is a word, each ends the word
/// before it, each begins the word after it, or those that touch are one word.</summary>
internal enum Behavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Cuts texts by ranges and a behavior.</summary>
internal static class Behaviors
{
    private static readonly string[] Names = Enum.GetNames<Behavior>();

    public static Behavior Read(JsonField field) => Array.IndexOf(Names, field.Text()) is >= 0 and var at
        ? (Behavior)at
        : throw field.Expected($"{string.Join(", ", Names[..^1])} or {Names[^1]}");

    /// <summary>Appends the words that <paramref name="ranges"/>, which cover the part, make of it; empty ones are left
    /// out.</summary>
    public static void Split(
        TextPart part, List<(int Start, int End, bool IsMatch)> ranges, Behavior behavior, List<TextPart> words)
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

namespace Patchbay.Report;

/// <summary>Cuts what is drawn to a number of columns, as a terminal counts: a wide letter is two.</summary>
internal static class FittedLines
{
    /// <summary>Of every line only what lies within the first columns; control codes take none and stay.</summary>
    public static IEnumerable<Segment> Fit(IEnumerable<Segment> segments, int columns)
    {
        var used = 0;
        foreach (var segment in segments)
        {
            if (segment.IsControlCode || segment.IsLineBreak)
            {
                if (segment.IsLineBreak) used = 0;
                yield return segment;
                continue;
            }
            var wanted = segment.CellCount();
            if (used + wanted <= columns) yield return segment;
            else if (used < columns && Segment.Truncate(segment, columns - used) is { } rest) yield return rest;
            used += wanted;
        }
    }

    /// <summary>A text on one line of at most so many columns; where it is cut, its last column says so.</summary>
    public static string Cut(string text, int columns, bool unicode)
    {
        var line = text.ReplaceLineEndings(" ");
        if (new Segment(line).CellCount() <= columns) return line;
        if (columns < 1) return "";
        return Segment.Truncate(new Segment(line), columns - 1)?.Text + (unicode ? "…" : "~");
    }

    /// <summary>A text filled up with blanks to so many columns.</summary>
    public static string Pad(string text, int columns, bool isRight)
    {
        var blanks = new string(' ', Math.Max(0, columns - new Segment(text).CellCount()));
        return isRight ? blanks + text : text + blanks;
    }
}

using System.Globalization;
using Patchbay.Tasks;

namespace Patchbay.Sweeps;

/// <summary>Whole numbers that a count may be, on the command line as in a study: far more than is of use, and far less
/// than overflows.</summary>
/// <param name="Least">The least, included.</param>
/// <param name="Most">The most, included.</param>
public readonly record struct WholeRange(ulong Least, ulong Most)
{
    /// <summary>Prompts, triples, means: what is drawn or read.</summary>
    public static WholeRange Prompts { get; } = new(1, 1_000_000);

    /// <summary>Threads of one unit, and units at a time.</summary>
    public static WholeRange Threads { get; } = new(1, 1024);

    /// <summary>Heads of a model.</summary>
    public static WholeRange Heads { get; } = new(1, 100_000);

    /// <summary>Boxes of a scene.</summary>
    public static WholeRange Boxes { get; } = new(EntityTracking.MinBoxes, EntityTracking.MaxBoxes);

    /// <summary>Steps of a training.</summary>
    public static WholeRange Steps { get; } = new(1, 100_000_000);

    /// <summary>Times that something is done over.</summary>
    public static WholeRange Repeats { get; } = new(1, 10_000);

    /// <summary>Seeds.</summary>
    public static WholeRange Seeds { get; } = new(0, ulong.MaxValue);

    /// <summary>The number that a text is, written in digits alone; null where it is none of the range.</summary>
    public ulong? Read(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= Least && number <= Most ? number : null;

    /// <summary>"a whole number from 1 to 1024".</summary>
    public override string ToString() => $"a whole number from {Least} to {Most}";
}

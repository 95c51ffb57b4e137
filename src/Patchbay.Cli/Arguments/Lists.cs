using System.Globalization;
using Patchbay.Cli.Sweeps;
using Patchbay.Sweeps.Studies;

namespace Patchbay.Cli.Arguments;

/// <summary>Lists separated by commas, and single words with few values.</summary>
internal static class Lists
{
    /// <summary>Dtypes a model can be run in.</summary>
    public static IReadOnlyList<string> Dtypes { get; } = ["float32", "float16", "bfloat16", "float64"];

    /// <summary>Whole numbers from 1 up: "20,5,10,5".</summary>
    /// <exception cref="FormatException">One is not.</exception>
    public static IReadOnlyList<int> Counts(string text) => [.. Items(text).Select(Count)];

    /// <summary>One whole number from 1 up.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static int Count(string text) => (int)Whole(text, 1, int.MaxValue);

    /// <summary>A number of threads.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static int Threads(string text) => (int)Whole(text, 1, StudyCompute.MostThreads);

    /// <summary>A number of boxes of a scene.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static int Boxes(string text) => (int)Whole(text, EntityTracking.MinBoxes, EntityTracking.MaxBoxes);

    /// <summary>A seed.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static ulong Seed(string text) => Whole(text, 0, ulong.MaxValue);

    /// <summary>A whole number within limits, both included.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static ulong Whole(string text, ulong least, ulong most)
    {
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most) return number;
        // The largest of all is of interest only to one who went beyond it.
        var isEndless = most >= int.MaxValue && !(text.Length > 9 && text.All(char.IsAsciiDigit));
        throw new FormatException(
            $"expected a whole number from {least} {(isEndless ? "up" : $"to {most}")}, found '{text}'");
    }

    /// <summary>Names of groups, each once: "A,B,C,D".</summary>
    /// <exception cref="FormatException">None is given, or one twice.</exception>
    public static IReadOnlyList<string> Groups(string text)
    {
        string[] names = [.. Items(text).Select(item => item.ToUpperInvariant())];
        var twice = names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1);
        return twice is null ? names : throw new FormatException(
            $"expected every group once, found {twice.Key} twice in '{text}'");
    }

    /// <summary>A dtype's full name; "fp16", "half", "bf16" and the like are understood.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Dtype(string text) => text.ToLowerInvariant() switch
    {
        "float32" or "fp32" or "f32" or "float" => "float32",
        "float16" or "fp16" or "f16" or "half" => "float16",
        "bfloat16" or "bf16" => "bfloat16",
        "float64" or "fp64" or "f64" or "double" => "float64",
        _ => throw new FormatException($"expected a dtype ({string.Join(", ", Dtypes)}), found '{text}'"),
    };

    /// <summary>A level of the log.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string LogLevel(string text) => LogFolder.Levels.Contains(text.ToLowerInvariant())
        ? text.ToLowerInvariant()
        : throw new FormatException($"expected a level ({string.Join(", ", LogFolder.Levels)}), found '{text}'");

    /// <summary>A device: "cpu", "cuda:1", or "cuda" for any GPU.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Device(string text)
    {
        if (text is "cpu" or "cuda") return text;
        return text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? $"cuda:{index}"
            : throw new FormatException($"expected a device, cpu, cuda or cuda:N, found '{text}'");
    }

    /// <summary>Items separated by commas.</summary>
    /// <exception cref="FormatException">One is empty.</exception>
    public static string[] Items(string text)
    {
        var items = text.Split(',', StringSplitOptions.TrimEntries);
        return items.All(item => item.Length > 0)
            ? items
            : throw new FormatException($"expected a list separated by commas, found '{text}'");
    }
}

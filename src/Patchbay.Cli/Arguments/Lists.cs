using System.Globalization;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Arguments;

/// <summary>Lists separated by commas, and single words with few values.</summary>
internal static class Lists
{
    /// <summary>Dtypes a model can be run in.</summary>
    public static IReadOnlyList<string> Dtypes { get; } = ["float32", "float16", "bfloat16", "float64"];

    /// <summary>Whole numbers of a range: "20,5,10,5".</summary>
    /// <exception cref="FormatException">One is not.</exception>
    public static IReadOnlyList<int> Wholes(string text, WholeRange range) =>
        [.. Items(text).Select(item => (int)Whole(item, range))];

    /// <summary>One whole number of a range.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static ulong Whole(string text, WholeRange range) =>
        range.Read(text) ?? throw Unexpected($"{range}", text);

    /// <summary>Names of groups, each once: "A,B,C,D".</summary>
    /// <exception cref="FormatException">None is given, or one twice.</exception>
    public static IReadOnlyList<string> Groups(string text)
    {
        string[] names = [.. Items(text).Select(item => item.ToUpperInvariant())];
        var twice = names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1);
        return twice is null ? names : throw new FormatException(
            $"expected every group once, found {twice.Key} twice in {Refusal.Quote(text)}");
    }

    /// <summary>A dtype's full name; "fp16", "half", "bf16" and the like are understood.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Dtype(string text) => text.ToLowerInvariant() switch
    {
        "float32" or "fp32" or "f32" or "float" => "float32",
        "float16" or "fp16" or "f16" or "half" => "float16",
        "bfloat16" or "bf16" => "bfloat16",
        "float64" or "fp64" or "f64" or "double" => "float64",
        _ => throw Unexpected($"a dtype ({string.Join(", ", Dtypes)})", text),
    };

    /// <summary>A level of the log.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string LogLevel(string text) => LogFolder.Levels.Contains(text.ToLowerInvariant())
        ? text.ToLowerInvariant()
        : throw Unexpected($"a level ({string.Join(", ", LogFolder.Levels)})", text);

    /// <summary>A device: "cpu", "cuda:1", or "cuda" for any GPU.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Device(string text)
    {
        if (text is "cpu" or "cuda") return text;
        return text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? $"cuda:{index}"
            : throw Unexpected("a device, cpu, cuda or cuda:N", text);
    }

    /// <summary>Items separated by commas.</summary>
    /// <exception cref="FormatException">One is empty.</exception>
    public static string[] Items(string text)
    {
        var items = text.Split(',', StringSplitOptions.TrimEntries);
        return items.All(item => item.Length > 0)
            ? items
            : throw Unexpected("a list separated by commas", text);
    }

    private static FormatException Unexpected(string expected, string text) =>
        new($"expected {expected}, found {Refusal.Quote(text)}");
}

namespace Patchbay.Cli.Sweeps;

/// <summary>The log that nodes write into a data folder: JSON lines, in files of a day.</summary>
internal static class LogFolder
{
    /// <summary>How much a node may be asked to write, from most to least.</summary>
    public static IReadOnlyList<string> Levels { get; } = ["verbose", "debug", "information", "warning", "error"];

    /// <summary>The folder of the log's files.</summary>
    public static string Of(string data) => Path.Combine(data, "logs");

    /// <summary>The log's files, the oldest first; names hold day and number, as node-20260102_001.log.</summary>
    public static IReadOnlyList<string> Files(string data) => !Directory.Exists(Of(data)) ? []
        : [.. Directory.EnumerateFiles(Of(data), "node-*.log").OrderBy(File.GetLastWriteTimeUtc)
            .ThenBy(path => path.Length).ThenBy(path => path, StringComparer.Ordinal)];
}

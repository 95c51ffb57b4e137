using System.CommandLine;
using Patchbay.Cli.Arguments;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>What benchmarks' commands share: their threads, the machine, and tables of numbers.</summary>
internal static class BenchOutput
{
    /// <summary>--threads 1.</summary>
    public static Option<int> Threads() =>
        CommonOptions.Whole("--threads", "Threads to compute with", CommonOptions.ThreadsHere, 1);

    /// <summary>The processor and how many cores of it may be used: "AMD EPYC, 2 cores".</summary>
    public static string Machine()
    {
        const string Cpus = "/proc/cpuinfo";
        var line = File.Exists(Cpus)
            ? File.ReadLines(Cpus).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        var name = line?[(line.IndexOf(':', StringComparison.Ordinal) + 2)..] ?? "unknown processor";
        return $"{name}, {SweepText.Count(ProcessorCores.Available(), "core")}";
    }

    /// <summary>An empty table, whose first columns are aligned to the left and the others, of numbers, to the
    /// right.</summary>
    public static Table Table(string[] texts, params string[] numbers)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns(texts);
        foreach (var number in numbers) table.AddColumn(new TableColumn(number).RightAligned());
        return table;
    }

    /// <summary>A number, or "-" where it is not finite.</summary>
    public static string Text(double value, string format) => double.IsFinite(value) ? value.ToString(format) : "-";

    /// <summary>A number of JSON, left out where it is not finite.</summary>
    public static double? Finite(double value) => double.IsFinite(value) ? value : null;
}

using System.Xml.Linq;
using Patchbay.Cli.HeatMaps;
using Patchbay.Cli.Results;
using Patchbay.Experiments;

namespace Patchbay.Cli.Commands;

/// <summary>A path-patching report on screen and in files.</summary>
internal static class PatchOutput
{
    /// <summary>Prints the heat maps and a line of facts; with --json, the report.</summary>
    public static void Show(Call call, ScoreReport report, PathPatchingOptions options)
    {
        call.Draw(() => new TerminalHeatMaps(Maps(report, options)));
        call.Draw(() => PathPatchingOutput.Table(Maps(report, options)));
        call.WriteLine(Summary(report));
        call.WriteJsonText(ScoreFiles.ToJson(report).TrimEnd());
    }

    /// <summary>Writes a report; the file's extension says how.</summary>
    public static void Write(string path, ScoreReport report, PathPatchingOptions options)
    {
        if (IsSvg(path))
            OutputFile.Write(path, SvgHeatMaps.Draw(Maps(report, options), "Path patching of every head", Summary(report))
                .ToString(SaveOptions.DisableFormatting));
        else ScoreFiles.Write(path, report);
    }

    /// <summary>Refuses a file that could not be written at the end.</summary>
    /// <exception cref="InvalidDataException">Its extension says no known form.</exception>
    public static void CheckFormat(string path)
    {
        if (IsSvg(path)) return;
        try
        {
            ScoreFiles.FormatOf(path);
        }
        catch (InvalidDataException)
        {
            throw new InvalidDataException($"--out: '{path}' is neither a .json nor a .csv nor a .svg file");
        }
    }

    private static bool IsSvg(string path) => Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyList<HeatMap> Maps(ScoreReport report, PathPatchingOptions options) =>
        PathPatchingOutput.Maps(report.Groups, PathChain.EntityTracking, options.TopK);

    private static string Summary(ScoreReport report)
    {
        var heads = report.Groups[0].Scores.Length;
        return $"{report.Model}, {report.Task}: {report.Prompts} prompts, accuracy {report.Accuracy:0.00}; " +
            $"{heads} heads in {report.Groups.Count} group{(report.Groups.Count == 1 ? "" : "s")} " +
            $"in {report.SecondsTotal:0.0} s ({report.Evaluator}, {report.Dtype}, {report.Threads} thread{(report.Threads == 1 ? "" : "s")}, " +
            $"peak {report.PeakRssBytes / 1048576.0:0} MiB)";
    }
}

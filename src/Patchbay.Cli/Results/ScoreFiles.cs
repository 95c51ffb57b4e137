using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Patchbay.Models;

namespace Patchbay.Cli.Results;

/// <summary>A report as JSON and CSV. Numbers are written so that reading them gives the same double again.</summary>
internal static class ScoreFiles
{
    /// <summary>Version of `pbm`, as reports tell it.</summary>
    public static string Version { get; } =
        typeof(ScoreFiles).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Writes the report; the extension, .json or .csv, says how.</summary>
    /// <exception cref="InvalidDataException">It is another extension.</exception>
    public static void Write(string path, ScoreReport report) =>
        OutputFile.Write(path, FormatOf(path) == "csv" ? ToCsv(report) : ToJson(report));

    /// <summary>"json" or "csv", by a file's extension.</summary>
    /// <exception cref="InvalidDataException">It is another extension.</exception>
    public static string FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => "json",
        ".csv" => "csv",
        _ => throw new InvalidDataException($"'{path}' is neither a .json nor a .csv file"),
    };

    /// <summary>group,layer,head,score,stderr; a number that is not finite is left empty.</summary>
    public static string ToCsv(ScoreReport report)
    {
        var text = new StringBuilder("group,layer,head,score,stderr\n");
        foreach (var group in report.Groups)
        {
            for (var layer = 0; layer < group.Scores.GetLength(0); layer++)
            {
                for (var head = 0; head < group.Scores.GetLength(1); head++)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{group.Name},{layer},{head},")
                        .Append(CultureInfo.InvariantCulture, $"{CsvText.Number(group.Scores[layer, head])},")
                        .Append(CultureInfo.InvariantCulture, $"{CsvText.Number(group.StandardErrors[layer, head])}\n");
                }
            }
        }
        return text.ToString();
    }

    /// <summary>The report as one JSON document, a row of scores to a line; a number that is not finite is null.</summary>
    public static string ToJson(ScoreReport report) => JsonText.Write(json =>
    {
        WriteRun(json, report);
        json.WriteStartObject("groups");
        foreach (var group in report.Groups) WriteGroup(json, group);
        json.WriteEndObject();
        json.WriteNumber("seconds_total", report.SecondsTotal);
        json.WriteNumber("peak_rss_bytes", report.PeakRssBytes);
    });

    private static void WriteRun(Utf8JsonWriter json, ScoreReport report)
    {
        json.WriteString("version", Version);
        json.WriteString("model", report.Model);
        if (report.Fingerprint is { } fingerprint) json.WriteString("fingerprint", fingerprint);
        json.WriteString("task", report.Task);
        json.WriteNumber("prompts", report.Prompts);
        if (report.Seed is { } seed) json.WriteNumber("seed", seed);
        if (report.Accuracy is { } accuracy) json.WriteNumber("accuracy", accuracy);
        json.WriteString("dtype", report.Dtype);
        json.WriteString("device", report.Device);
        json.WriteNumber("threads", report.Threads);
        json.WriteString("evaluator", report.Evaluator);
    }

    private static void WriteGroup(Utf8JsonWriter json, GroupScores group)
    {
        json.WriteStartObject(group.Name);
        json.WriteString("title", group.Title);
        JsonText.WriteHeads(json, "receivers", group.Receivers.Select(r => new Head(r.Layer, r.Head)));
        JsonText.WriteRows(json, "scores", group.Scores);
        JsonText.WriteRows(json, "stderr", group.StandardErrors);
        json.WriteNumber("seconds", group.Seconds);
        json.WriteEndObject();
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Patchbay.Cli.Charts;
using Patchbay.Models;

namespace Patchbay.Cli.Results;

/// <summary>Path patching over a training, as SVG, CSV and JSON.</summary>
internal static class DynamicsFiles
{
    /// <summary>Writes it; the file's extension says how.</summary>
    public static void Write(string path, CircuitDynamics dynamics) => OutputFile.Write(path, FormatOf(path) switch
    {
        ".svg" => SvgLineChart.Draw(dynamics.Chart()).ToString(SaveOptions.DisableFormatting),
        ".csv" => ToCsv(dynamics),
        _ => ToJson(dynamics),
    });

    /// <summary>Refuses a file that could not be written at the end.</summary>
    /// <exception cref="InvalidDataException">Its extension says no known form.</exception>
    public static void CheckFormat(string path)
    {
        if (FormatOf(path) is not (".svg" or ".csv" or ".json"))
            throw new InvalidDataException($"--out: '{path}' is neither a .json nor a .csv nor a .svg file");
    }

    /// <summary>step,accuracy,group,layer,head,score,stderr; a number that is not finite is left empty.</summary>
    public static string ToCsv(CircuitDynamics dynamics)
    {
        var text = new StringBuilder("step,accuracy,group,layer,head,score,stderr\n");
        foreach (var step in dynamics.Steps)
            foreach (var group in step.Groups)
                foreach (var (layer, head) in group.Top(group.Scores.Length).OrderBy(h => (h.Layer, h.Index)))
                    text.Append(CultureInfo.InvariantCulture, $"{step.Step},{CsvText.Number(step.Accuracy.Share)},{group.Group.Name},{layer},{head},")
                        .Append(CultureInfo.InvariantCulture, $"{CsvText.Number(group.Scores[layer, head])},{CsvText.Number(group.StandardErrors[layer, head])}\n");
        return text.ToString();
    }

    /// <summary>One document: every step with its accuracy, and per group receivers, scores and standard errors.</summary>
    public static string ToJson(CircuitDynamics dynamics) => JsonText.Write(json =>
    {
        json.WriteString("version", ScoreFiles.Version);
        json.WriteString("run", dynamics.Run);
        json.WriteNumber("prompts", dynamics.Prompts);
        json.WriteNumber("seed", dynamics.Seed);
        json.WriteStartArray("steps");
        foreach (var step in dynamics.Steps) WriteStep(json, step);
        json.WriteEndArray();
    });

    private static void WriteStep(Utf8JsonWriter json, CircuitAtStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("step", step.Step);
        JsonText.WriteProportion(json, "accuracy", step.Accuracy);
        json.WriteStartObject("groups");
        foreach (var group in step.Groups)
        {
            json.WriteStartObject(group.Group.Name);
            JsonText.WriteHeads(json, "receivers", group.Receivers);
            JsonText.WriteRows(json, "scores", group.Scores);
            JsonText.WriteRows(json, "stderr", group.StandardErrors);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant();
}

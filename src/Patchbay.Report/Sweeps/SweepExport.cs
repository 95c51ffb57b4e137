using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Patchbay.Report;

/// <summary>One file of an export.</summary>
/// <param name="Name">Path within the export's folder, with slashes.</param>
/// <param name="Bytes">What it holds.</param>
internal sealed record ExportedFile(string Name, byte[] Bytes);

/// <summary>
/// A sweep's results as files for other programs. They hold what was measured and what it depends on, and nothing of
/// the run itself, neither times nor paths nor nodes: two sweeps that measured the same give the same bytes.
/// </summary>
internal static class SweepExport
{
    /// <summary>Formats of scores.</summary>
    public static IReadOnlyList<string> Formats { get; } = ["json", "csv", "npy", "parquet"];

    /// <summary>The files of a format: all results as one table (<see cref="ResultsTable"/>; not in npy, which holds
    /// what is a grid, <see cref="GridExport"/>), scores of path patching, and each model's circuit as the paper's authors published
    /// theirs.</summary>
    /// <param name="state">A sweep, ended or not: what is not measured is null, empty or NaN.</param>
    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <exception cref="InvalidDataException">It is another format.</exception>
    /// <exception cref="InvalidDataException">The results do not fit the models.</exception>
    public static IReadOnlyList<ExportedFile> Files(SweepState state, string format) =>
    [
        .. format switch
        {
            "json" => [Text("scores.json", Json(state)), Text("results.json", ResultsTable.Json(state))],
            "csv" => [Text("scores.csv", ScoresCsv(state)), Text("accuracy.csv", AccuracyCsv(state)),
                Text("results.csv", ResultsTable.Csv(state))],
            "npy" => GridExport.Files(state),
            "parquet" => [new("results.parquet", ResultsTable.Parquet(state))],
            _ => throw new InvalidDataException(
                $"'{format}' is not a format of an export; expected {string.Join(", ", Formats)}"),
        },
        .. state.Plan!.Models.Where(m => SweepResults.PathPatching(state, m.Name).Count > 0)
            .Select(m => Text($"circuits/{FileName(m.Name)}_circuit.json", Circuit(state, m.Name))),
    ];

    /// <summary>What is not measured: a line for every stage that is not complete.</summary>
    public static IReadOnlyList<string> Missing(SweepState state) =>
    [
        .. state.InOrder.Where(s => s.Status != StageStatus.Completed).Select(s => s.Status == StageStatus.Waiting
            ? $"{s.Stage.Id} has not begun"
            : $"{s.Stage.Id} has {s.Completed} of {SweepText.Count(s.Order.Length, "unit")}"),
    ];

    /// <summary>The first lines of what is missing, and how many more there are.</summary>
    public static string Summary(IReadOnlyList<string> missing)
    {
        const int shown = 4;
        return string.Join(", ", missing.Take(shown)) + (missing.Count > shown ? $" and {missing.Count - shown} more"
            : "");
    }

    /// <summary>A model's circuit in the paper's form: group names and [layer, head] pairs; groups that are not
    /// complete are left out.</summary>
    public static string Circuit(SweepState state, string model) => JsonText.Write(json =>
    {
        foreach (var (name, heads) in SweepResults.CompleteGroups(state, model)) JsonText.WriteHeads(json,
            Findings.Circuit.PaperName(name), heads);
    });

    /// <summary>Scores of all groups and models, with what they depend on.</summary>
    public static string Json(SweepState state) => JsonText.Write(json =>
    {
        var plan = state.Plan!;
        json.WriteString("study", plan.Study);
        json.WriteNumber("seed", plan.Seed);
        json.WriteStartObject("task");
        json.WriteString("kind", plan.Task.Kind);
        json.WriteNumber("prompts", plan.Task.Prompts);
        json.WriteNumber("boxes", plan.Task.Boxes);
        if (plan.Task.File is { } file) json.WriteString("file", file);
        json.WriteEndObject();
        json.WriteStartObject("compute"); // what the last bits of a score depend on
        json.WriteString("dtype", plan.Compute.Dtype);
        json.WriteString("device", plan.Compute.Device);
        json.WriteNumber("threads", plan.Compute.Threads);
        json.WriteEndObject();
        json.WriteStartArray("models");
        foreach (var model in plan.Models) WriteModel(json, state, model);
        json.WriteEndArray();
    });

    private static void WriteModel(Utf8JsonWriter json, SweepState state, PlannedModel model)
    {
        json.WriteStartObject();
        JsonText.WriteModel(json, state, model);
        json.WriteStartObject("groups");
        foreach (var stage in SweepResults.PathPatching(state, model.Name))
        {
            WriteScores(json, SweepResults.Scores(state, stage));
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A group's scores as a field named as the group.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="path">The scores.</param>
    /// <param name="seconds">How long they took, where that is to be told.</param>
    public static void WriteScores(Utf8JsonWriter json, PathScores path, double? seconds = null)
    {
        json.WriteStartObject(path.Group.Name);
        json.WriteString("title", path.Group.Title);
        JsonText.WriteHeads(json, "receivers", path.Receivers);
        JsonText.WriteRows(json, "scores", path.Scores);
        JsonText.WriteRows(json, "stderr", path.StandardErrors);
        JsonText.WriteRows(json, "samples", path.Samples);
        if (seconds is { } spent) json.WriteNumber("seconds", spent);
        json.WriteEndObject();
    }

    /// <summary>model,stage,group,layer,head,score,stderr,samples.</summary>
    public static string ScoresCsv(SweepState state)
    {
        var text = new StringBuilder("model,stage,group,layer,head,score,stderr,samples\n");
        foreach (var stage in state.Plan!.Models.SelectMany(m => SweepResults.PathPatching(state, m.Name)))
        {
            var path = SweepResults.Scores(state, stage);
            string[] of = [CsvText.Cell(stage.Stage.Model), CsvText.Cell(stage.Stage.Id),
                CsvText.Cell(path.Group.Name)];
            foreach (var (layer, head) in Head.All(path.Scores.GetLength(0), path.Scores.GetLength(1)))
            {
                text.AppendJoin(',', of).Append(CultureInfo.InvariantCulture, $",{layer},{head},").AppendJoin(',',
                    CsvText.Number(path.Scores[layer, head]), CsvText.Number(path.StandardErrors[layer, head]),
                    CsvText.Number(path.Samples[layer, head])).Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>model,right,count,accuracy,low,high; a model that was not asked has empty cells.</summary>
    private static string AccuracyCsv(SweepState state)
    {
        var text = new StringBuilder("model,right,count,accuracy,low,high\n");
        foreach (var model in state.Plan!.Models)
        {
            var numbers = SweepResults.Accuracy(state, model.Name) is { } a
                ? string.Create(CultureInfo.InvariantCulture,
                    $"{a.Right},{a.Count},{CsvText.Number(a.Share)},{CsvText.Number(a.Interval.Low)},")
                    + CsvText.Number(a.Interval.High)
                : ",,,,";
            text.Append(CultureInfo.InvariantCulture, $"{CsvText.Cell(model.Name)},{numbers}\n");
        }
        return text.ToString();
    }

    private static ExportedFile Text(string name, string text) => new(name, Encoding.UTF8.GetBytes(text));

    /// <summary>A model's, stage's or item's name as a part of a file's.</summary>
    public static string FileName(string name) => name.Replace('/', '_').Replace('\\', '_');
}

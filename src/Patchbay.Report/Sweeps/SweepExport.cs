using System.Text;

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
    /// what is a grid, <see cref="GridExport"/>), scores of path patching, and each model's circuit as the paper's
    /// authors published theirs.</summary>
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
            .Select(m => Text($"circuits/{FileName(m.Name)}_circuit.json", JsonText.Write(Heads(state, m.Name)))),
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
    public static IReadOnlyDictionary<string, IReadOnlyList<Head>> Heads(SweepState state, string model) =>
        SweepResults.CompleteGroups(state, model).ToDictionary(g => Circuit.PaperName(g.Key), g => g.Value);

    /// <summary>Scores of all groups and models, with what they depend on.</summary>
    public static string Json(SweepState state) => JsonText.Write(new
    {
        state.Plan!.Study,
        state.Plan.Seed,
        state.Plan.Task,
        // what the last bits of a score depend on
        Compute = new { state.Plan.Compute.Dtype, state.Plan.Compute.Device, state.Plan.Compute.Threads },
        Models = state.Plan.Models.Select(m => JsonText.Model(state, m,
            groups: SweepResults.PathPatching(state, m.Name).Select(stage => SweepResults.Scores(state, stage))
                .ToDictionary(path => path.Group.Name, path => Scores(path)))),
        LeftOut = LeftOut(state),
    });

    /// <summary>Prompts that scores leave out, for a document; null where there are none.</summary>
    public static IReadOnlyList<LeftOutPrompts>? LeftOut(SweepState state) =>
        LeftOutPrompts.Find(state) is { Count: > 0 } some ? some : null;

    /// <summary>A group's scores for a document.</summary>
    /// <param name="path">The scores.</param>
    /// <param name="seconds">How long they took, where that is to be told.</param>
    public static object Scores(PathScores path, double? seconds = null) => new
    {
        path.Group.Title,
        path.Receivers,
        path.Scores,
        Stderr = path.StandardErrors,
        path.Samples,
        Seconds = seconds,
    };

    /// <summary>model,stage,group,layer,head,score,stderr,samples.</summary>
    public static string ScoresCsv(SweepState state)
    {
        var text = new StringBuilder("model,stage,group,layer,head,score,stderr,samples\n");
        foreach (var stage in state.Plan!.Models.SelectMany(m => SweepResults.PathPatching(state, m.Name)))
        {
            var path = SweepResults.Scores(state, stage);
            foreach (var (l, h) in Head.All(path.Scores.GetLength(0), path.Scores.GetLength(1)))
                text.Append(CsvText.Row(stage.Stage.Model, stage.Stage.Id, path.Group.Name, l, h, path.Scores[l, h],
                    path.StandardErrors[l, h], path.Samples[l, h]));
        }
        return text.ToString();
    }

    /// <summary>model,right,count,accuracy,low,high; a model that was not asked has empty cells.</summary>
    private static string AccuracyCsv(SweepState state)
    {
        var text = new StringBuilder("model,right,count,accuracy,low,high\n");
        foreach (var model in state.Plan!.Models)
        {
            var accuracy = SweepResults.Accuracy(state, model.Name);
            text.Append(CsvText.Row(model.Name, accuracy?.Right, accuracy?.Count, accuracy?.Share,
                accuracy?.Interval.Low, accuracy?.Interval.High));
        }
        return text.ToString();
    }

    private static ExportedFile Text(string name, string text) => new(name, Encoding.UTF8.GetBytes(text));

    /// <summary>A model's, stage's or item's name as a part of a file's.</summary>
    public static string FileName(string name) => name.Replace('/', '_').Replace('\\', '_');
}

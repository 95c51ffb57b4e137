using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Parquet.Serialization;
using Parquet.Serialization.Attributes;

namespace Patchbay.Report;

/// <summary>One result of any experiment: a row of the table of `pbm sweep export` (docs/results.md).</summary>
internal sealed record ResultRow
{
    [JsonPropertyName("study")] public string Study { get; init; } = "";
    [JsonPropertyName("model")] public string Model { get; init; } = "";
    [JsonPropertyName("kind")] public string Kind { get; init; } = "";
    [JsonPropertyName("stage")] public string Stage { get; init; } = "";
    [JsonPropertyName("unit")] public string Unit { get; init; } = "";
    [JsonPropertyName("item")] public string Item { get; init; } = "";

    /// <summary>Layer of the one head that the item names, or null where it names none or several.</summary>
    [JsonPropertyName("layer")] public int? Layer { get; init; }

    /// <summary>That head within its layer.</summary>
    [JsonPropertyName("head")] public int? Head { get; init; }

    /// <summary>Name of the position that was intervened at, or null where there is none or several.</summary>
    [JsonPropertyName("position")] public string? Position { get; init; }

    [JsonPropertyName("score")] public double Score { get; init; }

    /// <summary>Its standard error, or null where there is none.</summary>
    [JsonPropertyName("error")] public double? Error { get; init; }

    [JsonPropertyName("samples")] public int Samples { get; init; }

    /// <summary>Prompts that the score leaves out, in JSON alone; null, and absent, where it leaves out none.</summary>
    [JsonPropertyName("left_out"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), ParquetIgnore]
    public string? LeftOut { get; init; }

    [JsonPropertyName("seed")] public ulong Seed { get; init; }
    [JsonPropertyName("fingerprint")] public string Fingerprint { get; init; } = "";

    /// <summary>Of path patching, where it is known: the mean of the changes that the score sums up.</summary>
    [JsonPropertyName("mean")] public double? Mean { get; init; }

    /// <summary>Their mean over the prompts that the model answers right.</summary>
    [JsonPropertyName("of_right")] public double? OfRight { get; init; }

    /// <summary>Their median.</summary>
    [JsonPropertyName("median")] public double? Median { get; init; }
}

/// <summary>All results of a sweep as one table, a row to a result, in the order of the plan
/// and, within a unit, of heads and items.</summary>
internal static class ResultsTable
{
    private const string Header =
        "study,model,kind,stage,unit,item,layer,head,position,score,error,samples,seed,fingerprint,"
        + "mean,of_right,median\n";

    private static readonly JsonSerializerOptions Relaxed =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The rows of all completed units.</summary>
    public static IEnumerable<ResultRow> Rows(SweepState state) =>
        from stage in state.InOrder
        let summary = stage.Stage.Kind == Kinds.PathPatching ? stage.Stage.Parameters.As<PathPatchingParameters>().Score
            : null
        from unit in stage.Order
        where stage.Units[unit].Status == UnitStatus.Completed
        from row in stage.Units[unit].Results.Select(result => Row(state.Plan!, stage.Stage, unit, result, summary))
            .OrderBy(row => (row.Layer, row.Head)).ThenBy(row => row.Item, StringComparer.Ordinal)
        select row;

    // Summary: what a score of path patching is of the changes that it sums up.
    private static ResultRow Row(SweepPlan plan, Stage stage, string unit, InterventionResult result, string? summary)
    {
        double? Of(string which, OtherNumber? other) => summary == which ? result.Score
            : other is { Value: var value } && double.IsFinite(value) ? value : null;
        return new()
        {
            Study = plan.Study,
            Model = stage.Model,
            Kind = stage.Kind,
            Stage = stage.Id,
            Unit = UnitId.KeyOf(unit),
            Item = result.Item,
            Layer = result.Head?.Layer,
            Head = result.Head?.Index,
            Position = result.Position,
            Score = result.Score,
            Error = double.IsFinite(result.Error) ? result.Error : null,
            Samples = result.Samples,
            Mean = Of(PathPatchingParameters.Mean, result.Detail?.Mean),
            OfRight = Of(PathPatchingParameters.OfRight, result.Detail?.OfRight),
            Median = Of(PathPatchingParameters.Median, result.Detail?.Median),
            LeftOut = result.Detail?.LeftOut,
            Seed = plan.Seed,
            Fingerprint = plan.Model(stage.Model).Fingerprint,
        };
    }

    /// <summary>With a header; what is null is empty.</summary>
    public static string Csv(SweepState state)
    {
        var text = new StringBuilder(Header);
        foreach (var r in Rows(state))
            text.Append(CsvText.Row(r.Study, r.Model, r.Kind, r.Stage, r.Unit, r.Item, r.Layer, r.Head, r.Position,
                r.Score, r.Error, r.Samples, r.Seed, r.Fingerprint, r.Mean, r.OfRight, r.Median));
        return text.ToString();
    }

    /// <summary>An array of objects, one to a line.</summary>
    public static string Json(SweepState state) =>
        $"[\n{string.Join(",\n", Rows(state).Select(row => JsonSerializer.Serialize(row, Relaxed)))}\n]\n";

    /// <summary>An Apache Parquet file.</summary>
    public static byte[] Parquet(SweepState state)
    {
        using var file = new MemoryStream();
        ParquetSerializer.SerializeAsync(Rows(state).ToArray(), file).GetAwaiter().GetResult();
        return file.ToArray();
    }
}

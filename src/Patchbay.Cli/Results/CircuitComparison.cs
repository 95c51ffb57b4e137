using System.Globalization;
using System.Text;
using System.Text.Json;
using Patchbay.Cli.HeatMaps;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Tasks;
using Spectre.Console;

namespace Patchbay.Cli.Results;

/// <summary>One model of a comparison.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Accuracy">On prompts of its own, more than were path-patched.</param>
/// <param name="Groups">Scores of all heads, by group.</param>
/// <param name="Report">All of it as a report of its own.</param>
internal sealed record PatchedModel(string Name, Proportion Accuracy, IReadOnlyList<PathScores> Groups, ScoreReport Report)
{
    /// <summary>Heads of its circuit in a group.</summary>
    public IReadOnlyList<Head> Circuit(int group) => Groups[group].Salient(CircuitComparison.Salience);
}

/// <summary>Several models path-patched on the same prompts, the base first.</summary>
internal sealed record CircuitComparison(IReadOnlyList<PatchedModel> Models, ulong Seed, int Prompts, double Seconds)
{
    /// <summary>Share of the strongest head's score that a head of the circuit has at least. Circuits of as many heads each would make
    /// precision and recall the same number and hide that a fine-tune's circuit grew.</summary>
    public const double Salience = 0.1;

    /// <summary>What the overlap's table shows.</summary>
    public const string OverlapCaption = "Overlap with the base's circuit: heads below zero by two standard errors that have a tenth of the strongest's score or more.\n"
        + "precision: share of the base's heads found in the model's; recall: share of the model's heads found in the base's; rank: Spearman's correlation of all scores";

    /// <summary>How each was path-patched.</summary>
    public static PathPatchingOptions Options { get; } = new() { TopK = [8, 8, 8, 8] };

    /// <summary>Number of groups.</summary>
    public int GroupCount => Models[0].Groups.Count;

    /// <summary>What was run, in a sentence or two.</summary>
    public string Summary => $"Entity tracking, 7 boxes, {Prompts} prompts from seed {Seed}: mean of (p − p₀) / p₀, p the probability of the right object, "
        + "when one head's output is taken from another prompt. Blue: the answer becomes less probable. Outlined: the eight strongest, where the next group's paths "
        + $"end. One colour scale per column. Accuracy on {Models[0].Accuracy.Count} prompts.";

    /// <summary>Heat maps, a row per model, on one colour scale per group.</summary>
    public IReadOnlyList<HeatMapRow> Rows() => HeatMapRow.OnOneScale([.. Models.Select(model => new HeatMapRow(model.Name,
        $"accuracy {model.Accuracy.Share:0.00}", PathPatchingOutput.Maps(model.Report.Groups, PathChain.EntityTracking, Options.TopK)))]);

    /// <summary>Overlap of the base's circuit with a model's, in a group.</summary>
    public CircuitOverlap Overlap(PatchedModel model, int group) =>
        CircuitOverlap.Of(Models[0].Groups[group], Models[0].Circuit(group), model.Groups[group], model.Circuit(group));

    /// <summary>Accuracies with their intervals.</summary>
    public Table AccuracyTable()
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("model", "accuracy", "95 % interval", "right", "path patching");
        foreach (var m in Models)
        {
            var (low, high) = m.Accuracy.Interval;
            string[] cells = [m.Name, $"{m.Accuracy.Share:0.000}", $"{low:0.000} to {high:0.000}",
                $"{m.Accuracy.Right} of {m.Accuracy.Count}", $"{m.Report.SecondsTotal:0.0} s"];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
        return table;
    }

    /// <summary>Overlap of each fine-tune's circuit with the base's.</summary>
    public Table OverlapTable()
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("model", "group", "heads", "of base", "shared", "precision", "recall", "Jaccard", "rank");
        foreach (var model in Models.Skip(1))
        {
            for (var g = 0; g < GroupCount; g++)
            {
                var o = Overlap(model, g);
                string[] cells =
                [
                    g == 0 ? model.Name : "", model.Groups[g].Group.Name, $"{o.Second}", $"{o.First}", $"{o.Shared}",
                    Share(o.Precision), Share(o.Recall), Share(o.Jaccard), Share(o.RankCorrelation),
                ];
                table.AddRow(cells.Select(cell => new Text(cell)));
            }
        }
        return table;
    }

    /// <summary>model,group,layer,head,score,stderr.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder("model,group,layer,head,score,stderr\n");
        foreach (var model in Models)
            foreach (var line in ScoreFiles.ToCsv(model.Report).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
                text.Append(CultureInfo.InvariantCulture, $"{model.Name},{line}\n");
        return text.ToString();
    }

    /// <summary>One document: accuracies, scores, circuits, overlaps with the base.</summary>
    public string ToJson() => JsonText.Write(json =>
    {
        json.WriteString("version", ScoreFiles.Version);
        json.WriteStartArray("models");
        foreach (var model in Models) WriteModel(json, model);
        json.WriteEndArray();
        json.WriteStartArray("overlap");
        foreach (var model in Models.Skip(1))
            for (var g = 0; g < GroupCount; g++) WriteOverlap(json, model, g);
        json.WriteEndArray();
        json.WriteNumber("seconds_total", Seconds);
    });

    private void WriteModel(Utf8JsonWriter json, PatchedModel model)
    {
        json.WriteStartObject();
        json.WriteString("name", model.Name);
        JsonText.WriteProportion(json, "accuracy", model.Accuracy);
        json.WriteStartObject("circuit");
        for (var g = 0; g < GroupCount; g++) JsonText.WriteHeads(json, model.Groups[g].Group.Name, model.Circuit(g));
        json.WriteEndObject();
        json.WritePropertyName("path_patching");
        json.WriteRawValue(ScoreFiles.ToJson(model.Report).TrimEnd());
        json.WriteEndObject();
    }

    private void WriteOverlap(Utf8JsonWriter json, PatchedModel model, int group)
    {
        var overlap = Overlap(model, group);
        json.WriteStartObject();
        json.WriteString("base", Models[0].Name);
        json.WriteString("model", model.Name);
        json.WriteString("group", model.Groups[group].Group.Name);
        json.WriteNumber("base_heads", overlap.First);
        json.WriteNumber("model_heads", overlap.Second);
        json.WriteNumber("shared", overlap.Shared);
        JsonText.WriteNumber(json, "precision", overlap.Precision);
        JsonText.WriteNumber(json, "recall", overlap.Recall);
        JsonText.WriteNumber(json, "jaccard", overlap.Jaccard);
        JsonText.WriteNumber(json, "rank_correlation", overlap.RankCorrelation);
        json.WriteEndObject();
    }

    private static string Share(double value) => double.IsFinite(value) ? value.ToString("0.00", CultureInfo.InvariantCulture) : "-";
}

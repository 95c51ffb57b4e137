using System.Text.Json;

namespace Patchbay.Report;

/// <summary>What `pbm sweep show` tells, as one JSON document; scores themselves are in an export.</summary>
internal static class SweepDocument
{
    /// <summary>The document.</summary>
    public static string Json(string id, SweepState state, SweepTimes times, IReadOnlyList<GroupOverlap> overlaps,
        PublishedComparison? published,
        IReadOnlyList<string> notes) => JsonText.Write(json =>
    {
        json.WriteString("sweep", id);
        json.WriteString("study", state.Plan!.Study);
        json.WriteString("status", SweepText.Word(state.Status));
        json.WriteNumber("seed", state.Plan.Seed);
        json.WriteString("code", state.Code);
        if (times.Started is { } started) json.WriteString("started", started);
        if (times.Last is { } last) json.WriteString("last_event", last);
        json.WriteNumber("seconds_in_units", state.InOrder.SelectMany(s => s.Units.Values).Sum(u => u.Seconds));
        Array(json, "models", state.Plan.Models, model => WriteModel(json, state, model));
        Array(json, "stages", state.InOrder, stage => WriteStage(json, stage));
        Array(json, "failed_units", SweepTables.Failed(state), failed =>
        {
            json.WriteString("unit", failed.Unit);
            json.WriteBoolean("set_aside", failed.State.Status == UnitStatus.SetAside);
            json.WriteNumber("failures", failed.State.Failures);
            json.WriteString("error", failed.State.Error);
        });
        Array(json, "overlap", overlaps, overlap =>
        {
            json.WriteString("base", state.Plan.Models[0].Name);
            json.WriteString("model", overlap.Model);
            json.WriteString("group", overlap.Group);
            json.WriteNumber("base_heads", overlap.Overlap.First);
            json.WriteNumber("model_heads", overlap.Overlap.Second);
            WriteShares(json, overlap.Overlap);
            JsonText.WriteNumber(json, "rank_correlation", overlap.Overlap.RankCorrelation);
        });
        if (published is not null) Array(json, "published", published.Models, model => WritePublished(json, model));
        json.WriteStartArray("notes");
        foreach (var note in notes) json.WriteStringValue(note);
        json.WriteEndArray();
    }).TrimEnd();

    private static void Array<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> content)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            content(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteModel(Utf8JsonWriter json, SweepState state, PlannedModel model)
    {
        JsonText.WriteModel(json, state, model);
        json.WriteStartObject("circuit");
        foreach (var (name, heads) in SweepResults.CompleteGroups(state, model.Name)) JsonText.WriteHeads(json,
            Circuit.PaperName(name), heads);
        json.WriteEndObject();
    }

    private static void WriteStage(Utf8JsonWriter json, StageState stage)
    {
        json.WriteString("stage", stage.Stage.Id);
        json.WriteString("model", stage.Stage.Model);
        json.WriteString("status", SweepText.Status(stage));
        if (stage.Status == StageStatus.Waiting) return; // its units are not known
        json.WriteNumber("units_done", stage.Completed);
        json.WriteNumber("units", stage.Order.Length);
        json.WriteNumber("set_aside", stage.SetAside);
    }

    private static void WritePublished(Utf8JsonWriter json, PublishedModel model)
    {
        json.WriteString("model", model.Model);
        json.WriteString("published_as", model.Reference);
        if (model.Published is { } accuracy) json.WriteNumber("published_accuracy", accuracy);
        if (model.Measured is { } measured) JsonText.WriteNumber(json, "measured_accuracy", measured.Share);
        Array(json, "groups", model.Groups, group =>
        {
            json.WriteString("group", group.Name);
            JsonText.WriteNumber(json, "rank_correlation", group.Rank);
            if (group.Overlap is not { } overlap) return;
            json.WriteNumber("heads", overlap.First);
            json.WriteNumber("published_heads", overlap.Second);
            WriteShares(json, overlap);
        });
    }

    private static void WriteShares(Utf8JsonWriter json, CircuitOverlap overlap)
    {
        json.WriteNumber("shared", overlap.Shared);
        JsonText.WriteNumber(json, "precision", overlap.Precision);
        JsonText.WriteNumber(json, "recall", overlap.Recall);
        JsonText.WriteNumber(json, "jaccard", overlap.Jaccard);
    }
}

using Patchbay.Cli.Sweeps;
using Patchbay.Experiments;

namespace Patchbay.Cli.Results;

/// <summary>The document of `pbm patch`: one model's scores, and all it takes to run them again.</summary>
internal static class ScoreFiles
{
    /// <summary>Refuses a file that could not be written at the end.</summary>
    /// <exception cref="InvalidDataException">Its extension says no known form.</exception>
    public static void CheckFormat(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".svg" or ".csv" or ".json"))
            throw new InvalidDataException($"--out: '{path}' is neither a .json nor a .csv nor a .svg file");
    }

    /// <summary>The document, a row of scores to a line; a number that is not finite is null.</summary>
    public static string Json(SweepState state, IReadOnlyList<(PathScores Scores, double Seconds)> groups,
        double seconds, string model,
        string task, bool seeded) => JsonText.Write(json =>
    {
        var (plan, first) = (state.Plan!, state.Plan!.Models[0]);
        var accuracy = SweepResults.Accuracy(state, first.Name)!.Value;
        json.WriteString("version", Call.Version);
        json.WriteString("model", model);
        json.WriteString("fingerprint", first.Fingerprint);
        json.WriteString("task", task);
        json.WriteNumber("prompts", accuracy.Count);
        if (seeded) json.WriteNumber("seed", plan.Seed);
        json.WriteNumber("accuracy", accuracy.Share);
        json.WriteString("dtype", plan.Compute.Dtype);
        json.WriteString("device", plan.Compute.Device);
        json.WriteNumber("threads", plan.Compute.Threads);
        json.WriteString("evaluator", SweepResults.PathPatching(state, first.Name)[0]
            .Stage.Parameters.As<PathPatchingParameters>().Reference
            ? "reference" : "cone");
        json.WriteStartObject("groups");
        foreach (var (scores, spent) in groups) SweepExport.WriteScores(json, scores, spent);
        json.WriteEndObject();
        json.WriteNumber("seconds_total", seconds);
        json.WriteNumber("peak_rss_bytes", ProcessMemory.PeakBytes());
    });
}

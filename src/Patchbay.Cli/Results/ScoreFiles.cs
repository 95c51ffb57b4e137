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
        double seconds, string model, string task, bool seeded)
    {
        var (plan, first) = (state.Plan!, state.Plan!.Models[0]);
        var accuracy = SweepResults.Accuracy(state, first.Name)!.Value;
        var stage = SweepResults.PathPatching(state, first.Name)[0].Stage;
        return JsonText.Write(new
        {
            Call.Version,
            Model = model,
            first.Fingerprint,
            Task = task,
            Prompts = accuracy.Count,
            Seed = seeded ? plan.Seed : (ulong?)null,
            Accuracy = accuracy.Share,
            plan.Compute.Dtype,
            plan.Compute.Device,
            plan.Compute.Threads,
            Evaluator = stage.Parameters.As<PathPatchingParameters>().Reference ? "reference" : "cone",
            Groups = groups.ToDictionary(g => g.Scores.Group.Name, g => SweepExport.Scores(g.Scores, g.Seconds)),
            LeftOut = SweepExport.LeftOut(state),
            SecondsTotal = seconds,
            PeakRssBytes = ProcessMemory.PeakBytes(),
        });
    }
}

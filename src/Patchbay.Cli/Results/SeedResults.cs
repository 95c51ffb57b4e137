using System.Globalization;
using Patchbay.Lab.Training;

namespace Patchbay.Cli.Results;

/// <summary>What quartets of several seeds have in common, for people.</summary>
internal static class SeedResults
{
    private static string Task => LabData.Evaluations[0];

    /// <summary>Prints each model's accuracy over seeds, and how much more it is than its base's; nothing where there
    /// are no results.</summary>
    public static void Show(Call call, string title, IReadOnlyList<QuartetModel> results)
    {
        if (results.Count == 0) return;
        var seeds = results.DistinctBy(r => r.Seed).Count();
        call.WriteLine($"{title}, {Task}: mean over {seeds} seed{(seeds == 1 ? "" : "s")} ± standard error, and how "
            + "much more than the base of the same seed");
        foreach (var name in Quartet.Trained.Where(name => results.Any(r => r.Name == name)))
        {
            var each = results.Where(r => r.Name == name).Select(r => Number(r.Scores[Task].Share, "0.000"));
            var gain = name == Quartet.Names[0] ? "" : $"  {Text(Quartet.Gain(results, name, Task), "+0.000;-0.000")}";
            call.WriteLine($"  {name,-10}  {Text(Quartet.Accuracy(results, name, Task), "0.000")}{gain}   "
                + $"({string.Join(", ", each)})");
        }
    }

    private static string Text(Estimate value, string format) =>
        $"{Number(value.Value, format)} ± {(double.IsNaN(value.Error) ? "?" : Number(value.Error, "0.000"))}";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

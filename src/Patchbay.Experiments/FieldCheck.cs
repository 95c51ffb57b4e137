using System.Globalization;

namespace Patchbay.Experiments;

/// <summary>Checks of a study's values, and fields that several experiments have.</summary>
public static class FieldCheck
{
    /// <summary>What is expected where a text is no number within limits; null where it is.</summary>
    public static string? Number(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least
            && number <= most
            ? null : string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}");

    /// <summary>What is expected where a text is no whole number of a range; null where it is.</summary>
    public static string? WholeNumber(string text, WholeRange range) => range.Read(text) is null ? $"{range}" : null;

    /// <summary>Whether a text is a list of names, each once.</summary>
    public static bool Names(string text) =>
        text.Split(',') is var names && names.All(n => n.Length > 0) && names.Distinct().Count() == names.Length;

    /// <summary>What is expected where a text is no chain; null where it is.</summary>
    public static string? Chain(string text)
    {
        try
        {
            PathChain.Parse(text);
            return null;
        }
        catch (FormatException e)
        {
            return $"a chain such as \"{PathChain.EntityTracking}\" ({e.Message})";
        }
    }

    /// <summary>A field that is a whole number.</summary>
    public static StageField Count(string name, int standard, string description, WholeRange range) =>
        new(name, standard.ToString(CultureInfo.InvariantCulture), description, text => WholeNumber(text, range));

    /// <summary>A field that says of how many prompts.</summary>
    public static StageField Prompts(int standard, string description) =>
        Count("prompts", standard, description, WholeRange.Prompts);

    /// <summary>Prompts that a unit takes.</summary>
    public static StageField Batch { get; } = Count("batch", 0, "Prompts that a unit takes; 0 for all",
        WholeRange.Prompts with { Least = 0 });

    /// <summary>Prompts whose activations are averaged.</summary>
    public static StageField Means { get; } = Count("means", 500,
        "Prompts whose activations are averaged for ablation", WholeRange.Prompts);

    /// <summary>Whether those are of other scenes than the prompts to answer.</summary>
    public static StageField DisjointMeans(bool standard) => new(DisjointMeansName, standard ? "true" : "false",
        "Average over other scenes than those of the prompts to answer; as published, the scenes are the same, and "
            + "letters drawn at random are asked for",
        text => bool.TryParse(text, out _) ? null : "true or false");

    /// <summary>Name of <see cref="DisjointMeans"/>.</summary>
    public const string DisjointMeansName = "disjoint-means";

    /// <summary>Positions whose means are taken together.</summary>
    public static StageField MixedMeans { get; } = new("mixed-means", "",
        "Positions whose means are taken together, so that they do not tell the order of segments: label_*; as "
            + "published every position has its own",
        text => text.Contains(',') ? "one name, such as label_*" : null);

    /// <summary>What heads at other positions than the groups' do in an ablated model.</summary>
    public static StageField Elsewhere { get; } = new("elsewhere", "mean",
        "What heads at other positions than the groups' give: their 'mean', as in the paper, or their 'own'",
        text => text is "mean" or CircuitParameters.OwnElsewhere ? null
            : $"'mean' or '{CircuitParameters.OwnElsewhere}'");

    /// <summary>Forms of cross-model patching.</summary>
    public static StageField Forms(string standard) => new("forms", standard,
        "What is patched: 'output', or 'input' and the projections",
        text => text.Split(',').Select(CmapForm.Check).FirstOrDefault(m => m is not null)
            ?? (Names(text) ? null : "each form once"));
}

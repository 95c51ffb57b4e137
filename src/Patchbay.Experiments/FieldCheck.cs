using System.Globalization;

namespace Patchbay.Experiments;

/// <summary>Checks of a study's values, and fields that several experiments have.</summary>
public static class FieldCheck
{
    /// <summary>What is expected where a text is no number within limits; null where it is.</summary>
    public static string? Number(string text, double least, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least
            && number <= most
            ? null : most == double.MaxValue ? $"a number of {least} or more" : $"a number from {least} to {most}";

    /// <summary>What is expected where a text is no whole number of at least so much; null where it is.</summary>
    public static string? WholeNumber(string text, int least) =>
        int.TryParse(text, out var number) && number >= least ? null : $"a whole number of {least} or more";

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
    public static StageField Count(string name, int standard, string description, int least = 1) =>
        new(name, standard.ToString(CultureInfo.InvariantCulture), description, text => WholeNumber(text, least));

    /// <summary>Prompts that a unit takes.</summary>
    public static StageField Batch { get; } = Count("batch", 0, "Prompts that a unit takes; 0 for all", 0);

    /// <summary>Prompts whose activations are averaged.</summary>
    public static StageField Means { get; } = Count("means", 500,
        "Prompts whose activations are averaged for ablation");

    /// <summary>What heads at other positions than the groups' do in an ablated model.</summary>
    public static StageField Elsewhere { get; } = new("elsewhere", "mean",
        "What heads at other positions than the groups' give: their 'mean', as in the paper, or their 'own'",
        text => text is "mean" or CircuitParameters.OwnElsewhere ? null
            : $"'mean' or '{CircuitParameters.OwnElsewhere}'");

    /// <summary>Forms of cross-model patching.</summary>
    public static StageField Forms(string standard) => new("forms", standard,
        "What is patched: 'output', or 'input' and the projections",
        text => text.Split(',').Select(CmapForm.Check).FirstOrDefault(m => m is not null));
}

using System.Text.RegularExpressions;

namespace Patchbay.Sweeps.Studies;

/// <summary>What may be a model's name: it becomes part of the ids of stages and units, which '/' separates.</summary>
internal static partial class ModelName
{
    /// <summary>The key of per-model values that stands for all other models.</summary>
    public const string Default = "default";

    /// <summary>What is expected where a name is none; null where it is right.</summary>
    public static string? Expected(string name) => name == Default ? "a name other than 'default'"
        : Form().IsMatch(name) ? null : "a name of letters, digits, '.', '_' and '-'";

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex Form();
}

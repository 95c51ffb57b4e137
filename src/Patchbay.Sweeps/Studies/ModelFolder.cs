using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Patchbay.Sweeps.Studies;

/// <summary>Where a checkpoint or an adapter lies on this machine.</summary>
/// <param name="Written">As the file has it: "${PATCHBAY_MODELS}/llama-7b".</param>
/// <param name="FullPath">The full path; null where a setting that it needs is not set.</param>
/// <param name="UnsetSetting">Name of that setting, or null.</param>
public sealed partial record ModelFolder(string Written, string? FullPath, string? UnsetSetting)
{
    /// <summary>Puts settings in. A relative path is taken from <paramref name="home"/>, a relative setting from the
    /// working directory, as in a shell.</summary>
    internal static ModelFolder Of(string written, string home, Func<string, string?> setting)
    {
        string? unset = null;
        var path = Setting().Replace(written, match =>
        {
            var value = setting(match.Groups[1].Value);
            if (!string.IsNullOrWhiteSpace(value)) return Path.GetFullPath(value);
            unset ??= match.Groups[1].Value;
            return "";
        });
        return new(written, unset is null ? Path.GetFullPath(path, Path.GetFullPath(home)) : null, unset);
    }

    /// <summary>Says what is not there, or null where everything is.</summary>
    /// <param name="what">"checkpoint" or "adapter".</param>
    /// <param name="files">Expected files: names or patterns, alternatives separated by '|'.</param>
    internal string? Missing(string what, IReadOnlyList<string> files)
    {
        // A llama2.c checkpoint is one file and has no others beside it.
        if (FullPath is null || File.Exists(FullPath)) return null;
        var place = Setting().IsMatch(Written) ? $"{FullPath} ({Written})" : FullPath;
        if (!Directory.Exists(FullPath)) return $"expected the {what} in {place}, found no such folder";
        try
        {
            // A link that leads nowhere (a download's cache that was cleared) is no file.
            var names = Directory.EnumerateFiles(FullPath).Where(f =>
                File.ResolveLinkTarget(f, true) is not { Exists: false })
                .Select(f => Path.GetFileName(f)).ToList();
            var missing = files.Where(f => !f.Split('|').Any(p => names.Any(n => Fits(p.Trim(), n)))).ToList();
            return missing.Count == 0 ? null
                : $"expected {string.Join(" and ", missing.Select(f => f.Replace("|", " or ")))} in {place}, found "
                    + (missing.Count == files.Count ? "nothing of the kind" : "only the rest of the " + what);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return $"expected the {what} in {FullPath}, found a folder that cannot be read ({e.Message.TrimEnd('.')})";
        }
    }

    private static bool Fits(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name,
        ignoreCase: false);

    [GeneratedRegex(@"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")]
    private static partial Regex Setting();
}

using System.Security.Cryptography;
using System.Text;

namespace Patchbay.Web;

/// <summary>The style sheet and the script of all pages, named by what they hold, so that browsers may keep
/// them.</summary>
internal static class PageAssets
{
    /// <summary>A lighter and a darker cell of a heat map.</summary>
    public const string Icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#08407f"/>
        <rect x="3" y="3" width="4.5" height="4.5" fill="#b9d7ea"/><rect x="8.5" y="3" width="4.5" height="4.5"
        fill="#2f7ebc"/><rect x="3" y="8.5" width="4.5" height="4.5" fill="#2f7ebc"/>
        <rect x="8.5" y="8.5" width="4.5" height="4.5" fill="#fda35a"/></svg>
        """;

    /// <summary>The report's style sheet, those of the pictures, and what pages have beside them.</summary>
    public static string Style { get; } = string.Join('\n', HtmlStyle.Sheet, SvgColors.StyleSheet,
        ChartColors.StyleSheet, Read("pages.css"));

    /// <summary>The script.</summary>
    public static string Script { get; } = Read("pages.js");

    /// <summary>Where the style sheet is.</summary>
    public static string StylePath { get; } = $"/assets/{HashOf(Style)}.css";

    /// <summary>Where the script is.</summary>
    public static string ScriptPath { get; } = $"/assets/{HashOf(Script)}.js";

    private static string HashOf(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

    private static string Read(string name)
    {
        using var stream = typeof(PageAssets).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

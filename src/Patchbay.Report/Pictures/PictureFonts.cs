using SkiaSharp;
using Svg.Skia.TypefaceProviders;

namespace Patchbay.Report;

/// <summary>The font of PNG pictures, regular and bold, found among a machine's files: SkiaSharp as we have it asks no
/// fontconfig.</summary>
internal sealed class PictureFonts
{
    // The first is the one of the pictures' style sheet that Linux has; then sans serifs that are common.
    private static readonly string[] Preferred = ["DejaVuSans", "LiberationSans-Regular", "NotoSans-Regular",
        "Roboto-Regular", "OpenSans-Regular", "FreeSans", "Ubuntu-R", "Arial", "arial"];
    private static readonly string[] BoldEnds = ["-Bold", "Bold", "-B"];
    private static readonly Dictionary<char, char> Plainer = new() { ['∖'] = '\\', ['→'] = '>', ['₀'] = '0' };

    private readonly SKFont letters;

    private PictureFonts(SKTypeface regular, SKTypeface bold) =>
        (letters, Provider) = (new(regular), new OneFamily(regular, bold));

    /// <summary>Where Linux keeps fonts.</summary>
    public static IReadOnlyList<string> Folders { get; } = ["/usr/share/fonts", "/usr/local/share/fonts",
        .. new[] { ".local/share/fonts", ".fonts" }.Select(folder =>
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), folder))];

    /// <summary>The font for whatever a style sheet asks for.</summary>
    public ITypefaceProvider Provider { get; }

    /// <summary>The best font in folders and those in them, or null where there is none.</summary>
    public static PictureFonts? Find(IEnumerable<string> folders)
    {
        var anyDepth = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        var files = folders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*", anyDepth))
            .Where(f => Path.GetExtension(f).ToLowerInvariant() is ".ttf" or ".otf" or ".ttc")
            .OrderBy(Rank).ThenBy(f => f, StringComparer.Ordinal);
        foreach (var file in files)
            if (Open(file) is { } regular) return new(regular, Bold(file) ?? regular);
        return null;
    }

    /// <summary>A text in signs that the font has, where there is a plainer one for what it lacks.</summary>
    public string Written(string text) => string.Concat(text.Select(sign =>
        letters.ContainsGlyph(sign) ? sign : Plainer.GetValueOrDefault(sign, sign)));

    private static int Rank(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        return Array.IndexOf(Preferred, name) is var place and >= 0 ? place
            : name.Contains("Sans", StringComparison.Ordinal) && name.Contains("Regular", StringComparison.Ordinal)
                ? Preferred.Length : Preferred.Length + 1;
    }

    /// <summary>A font that has what our texts are written in; null where a file holds none.</summary>
    private static SKTypeface? Open(string file)
    {
        var face = SKTypeface.FromFile(file);
        if (face is null) return null;
        using var font = new SKFont(face);
        if (font.ContainsGlyphs("Ag0−±≥")) return face;
        face.Dispose();
        return null;
    }

    private static SKTypeface? Bold(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        var family = name.EndsWith("-R", StringComparison.Ordinal) ? name[..^2] : name.Replace("-Regular", "");
        var (folder, extension) = (Path.GetDirectoryName(file)!, Path.GetExtension(file));
        return BoldEnds.Select(end => Path.Combine(folder, family + end + extension)).Where(File.Exists)
            .Select(Open).FirstOrDefault(face => face is not null);
    }

    private sealed class OneFamily(SKTypeface regular, SKTypeface bold) : ITypefaceProvider
    {
        public SKTypeface FromFamilyName(string fontFamily, SKFontStyleWeight fontWeight, SKFontStyleWidth fontWidth,
            SKFontStyleSlant fontStyle) => fontWeight >= SKFontStyleWeight.SemiBold ? bold : regular;
    }
}

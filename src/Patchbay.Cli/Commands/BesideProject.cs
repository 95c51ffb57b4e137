namespace Patchbay.Cli.Commands;

/// <summary>Folders of the project itself, and the one of real checkpoints and reference numbers that lies beside it on
/// its own machines.</summary>
internal static class BesideProject
{
    /// <summary>Path of a folder in ../shared, or null where there is none.</summary>
    public static string? Find(params string[] parts) =>
        Root() is { } root ? Existing([root.Parent?.FullName ?? "/", "shared", .. parts]) : null;

    /// <summary>Path of a folder of the project, or null where there is none.</summary>
    public static string? Inside(params string[] parts) => Root() is { } root ? Existing([root.FullName, .. parts])
        : null;

    private static DirectoryInfo? Root()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Cluster.sln"))) return at;
        return null;
    }

    private static string? Existing(string[] parts) => Path.Combine(parts) is var path && Directory.Exists(path) ? path
        : null;
}

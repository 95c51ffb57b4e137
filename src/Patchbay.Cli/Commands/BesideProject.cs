namespace Patchbay.Cli.Commands;

/// <summary>The folder of real checkpoints and reference numbers that lies beside the project on its own machines.</summary>
internal static class BesideProject
{
    /// <summary>Path of a folder in ../shared, or null where there is none.</summary>
    public static string? Find(params string[] parts)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (!File.Exists(Path.Combine(at.FullName, "Cluster.sln"))) continue;
            var path = Path.Combine([at.Parent?.FullName ?? "/", "shared", .. parts]);
            return Directory.Exists(path) ? path : null;
        }
        return null;
    }
}

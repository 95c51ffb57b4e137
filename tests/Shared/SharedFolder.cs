namespace Patchbay.Tests;

/// <summary>The folder of real checkpoints and golden numbers beside the project, where there is one.</summary>
internal static class SharedFolder
{
    /// <summary>Full path of <c>../shared</c>, or null in a clone that has none.</summary>
    public static string? Root { get; } = Find();

    /// <summary>Path of a file or folder inside it; only for tests marked <see cref="SharedFactAttribute"/>.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root!, .. parts]);

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) continue;
            var shared = Path.Combine(folder.Parent?.FullName ?? "/", "shared");
            return Directory.Exists(Path.Combine(shared, "golden")) ? shared : null;
        }
        return null;
    }
}

/// <summary>A fact that needs <c>../shared</c>: skipped with a notice where the folder is absent.</summary>
internal sealed class SharedFactAttribute : FactAttribute
{
    public SharedFactAttribute()
    {
        if (SharedFolder.Root is null) Skip = SharedNotice.Text;
    }
}

/// <summary>A theory that needs <c>../shared</c>: skipped with a notice where the folder is absent.</summary>
internal sealed class SharedTheoryAttribute : TheoryAttribute
{
    public SharedTheoryAttribute()
    {
        if (SharedFolder.Root is null) Skip = SharedNotice.Text;
    }
}

internal static class SharedNotice
{
    public const string Text = "needs the folder ../shared (real checkpoints and golden numbers), which is not here";
}

namespace Patchbay.Pure.Tests.Sources;

/// <summary>What a reader's screen asks of a source.</summary>
public sealed class LineTests
{
    private const int Columns = 120, Lines = 400;

    [Fact]
    public void No_line_is_longer_than_120_columns() => Assert.Empty(
        from path in Files()
        from line in File.ReadLines(path).Index()
        where line.Item.Length > Columns && !IsText(path, line.Item)
        select $"{Path.GetRelativePath(Repository.Root, path)}, line {line.Index + 1}: {line.Item.Length} columns");

    [Fact]
    public void No_file_is_longer_than_400_lines() => Assert.DoesNotContain(Files(), path => File.ReadLines(path)
        .Count() > Lines);

    /// <summary>A test's input, which would be another if it were broken up.</summary>
    private static bool IsText(string path, string line) => path.Contains("Tests", StringComparison.Ordinal)
        && (line.Contains("\"\"\"", StringComparison.Ordinal) || line.Contains("@\"", StringComparison.Ordinal)
            || line.TrimStart() is ['{' or '"', ..]);

    private static IEnumerable<string> Files() => new[] { "src", "tests" }.SelectMany(folder =>
        Directory.EnumerateFiles(
            Repository.PathOf(folder), "*.cs", SearchOption.AllDirectories))
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));
}

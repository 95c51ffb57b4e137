using System.Text;

namespace Patchbay.Cli.Results;

/// <summary>Files that commands write: whole or not at all, in folders that are made where there are none.</summary>
internal static class OutputFile
{
    /// <summary>Writes a text.</summary>
    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes.</summary>
    public static void Write(string path, byte[] bytes) => WriteUnfinished(path, unfinished =>
    {
        File.WriteAllBytes(unfinished, bytes);
        return true;
    });

    /// <summary>Writes a text as it comes.</summary>
    /// <returns>What <paramref name="write"/> returns.</returns>
    public static T Write<T>(string path, Func<TextWriter, T> write) => WriteUnfinished(path, unfinished =>
    {
        using var writer = new StreamWriter(unfinished);
        return write(writer);
    });

    private static T WriteUnfinished<T>(string path, Func<string, T> write)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var unfinished = $"{full}.{Environment.ProcessId}.part";
        try
        {
            var result = write(unfinished);
            File.Move(unfinished, full, overwrite: true);
            return result;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}

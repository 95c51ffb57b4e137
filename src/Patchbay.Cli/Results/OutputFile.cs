using System.CommandLine;
using System.Text;

namespace Patchbay.Cli.Results;

/// <summary>Files that commands write: whole or not at all.</summary>
internal static class OutputFile
{
    /// <summary>Refuses, before anything is computed, what --out and the like could not be written to at the
    /// end.</summary>
    /// <exception cref="InvalidDataException">The message names the option.</exception>
    public static void CheckOptions(ParseResult parsed)
    {
        foreach (var option in parsed.CommandResult.Command.Options.Where(o => o.Name is "--out" or "--ship"))
        {
            var given = parsed.GetResult(option);
            var isFolder = option.HelpName == "FOLDER";
            foreach (var path in given is { Implicit: false } ? given.Tokens.Select(t => t.Value) : [])
                Check(option.Name, path, isFolder);
            if (given is not { Implicit: false } && option.HasDefaultValue && option.GetDefaultValue() is string usual)
                Check(option.Name, usual, isFolder, mayMakeFolders: true);
        }
    }

    /// <summary>Refuses a file, or a folder of files, that could not be written.</summary>
    /// <param name="option">How it was given.</param>
    /// <param name="path">The path.</param>
    /// <param name="isFolder">Whether it is to be a folder, which is made where there is none.</param>
    /// <param name="mayMakeFolders">Whether the folder that it is in is made as well: a path that somebody gave may be
    /// mistyped.</param>
    /// <exception cref="InvalidDataException">The message names the option.</exception>
    public static void Check(string option, string path, bool isFolder, bool mayMakeFolders = false)
    {
        var full = Path.GetFullPath(path);
        var isOther = isFolder ? Path.Exists(full) && !Directory.Exists(full)
            : Path.EndsInDirectorySeparator(full) || FileKind.OtherThanFile(full) is not null;
        var found = isOther ? $"the {(FileKind.OtherThanFile(full) ?? (isFolder ? "a file" : "a folder"))[2..]} {path}"
            : Obstacle(isFolder ? Path.TrimEndingDirectorySeparator(full) : full, isFolder, mayMakeFolders);
        if (found is not null)
            throw new InvalidDataException(
                $"{option}: expected a {(isFolder ? "folder" : "file")} that can be written, found {found}");
    }

    /// <summary>What keeps a file, or files of a folder, from being written, found by writing one of no bytes where
    /// they would be, or in the nearest folder that is there; null where nothing does.</summary>
    private static string? Obstacle(string path, bool isFolder, bool mayMakeFolders)
    {
        var folder = isFolder && Directory.Exists(path) ? path : Path.GetDirectoryName(path) ?? path;
        for (; !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)!)
        {
            if (Path.Exists(folder)) return $"the file {folder} where a folder would have to be";
            if (!mayMakeFolders && Directory.Exists(Path.GetDirectoryName(folder)))
                return $"no folder {folder}, where it would be";
        }
        try
        {
            File.Create(isFolder ? Path.Combine(folder, $".{Guid.NewGuid():N}.part") : Unfinished(path), 1,
                FileOptions.DeleteOnClose).Dispose();
            return null;
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            return $"the folder {folder}, where {Reason(e)}";
        }
    }

    private static bool IsOfFiles(Exception e) =>
        e is UnauthorizedAccessException or IOException and not JournalException;

    /// <summary>Why a file cannot be written, without its name: that is one the user never gave.</summary>
    private static string Reason(Exception e)
    {
        const int NoSpace = 28, ReadOnly = 30, Quota = 122; // errno of Linux
        return e switch
        {
            UnauthorizedAccessException => "writing is not allowed",
            PathTooLongException => "names are not that long",
            DirectoryNotFoundException or FileNotFoundException => "no file can be made",
            { HResult: NoSpace or Quota } => "the disk is full",
            { HResult: ReadOnly } => "the file system may only be read",
            _ => Failure.OneLine(e.Message.Split(" : '")[0]),
        };
    }

    private static string Unfinished(string full) => $"{full}.{Environment.ProcessId}.part";

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
        var unfinished = Unfinished(full);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
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
        catch (Exception e) when (IsOfFiles(e))
        {
            throw new IOException($"{path} could not be written: {Reason(e)}", e);
        }
    }
}

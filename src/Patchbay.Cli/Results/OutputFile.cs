using System.CommandLine;
using System.Text;

namespace Patchbay.Cli.Results;

/// <summary>Files that commands write: whole or not at all, in folders that are made where there are none.</summary>
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
            string[] paths = given is { Implicit: false } ? [.. given.Tokens.Select(t => t.Value)]
                : option.HasDefaultValue && option.GetDefaultValue() is string standard ? [standard] : [];
            foreach (var path in paths) Check(option.Name, path, isFolder: option.HelpName == "FOLDER");
        }
    }

    /// <summary>Refuses a file, or a folder of files, that could not be written.</summary>
    /// <exception cref="InvalidDataException">The message names the option.</exception>
    public static void Check(string option, string path, bool isFolder)
    {
        var full = Path.GetFullPath(path);
        var isOther = isFolder ? File.Exists(full) : Directory.Exists(full) || Path.EndsInDirectorySeparator(full);
        var found = isOther ? $"the {(isFolder ? "file" : "folder")} {path}"
            : Obstacle(isFolder ? Path.Combine(full, "file") : full);
        if (found is not null)
            throw new InvalidDataException(
                $"{option}: expected a {(isFolder ? "folder" : "file")} that can be written, found {found}");
    }

    /// <summary>What keeps a file from being written, found by writing one of no bytes in the nearest folder that is
    /// there; null where nothing does.</summary>
    private static string? Obstacle(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        var probe = Directory.Exists(folder) ? Unfinished(file) : null;
        for (; !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)!)
            if (File.Exists(folder)) return $"the file {folder} where a folder would have to be";
        try
        {
            File.Create(probe ?? Path.Combine(folder, $".{Guid.NewGuid():N}.part"), 1, FileOptions.DeleteOnClose)
                .Dispose();
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

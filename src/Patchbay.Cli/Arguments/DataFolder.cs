using System.CommandLine;

namespace Patchbay.Cli.Arguments;

/// <summary>The folder that holds what `pbm` keeps from one run to the next: the journal of all sweeps.</summary>
internal static class DataFolder
{
    /// <summary>Environment variable that names the folder where --data is not given.</summary>
    public const string Variable = "PATCHBAY_DATA";

    private const string Name = "--data";

    /// <summary>--data FOLDER; read it with <see cref="Chosen"/>. It has no default value of its own: the help page
    /// shows how the folder is found, not where it is for the one who reads it.</summary>
    public static Option<string> Option() => new(Name)
    {
        Description = $"Folder of the journal (default: ${Variable}, else $XDG_DATA_HOME/patchbay, else "
            + "~/.local/share/patchbay)",
        HelpName = "FOLDER",
    };

    /// <summary>The folder that a command works with.</summary>
    /// <param name="call">The run of a command that has <paramref name="option"/>.</param>
    /// <param name="option">Made by <see cref="Option"/>.</param>
    /// <exception cref="InvalidDataException">It is a file.</exception>
    public static string Chosen(Call call, Option<string> option) => Checked(call.Get(option) ?? Default());

    /// <summary>A data folder, or a refusal of what is a file.</summary>
    /// <exception cref="InvalidDataException">It is a file.</exception>
    public static string Checked(string folder) => !File.Exists(folder) ? folder
        : throw new InvalidDataException($"{Name}: expected a folder, found the file {folder}");

    /// <summary>A command to be typed next, for the same data folder: "sweep show a-1" becomes "pbm sweep show a-1",
    /// with --data where the command line now run has it.</summary>
    public static string Command(ParseResult now, string words)
    {
        var option = now.CommandResult.Command.Options.FirstOrDefault(o => o.Name == Name);
        return option is not null && now.GetResult(option) is { Implicit: false, Tokens: [var folder] }
            ? $"pbm {words} {Name} {Quoted(folder.Value)}" : $"pbm {words}";
    }

    /// <summary>A word as a shell takes it: in quotes where it has characters with a meaning of their own.</summary>
    private static string Quoted(string word) => word.Length > 0
        && word.All(c => char.IsAsciiLetterOrDigit(c) || "/._-+:,@%=".Contains(c))
        ? word : $"'{word.Replace("'", "'\\''")}'";

    /// <summary>The folder where none is given: $PATCHBAY_DATA, $XDG_DATA_HOME/patchbay or
    /// ~/.local/share/patchbay.</summary>
    public static string Default()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } own) return own;
        // The XDG specification has relative paths ignored.
        if (Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data))
            return Path.Combine(data, "patchbay");
        return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share",
            "patchbay");
    }

    /// <summary>The journal's file in a data folder.</summary>
    public static string JournalPath(string folder) => Path.Combine(folder, "journal.db");
}

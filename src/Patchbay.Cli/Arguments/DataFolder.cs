using System.CommandLine;

namespace Patchbay.Cli.Arguments;

/// <summary>The one folder that all state lies in: journal and prompt files.</summary>
internal static class DataFolder
{
    /// <summary>Setting: the folder, where no option says otherwise.</summary>
    public const string Setting = "PATCHBAY_DATA";

    /// <summary>--data FOLDER.</summary>
    public static Option<string?> Option() => new("--data")
    {
        Description = $"Folder of all state (default: {Setting}, or ~/.local/share/patchbay)",
        HelpName = "FOLDER",
    };

    /// <summary>Full path of the folder that a command is to use.</summary>
    public static string Of(Call call, Option<string?> option) => Path.GetFullPath(First(call.Get(option), Environment.GetEnvironmentVariable(Setting)) ?? Own());

    /// <summary>The journal in a data folder.</summary>
    public static string JournalPath(string folder) => Path.Combine(folder, "journal.db");

    private static string Own() => Path.Combine(First(Environment.GetEnvironmentVariable("XDG_DATA_HOME"))
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share"), "patchbay");

    private static string? First(params string?[] values) => values.FirstOrDefault(value => !string.IsNullOrEmpty(value));
}

using Spectre.Console;

namespace Patchbay.Cli;

/// <summary>Where a command's words go: standard output for results, standard error for everything else.</summary>
/// <param name="Out">Results for people.</param>
/// <param name="Error">Progress, notices and errors.</param>
internal sealed record Terminal(IAnsiConsole Out, IAnsiConsole Error)
{
    /// <summary>Columns that a result takes at most where output goes to a file or a pipe.</summary>
    private const int RedirectedWidth = 120;

    /// <summary>A console that keeps nothing.</summary>
    public static IAnsiConsole Silent { get; } = Create(TextWriter.Null);

    /// <summary>Standard output and standard error of this process.</summary>
    public static Terminal OfProcess() => new(Create(Console.Out), Create(Console.Error));

    /// <summary>A console on a writer; colours and width are those of the terminal behind it, if any.</summary>
    public static IAnsiConsole Create(TextWriter writer)
    {
        var output = new AnsiConsoleOutput(writer);
        if (output.IsTerminal) return AnsiConsole.Create(new AnsiConsoleSettings { Out = output });
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = output,
            Interactive = InteractionSupport.No,
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = RedirectedWidth;
        return console;
    }
}

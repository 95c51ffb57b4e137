using Spectre.Console;

namespace Patchbay.Tests;

internal static class TestConsole
{
    /// <summary>A console on a writer that can do what the settings say.</summary>
    public static IAnsiConsole On(TextWriter writer, ColorSystemSupport colors, int width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = colors == ColorSystemSupport.NoColors ? AnsiSupport.No : AnsiSupport.Yes,
            ColorSystem = colors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}

using System.Diagnostics;

namespace Patchbay.EndToEnd.Tests;

/// <summary>`pbm` at a terminal with colours, as an operator sees it.</summary>
public sealed class TerminalTests
{
    [TerminalTheory]
    [InlineData(80, 24)]
    [InlineData(140, 50)]
    public void The_demo_draws_its_maps_in_colours_and_writes_its_files(int columns, int rows)
    {
        using var folder = new TemporaryFolder();
        var files = Path.Combine(folder.Path, "out");
        var (code, shown) = AtTerminal(columns, rows, "demo", "--prompts", "14", "--questions", "14", "--threads", "1",
            "--out", files);
        Assert.True(code == 0, shown);
        Assert.Matches(@"\e\[[\d;]*48;2;\d+;\d+;\d+m ", shown); // coloured cells
        Assert.Contains("overlap", shown, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("drawing failed", shown, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(files, "scores.json")));
        Assert.True(File.Exists(Path.Combine(files, "heatmaps.svg")));
    }

    /// <summary>Runs `pbm` in a pseudo-terminal.</summary>
    private static (int Code, string Shown) AtTerminal(int columns, int rows, params string[] arguments)
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "pbm.dll"), .. arguments];
        var line = $"stty rows {rows} cols {columns}; exec {string.Join(' ', command.Select(word => $"'{word}'"))}";
        var info = new ProcessStartInfo("script", ["-qec", line, "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            WorkingDirectory = Pbm.Root,
        };
        (info.Environment["TERM"], info.Environment["COLORTERM"]) = ("xterm-256color", "truecolor");
        info.Environment.Remove("NO_COLOR");
        using var process = Process.Start(info)!;
        var shown = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, shown);
    }
}

/// <summary>A theory that needs `script` of util-linux, which makes pseudo-terminals.</summary>
internal sealed class TerminalTheoryAttribute : TheoryAttribute
{
    public TerminalTheoryAttribute()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "script"))))
            Skip = "there is no 'script' (util-linux) here to make a pseudo-terminal with";
    }
}

using Patchbay.Cli.Results;

namespace Patchbay.Cli.Tests;

/// <summary>What cannot be written is found before anything is computed, and told by the name that was given.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("a folder", "patch", "x", "--out", "s.json", "--out", "FILE")]
    [InlineData("a folder", "sweep", "compare", "a", "b", "--out", "FILE")]
    [InlineData("a folder", "model", "logits", "x", "--ids", "x", "--out", "FILE")]
    [InlineData("a folder", "task", "generate", "--out", "FILE")]
    [InlineData("a folder", "journal", "export", "--out", "FILE")]
    [InlineData("a folder", "lab", "curve", "x", "--out", "FILE")]
    [InlineData("a file", "demo", "--out", "FOLDER")]
    [InlineData("a file", "sweep", "export", "x", "--out", "FOLDER")]
    [InlineData("a file", "sweep", "report", "x", "--out", "FOLDER")]
    [InlineData("a file", "lab", "train", "small", "--out", "FOLDER")]
    [InlineData("a file", "lab", "quartet", "--out", "FOLDER")]
    public void What_is_there_is_of_the_other_kind(string there, params string[] arguments)
    {
        var path = there == "a file" ? folder.File("it", "") : folder.Path;
        var run = PbmRun.Of([.. arguments.Select(a => a is "FILE" or "FOLDER" ? path : a)]);
        var wanted = there == "a file" ? "folder" : "file";
        Assert.Equal((ExitCode.BadInput, $"error: --out: expected a {wanted} that can be written, found the "
            + $"{there[2..]} {path}\n"), (run.Code, run.Error));
    }

    [Fact]
    public void A_file_stands_where_a_folder_would_have_to_be()
    {
        var file = folder.File("it", "");
        foreach (var (path, isFolder) in new[] { ($"{file}/a.json", false), ($"{file}/b/c", true) })
        {
            var error = Assert.Throws<InvalidDataException>(() => OutputFile.Check("--out", path, isFolder));
            Assert.EndsWith($"found the file {file} where a folder would have to be", error.Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("sweep", "list")]
    [InlineData("sweep", "resume", "tiny-1")]
    [InlineData("journal", "verify")]
    public void A_data_folder_is_no_file(params string[] arguments)
    {
        var file = folder.File("it", "");
        var run = PbmRun.Of([.. arguments, "--data", file]);
        Assert.Equal((ExitCode.BadInput, $"error: --data: expected a folder, found the file {file}\n"),
            (run.Code, run.Error));
    }

    [Fact]
    public void A_folder_takes_no_files()
    {
        if (!OperatingSystem.IsLinux()) return;
        var error = Assert.Throws<InvalidDataException>(() => OutputFile.Check("--out", "/proc/patchbay.json", false));
        Assert.StartsWith("--out: expected a file that can be written, found the folder /proc, where ", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Looking_leaves_nothing_behind()
    {
        OutputFile.Check("--out", folder.File("new.json"), isFolder: false);
        OutputFile.Check("--out", folder.File("new"), isFolder: true);
        OutputFile.Check("--out", folder.File("a/b/c"), isFolder: true, mayMakeFolders: true);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_terminal_that_goes_away_costs_no_file()
    {
        using var error = new StringWriter();
        var code = CommandLine.Run(["patch", Path.Combine(Repository.Root, "models", "tiny-base"), "--prompts", "7",
            "--groups", "A", "--threads", "1", "--out", folder.File("scores.json")],
            new Terminal(Terminal.Create(new Gone()), Terminal.Create(error)), CancellationToken.None);
        Assert.NotEqual(ExitCode.Ok, code);
        Assert.StartsWith("{", File.ReadAllText(folder.File("scores.json")), StringComparison.Ordinal);
    }

    private sealed class Gone : StringWriter
    {
        public override void Write(char value) => throw new IOException("Broken pipe");

        public override void Write(string? value) => throw new IOException("Broken pipe");

        public override void WriteLine(string? value) => throw new IOException("Broken pipe");

        public override void Write(char[] buffer, int index, int count) => throw new IOException("Broken pipe");
    }

    [Fact]
    public void Writing_that_fails_names_the_file_that_was_asked_for()
    {
        var path = $"{folder.File("it", "")}/a.json";
        var error = Assert.Throws<IOException>(() => OutputFile.Write(path, "{}"));
        Assert.StartsWith($"{path} could not be written: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".part", error.Message, StringComparison.Ordinal);
    }
}

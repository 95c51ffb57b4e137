using Patchbay.Cli;

namespace Patchbay.Cli.Tests;

/// <summary>What one run of `pbm` printed, in this process.</summary>
internal sealed record PbmRun(ExitCode Code, string Out, string Error)
{
    public static PbmRun Of(params string[] arguments) => Of(CancellationToken.None, arguments);

    public static PbmRun Of(CancellationToken interrupted, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = CommandLine.Run(arguments, new Terminal(Terminal.Create(output), Terminal.Create(error)),
            interrupted);
        return new(code, output.ToString(), error.ToString());
    }
}

/// <summary>A folder that is deleted at the end of a test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pbm-test-").FullName;

    public string File(string name, string? text = null)
    {
        var path = System.IO.Path.Combine(Path, name);
        if (text is not null) System.IO.File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Which room may refer to which: the arrows of docs/architecture.md, read from the assemblies as they were
/// built.</summary>
public sealed class RoomTests
{
    private const string Torch = "TorchSharp";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Patchbay.Tasks"] = [],
        ["Patchbay.Sweeps"] = ["Tasks"],
        ["Patchbay.Findings"] = ["Sweeps", "Tasks"],
        ["Patchbay.Report"] = ["Findings", "Sweeps", "Tasks"],
        ["Patchbay.Journal"] = ["Sweeps", "Tasks"],
        ["Patchbay.Models"] = [Torch],
        ["Patchbay.Patching"] = ["Models", "Tasks", Torch],
        ["Patchbay.Experiments"] = ["Findings", "Models", "Patching", "Sweeps", "Tasks", Torch],
        ["Patchbay.Lab"] = ["Experiments", "Findings", "Models", "Patching", "Sweeps", "Tasks", Torch],
        ["Patchbay.Cluster"] = ["Experiments", "Findings", "Journal", "Models", "Sweeps", "Tasks", Torch],
        ["Patchbay.Web"] = ["Cluster", "Findings", "Journal", "Report", "Sweeps", "Tasks"],
        ["pbm"] = ["Cluster", "Experiments", "Findings", "Journal", "Lab", "Models", "Patching", "Report", "Sweeps",
            "Tasks", Torch, "Web"],
    };

    [Fact]
    public void Every_room_refers_only_to_those_below_it()
    {
        foreach (var (room, allowed) in Allowed)
        {
            var beyond = References(room).Where(name => name.StartsWith("Patchbay.", StringComparison.Ordinal)
                || name.Contains("torch", StringComparison.OrdinalIgnoreCase))
                    .Select(name => name.Replace("Patchbay.", "")).Except(allowed);
            Assert.True(!beyond.Any(), $"{room} refers to {string.Join(", ", beyond)}");
        }
    }

    [Fact]
    public void Every_room_is_listed() => Assert.Equal(Allowed.Keys.Where(name => name != "pbm").Order(),
        Directory.EnumerateFiles(AppContext.BaseDirectory, "Patchbay.*.dll")
            .Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Where(name => !name.EndsWith("Tests", StringComparison.Ordinal)).Order());

    [Theory]
    [InlineData("sweep", "list")]
    [InlineData("sweep", "show", "killed-1")]
    [InlineData("sweep", "export", "killed-1", "--out", "OUT")]
    [InlineData("sweep", "report", "killed-1", "--out", "OUT")]
    [InlineData("sweep", "compare", "killed-1", "killed-1")]
    [InlineData("journal", "verify")]
    public void What_only_reads_loads_no_libtorch(params string[] command)
    {
        using var folder = new TemporaryFolder();
        OlderJournalTests.Import(folder);
        var run = Pbm.RunTraced(folder.PathOf("data"),
            [.. command.Select(word => word.Replace("OUT", folder.PathOf("out")))]);
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("libcoreclr.so", run.Error, StringComparison.Ordinal); // the linker's words are there
        Assert.DoesNotContain("torch", run.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_computes_would_be_noticed()
    {
        using var folder = new TemporaryFolder();
        var run = Pbm.RunTraced(folder.Path, "model", "tokens", "models/tiny-base", "--prompt", "The");
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("libtorch_cpu.so", run.Error, StringComparison.Ordinal);
    }

    private static string[] References(string room)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"{room}.dll"));
        using var assembly = new PEReader(file);
        var metadata = assembly.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))];
    }
}

using System.IO.Compression;
using System.Text;

namespace Patchbay.EndToEnd.Tests;

/// <summary>A journal of version 0.1, of every experiment on two models, reads as it did then.</summary>
public sealed class OlderJournalTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Journals", "version-0.1");

    [Fact]
    public void Its_exports_are_those_of_its_own_version()
    {
        using var folder = new TemporaryFolder();
        Import(folder);
        var run = Pbm.Run(folder.PathOf("data"), "sweep", "export", "killed-1", "--format", "csv", "--out",
            folder.PathOf("out"));
        Assert.True(run.Code == 0, run.ToString());
        foreach (var name in new[] { "scores.csv", "accuracy.csv", "circuits/tiny-base_circuit.json",
            "circuits/tiny-goat_circuit.json" })
            Assert.Equal(File.ReadAllText(Path.Combine(Folder, name)),
                File.ReadAllText(Path.Combine(folder.PathOf("out"), name)));
        Assert.Equal(Unzipped("results.csv.gz").TrimEnd('\n'), string.Join('\n',
            AsBefore(Path.Combine(folder.PathOf("out"), "results.csv"), hasPosition: false)));
    }

    [Fact]
    public void It_is_as_it_was_written_and_its_report_has_every_section()
    {
        using var folder = new TemporaryFolder();
        Import(folder);
        var verified = Pbm.Run(folder.PathOf("data"), "journal", "verify");
        Assert.True(verified.Code == 0, verified.ToString());
        var report = Pbm.Run(folder.PathOf("data"), "sweep", "report", "killed-1", "--out", folder.PathOf("out"));
        Assert.True(report.Code == 0, report.ToString());
        var sections = File.ReadLines(folder.PathOf("out/report.md"))
            .Where(line => line.StartsWith("## ", StringComparison.Ordinal)).ToArray();
        Assert.True(sections.Length >= 16, string.Join('\n', sections));
    }

    /// <summary>The last version without Akka.NET was killed (kill -9) in the middle of a sweep. What it had recorded
    /// is all there; it cannot go on, for the models that it was of are no longer shipped, and others in their place
    /// are refused.</summary>
    [Fact]
    public void What_a_sweep_that_was_killed_had_recorded_is_exported_and_other_models_in_its_models_place_are_refused()
    {
        const string planned = "/tmp/patchbay-journal"; // where its models lay
        foreach (var model in new[] { "tiny-base", "tiny-goat" }) CopyFolder(Path.Combine(Pbm.Root, "models", model),
            Path.Combine(planned, model));
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("data"));
        File.WriteAllBytes(folder.PathOf("data/journal.db"), Unzip("../version-0.1-killed/journal.db.gz"));
        var resumed = Pbm.Run(folder.PathOf("data"), "sweep", "resume", "killed-1");
        Assert.Equal(1, resumed.Code);
        Assert.Contains("since the sweep was planned: its fingerprint is", resumed.Out, StringComparison.Ordinal);
        var export = Pbm.Run(folder.PathOf("data"), "sweep", "export", "killed-1", "--partial", "--format", "csv",
            "--out", folder.PathOf("out"));
        Assert.True(export.Code == 0, export.ToString());
        var recorded = AsBefore(folder.PathOf("out/results.csv"), hasPosition: true);
        Assert.InRange(recorded.Length, 20, 1000);
        Assert.Empty(recorded.Except(Unzipped("../version-0.1-killed/results.csv.gz").Split('\n')));
    }

    /// <summary>Reads the journal into data/ of a folder.</summary>
    internal static void Import(TemporaryFolder folder)
    {
        File.WriteAllText(folder.PathOf("journal.jsonl"), Unzipped("journal.jsonl.gz"));
        var run = Pbm.Run(folder.PathOf("data"), "journal", "import", folder.PathOf("journal.jsonl"));
        Assert.True(run.Code == 0, run.ToString());
    }

    private static string Unzipped(string name) => Encoding.UTF8.GetString(Unzip(name));

    private static byte[] Unzip(string name)
    {
        using var zipped = new GZipStream(File.OpenRead(Path.Combine(Folder, name)), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        zipped.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    /// <summary>Lines of a table without the columns that it has today and had not then: other summaries of a score,
    /// and the position, which is empty. Items with a comma stand in quotes, and there are none.</summary>
    private static string[] AsBefore(string table, bool hasPosition) => [.. File.ReadAllLines(table).Select(line =>
    {
        var cells = line.Split(',')[..^3].ToList();
        if (hasPosition) return string.Join(',', cells);
        Assert.Contains(cells[8], new[] { "", "position" });
        cells.RemoveAt(8);
        return string.Join(',', cells);
    })];
}

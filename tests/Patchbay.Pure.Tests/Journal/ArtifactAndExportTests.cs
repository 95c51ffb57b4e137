using Microsoft.Data.Sqlite;
using Patchbay.Sweeps;

namespace Patchbay.Journal.Tests;

public sealed class ArtifactAndExportTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SqlJournal journal;

    public ArtifactAndExportTests() => journal = SqlJournal.Open(folder.PathOf("journal.db"));

    public void Dispose()
    {
        journal.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ArtifactStore.ChunkBytes)]
    [InlineData(ArtifactStore.ChunkBytes * 17 + 5)]
    public void An_artifact_is_read_back_as_it_was_put_and_kept_once(int length)
    {
        var content = Bytes(length);
        var hash = journal.Artifacts.Put(content);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)), hash);
        Assert.Equal(content, journal.Artifacts.Get(hash));
        using var stream = new System.IO.Compression.GZipStream(new MemoryStream(Zip(content)),
            System.IO.Compression.CompressionMode.Decompress);
        Assert.Equal(hash, journal.Artifacts.Put(stream));
        Assert.Equal([hash], journal.Artifacts.All());
        Assert.Equal(ArtifactStore.Chunks(length), journal.Database.Long("SELECT count(*) FROM artifact_chunk"));
        Assert.True(journal.Artifacts.Contains(hash));
    }

    [Fact]
    public void An_artifact_that_is_absent_or_damaged_is_not_given()
    {
        Assert.Throws<FileNotFoundException>(() => journal.Artifacts.Get(new string('0', 64)));
        var hash = journal.Artifacts.Put(Bytes(3000));
        journal.Database.ExecuteScript("UPDATE artifact_chunk SET data = zeroblob(3000)");
        var e = Assert.Throws<JournalException>(() => journal.Artifacts.Get(hash));
        Assert.Equal(JournalFault.Corrupt, e.Fault);
        Assert.Contains(hash, e.Message);
        Assert.Equal(1, JournalVerifier.Verify(journal).ArtifactsDamaged);
        journal.Database.ExecuteScript("DELETE FROM artifact_chunk");
        Assert.Equal(JournalFault.Corrupt, Assert.Throws<JournalException>(() => journal.Artifacts.Get(hash)).Fault);
    }

    [Fact]
    public void An_export_that_is_imported_gives_the_same_export()
    {
        Fill();
        var text = Export(journal);
        using var other = SqlJournal.Open(folder.PathOf("other.db"));
        Assert.Equal(new(2 * Some.EveryEvent.Count, 0, 3, 0), Import(other, text));
        Assert.Equal(text, Export(other));
        Assert.Equal(Some.Text(journal.Recover("b").State), Some.Text(other.Recover("b").State));
        Assert.Empty(JournalVerifier.Verify(other).Problems);
        Assert.Equal(new(0, 2 * Some.EveryEvent.Count, 0, 3), Import(other, text));
        Assert.Equal(text, Export(other));
    }

    [Fact]
    public void An_import_adds_only_what_is_missing()
    {
        journal.TryAppend("a", 0, [.. Some.EveryEvent.Take(5)], Some.Noon);
        using var other = SqlJournal.Open(folder.PathOf("other.db"));
        Import(other, Export(journal));
        journal.TryAppend("a", 5, [.. Some.EveryEvent.Skip(5)], Some.Noon);
        Assert.Equal(new(Some.EveryEvent.Count - 5, 5, 0, 0), Import(other, Export(journal)));
        Assert.Equal(Export(journal), Export(other));
    }

    [Theory]
    [InlineData(5, "\"samples\":300", "\"samples\":301",
        "line 6 of the export: event 5 of sweep a is not what was recorded")]
    [InlineData(6, "-1", "-9", null)]
    [InlineData(7, "unit-completed/1", "unit-completed/2", "line 8 of the export: the kind of event "
        + "'unit-completed/2' is not known: use the Patchbay that wrote it, or a newer one")]
    [InlineData(8, "}", "", "line 9 of the export is not as 'pbm journal export' writes it: it was damaged or cut "
        + "short")]
    [InlineData(0, "1", "7", "line 1 of the export: the export has version 7, this Patchbay knows 1: use a newer one")]
    [InlineData(0, "patchbay_journal", "something", "line 1 of the export: this is no export of a journal")]
    public void A_bad_line_is_refused_and_nothing_is_imported(int line, string part, string instead, string? message)
    {
        Fill();
        var lines = Export(journal).Split('\n');
        if (message is null) (lines[line], message) = ("",
            $"line {line + 1} of the export is not as 'pbm journal export' writes it: it was damaged or cut short");
        else lines[line] = lines[line].Replace(part, instead, StringComparison.Ordinal);
        AssertRefused(lines, message);
    }

    [Fact]
    public void A_missing_line_is_refused()
    {
        Fill();
        var lines = Export(journal).Split('\n');
        AssertRefused([.. lines[..3], .. lines[4..]], "line 4 of the export: event 4 of sweep a comes without event 3");
        AssertRefused([.. lines[..^2], ""],
            $"the export ends after line {lines.Length - 2} without its last line: it was cut short");
        AssertRefused([.. lines[..32], .. lines[33..]], $"line {lines.Length - 2} of the export: the export had "
            + $"{lines.Length - 2} lines before its end, here are {lines.Length - 3}");
        AssertRefused([""], "the export is empty: it has not even a header");
    }

    [Fact]
    public void Sweeps_that_have_parted_are_refused()
    {
        journal.TryAppend("a", 0, [Some.EveryEvent[0], new SweepStarted()], Some.Noon);
        using var other = SqlJournal.Open(folder.PathOf("other.db"));
        other.TryAppend("a", 0, [Some.EveryEvent[0], new SweepCancelled()], Some.Noon);
        var e = Assert.Throws<InvalidDataException>(() => Import(other, Export(journal)));
        Assert.Equal("line 3 of the export: the journal has another event 2 of sweep a: the two have parted, import "
            + "into a journal of its own", e.Message);
    }

    private void Fill()
    {
        journal.TryAppend("a", 0, Some.EveryEvent, Some.Noon.AddTicks(3));
        journal.TryAppend("b", 0, Some.EveryEvent, Some.Noon);
        journal.Artifacts.Put(Bytes(0));
        journal.Artifacts.Put(Bytes(77));
        journal.Artifacts.Put(Bytes(ArtifactStore.ChunkBytes * 2 + 1));
    }

    private void AssertRefused(string[] lines, string message)
    {
        var file = folder.PathOf($"{Guid.NewGuid()}.db");
        using var other = SqlJournal.Open(file);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Import(other, string.Join('\n', lines)))
            .Message);
        Assert.Empty(other.Sweeps());
        Assert.Empty(other.Artifacts.All());
    }

    private static string Export(SqlJournal journal)
    {
        using var writer = new StringWriter();
        JournalExport.Export(journal, writer);
        return writer.ToString();
    }

    private static ImportResult Import(SqlJournal journal, string text)
    {
        using var reader = new StringReader(text);
        return JournalImport.Import(journal, reader);
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Zip(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(zipped,
            System.IO.Compression.CompressionMode.Compress)) gzip.Write(bytes);
        return zipped.ToArray();
    }
}

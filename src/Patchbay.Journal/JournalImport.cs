using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Patchbay.Journal;

/// <summary>What an import did.</summary>
/// <param name="Events">Events added.</param>
/// <param name="EventsKnown">Events that were there already.</param>
/// <param name="Artifacts">Artifacts added.</param>
/// <param name="ArtifactsKnown">Artifacts that were there already.</param>
public sealed record ImportResult(long Events, long EventsKnown, long Artifacts, long ArtifactsKnown);

/// <summary>Reads what <see cref="JournalExport"/> wrote, line by line.</summary>
public sealed class JournalImport : IDisposable
{
    private const int LongestLine = 64 << 20; // an artifact's chunk takes 1.4 million characters

    private readonly SqlJournal journal;
    private readonly Dictionary<string, long> newest = new(StringComparer.Ordinal); // event of each sweep
    private readonly IncrementalHash sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256); // of the open artifact
    private (string Hash, long Length, bool IsKnown, long NextChunk)? open;
    private bool ended;
    private long lines, events, eventsKnown, artifacts, artifactsKnown;

    private JournalImport(SqlJournal journal) => this.journal = journal;

    /// <summary>Adds the events and artifacts of an export that a journal does not have, all or none.</summary>
    /// <param name="journal">A journal that may be written to.</param>
    /// <param name="input">The lines.</param>
    /// <param name="cancellation">Ends it early; nothing is added then.</param>
    /// <exception cref="InvalidDataException">A line is not what was exported, or goes against what the journal holds;
    /// the message names the line.</exception>
    /// <exception cref="Sweeps.JournalException">The journal does not work.</exception>
    public static ImportResult Import(
        SqlJournal journal, TextReader input, CancellationToken cancellation = default)
    {
        using var import = new JournalImport(journal);
        journal.Database.Transaction(() =>
        {
            foreach (var line in Lines(input))
            {
                cancellation.ThrowIfCancellationRequested();
                import.TakeLine(line);
            }
            import.Complete();
        });
        return new(import.events, import.eventsKnown, import.artifacts, import.artifactsKnown);
    }

    /// <inheritdoc/>
    public void Dispose() => sum.Dispose();

    /// <summary>The lines of a text, none of which may take more memory than one that was exported.</summary>
    private static IEnumerable<string> Lines(TextReader input)
    {
        var (line, block) = (new StringBuilder(), new char[1 << 16]);
        for (int read; (read = input.Read(block)) > 0;)
        {
            var rest = block.AsMemory(0, read);
            for (int end; (end = rest.Span.IndexOf('\n')) >= 0; rest = rest[(end + 1)..])
            {
                yield return line.Append(rest[..end]).ToString();
                line.Clear();
            }
            if (line.Append(rest).Length > LongestLine)
                throw new InvalidDataException("this is no export of a journal: it has a line without an end");
        }
        if (line.Length > 0) yield return line.ToString();
    }

    private void TakeLine(string line)
    {
        lines++;
        try
        {
            using var document = JsonDocument.Parse(line);
            var fields = document.RootElement;
            if (lines == 1) TakeHeader(fields);
            else if (ended) throw Refused("it comes after the end");
            else if (fields.TryGetProperty("artifact", out _)) TakeChunk(fields);
            else if (open is { } artifact) throw Refused($"artifact {artifact.Hash} is not complete");
            else if (fields.TryGetProperty("end", out var count)) TakeEnd(count.GetInt64());
            else TakeEvent(fields);
        }
        catch (Exception e)
            when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException(
                $"line {lines} of the export is not as 'pbm journal export' writes it: it was damaged or cut short", e);
        }
    }

    private void Complete()
    {
        if (lines == 0) throw new InvalidDataException("the export is empty: it has not even a header");
        if (!ended)
            throw new InvalidDataException(
                $"the export ends after line {lines} without its last line: it was cut short");
    }

    private void TakeHeader(JsonElement fields)
    {
        if (!fields.TryGetProperty("patchbay_journal", out var version))
            throw Refused("this is no export of a journal");
        if (version.GetInt32() is not JournalExport.Version and var other)
            throw Refused(
                $"the export has version {other}, this Patchbay knows {JournalExport.Version}: use a newer one");
    }

    private void TakeEnd(long before)
    {
        if (before != lines - 1) throw Refused($"the export had {before} lines before its end, here are {lines - 1}");
        ended = true;
    }

    private void TakeEvent(JsonElement fields)
    {
        var sweep = fields.GetProperty("sweep").GetString()!;
        var sequence = fields.GetProperty("sequence").GetInt64();
        var created = fields.GetProperty("at").GetDateTimeOffset().UtcTicks;
        var manifest = fields.GetProperty("manifest").GetString()!;
        var message = Encoding.UTF8.GetBytes(fields.GetProperty("message").GetRawText());
        var id = SqlJournal.PersistenceId(sweep);
        if (!EventCodec.Knows(manifest))
            throw Refused(
                $"the kind of event '{manifest}' is not known: use the Patchbay that wrote it, or a newer one");
        if (!EventCodec.Holds(id, sequence, message))
            throw Refused($"event {sequence} of sweep {sweep} is not what was recorded");
        EventCodec.Decode(manifest, message);
        var last = newest.TryGetValue(sweep, out var known) ? known : journal.LastSequence(sweep);
        if (sequence > last + 1) throw Refused($"event {sequence} of sweep {sweep} comes without event {last + 1}");
        if (sequence == last + 1)
        {
            journal.Insert(id, sequence, created, manifest, message);
            events++;
        }
        else if (IsThere(id, sequence, created, manifest, message)) eventsKnown++;
        else
        {
            throw Refused($"the journal has another event {sequence} of sweep {sweep}: the two have parted, "
                + "import into a journal of its own");
        }
        newest[sweep] = Math.Max(last, sequence);
    }

    private bool IsThere(string id, long sequence, long created, string manifest, byte[] message) =>
        journal.Database.Long(
            """
            SELECT count(*) FROM journal WHERE persistence_id = @0 AND sequence_number = @1 AND created = @2
            AND manifest = @3 AND message = @4
            """,
            id, sequence, created, manifest, message) == 1;

    /// <summary>Takes the next chunk of an artifact, of which the first opens it and the last completes it.</summary>
    private void TakeChunk(JsonElement fields)
    {
        var hash = fields.GetProperty("artifact").GetString()!;
        var length = fields.GetProperty("length").GetInt64();
        var chunk = fields.GetProperty("chunk").GetInt64();
        if (open is null && chunk == 0) open = (hash, length, journal.Artifacts.Contains(hash), 0);
        if (open is not { } artifact || artifact.Hash != hash || artifact.Length != length)
            throw Refused($"chunk {chunk} of artifact {hash} comes out of turn");
        var data = fields.GetProperty("data").GetBytesFromBase64();
        var expected = Math.Min(ArtifactStore.ChunkBytes, length - chunk * ArtifactStore.ChunkBytes);
        if (chunk != artifact.NextChunk || data.Length != expected)
            throw Refused($"chunk {chunk} of artifact {hash} comes out of turn, or is cut short");
        sum.AppendData(data);
        if (!artifact.IsKnown && data.Length > 0) journal.Artifacts.InsertChunk(hash, chunk, data);
        open = artifact with { NextChunk = chunk + 1 };
        if (chunk + 1 < ArtifactStore.Chunks(length)) return;
        if (Convert.ToHexStringLower(sum.GetHashAndReset()) != hash)
            throw Refused($"artifact {hash} is not what was put in");
        if (artifact.IsKnown) artifactsKnown++;
        else
        {
            journal.Artifacts.Finish(hash, length);
            artifacts++;
        }
        open = null;
    }

    private InvalidDataException Refused(string reason) => new($"line {lines} of the export: {reason}");
}

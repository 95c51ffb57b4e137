using System.Text;
using System.Text.Json;

namespace Patchbay.Journal;

/// <summary>What an import did.</summary>
/// <param name="Events">Events added.</param>
/// <param name="EventsKnown">Events that were there already.</param>
/// <param name="Artifacts">Artifacts added.</param>
/// <param name="ArtifactsKnown">Artifacts that were there already.</param>
public sealed record ImportResult(long Events, long EventsKnown, long Artifacts, long ArtifactsKnown);

/// <summary>Reads what <see cref="JournalExport"/> wrote.</summary>
public static class JournalImport
{
    /// <summary>Adds the events and artifacts of an export that a journal does not have, all or none.</summary>
    /// <param name="journal">A journal that may be written to.</param>
    /// <param name="input">The lines.</param>
    /// <param name="cancellation">Ends it early; nothing is added then.</param>
    /// <exception cref="InvalidDataException">A line is not what was exported, or goes against what the journal holds;
    /// the message names the line.</exception>
    /// <exception cref="Sweeps.JournalException">The journal does not work.</exception>
    public static ImportResult Import(SqliteJournal journal, TextReader input, CancellationToken cancellation = default)
    {
        using var lines = new ImportLines(journal);
        journal.Database.Transaction(() =>
        {
            long number = 0;
            while (input.ReadLine() is { } line)
            {
                number++;
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    lines.Take(number, line);
                }
                catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
                {
                    throw new InvalidDataException($"line {number} of the export is not as 'pbm journal export' writes it: it was damaged or cut short", e);
                }
                catch (RefusedLine e)
                {
                    throw new InvalidDataException($"line {number} of the export: {e.Message}", e);
                }
            }
            lines.Complete(number);
        });
        return lines.Result;
    }
}

/// <summary>A line that cannot be imported, with the reason.</summary>
internal sealed class RefusedLine(string reason) : Exception(reason);

/// <summary>Takes the lines of an export one by one; inside a transaction.</summary>
internal sealed class ImportLines(SqliteJournal journal) : IDisposable
{
    private readonly Dictionary<string, long> last = new(StringComparer.Ordinal);
    private ArtifactImport? artifact;
    private bool ended;
    private long events, eventsKnown, artifacts, artifactsKnown;

    /// <summary>What has been done so far.</summary>
    public ImportResult Result => new(events, eventsKnown, artifacts, artifactsKnown);

    public void Take(long number, string line)
    {
        using var document = JsonDocument.Parse(line);
        var fields = document.RootElement;
        if (number == 1) TakeHeader(fields);
        else if (ended) throw new RefusedLine("it comes after the end");
        else if (fields.TryGetProperty("end", out var lines)) TakeEnd(number, lines.GetInt64());
        else if (fields.TryGetProperty("artifact", out _)) TakeArtifact(fields);
        else TakeEvent(fields);
    }

    public void Dispose() => artifact?.Dispose();

    /// <summary>Says that there are no more lines.</summary>
    public void Complete(long lines)
    {
        if (lines == 0) throw new InvalidDataException("the export is empty: it has not even a header");
        if (!ended) throw new InvalidDataException($"the export ends after line {lines} without its last line: it was cut short");
    }

    private static void TakeHeader(JsonElement fields)
    {
        if (!fields.TryGetProperty("patchbay_journal", out var version)) throw new RefusedLine("this is no export of a journal");
        if (version.GetInt32() != JournalExport.Version)
            throw new RefusedLine($"the export has version {version.GetInt32()}, this Patchbay knows {JournalExport.Version}: use a newer one");
    }

    private void TakeEnd(long number, long lines)
    {
        if (artifact is not null) throw new RefusedLine($"artifact {artifact.Hash} is not complete");
        if (lines != number - 1) throw new RefusedLine($"the export had {lines} lines before its end, here are {number - 1}");
        ended = true;
    }

    private void TakeEvent(JsonElement fields)
    {
        if (artifact is not null) throw new RefusedLine($"artifact {artifact.Hash} is not complete");
        var sweep = fields.GetProperty("sweep").GetString()!;
        var sequence = fields.GetProperty("sequence").GetInt64();
        var created = fields.GetProperty("at").GetDateTimeOffset().UtcTicks;
        var manifest = fields.GetProperty("manifest").GetString()!;
        var message = Encoding.UTF8.GetBytes(fields.GetProperty("message").GetRawText());
        var id = SqliteJournal.PersistenceId(sweep);
        if (!EventCodec.Knows(manifest))
            throw new RefusedLine($"the kind of event '{manifest}' is not known: use the Patchbay that wrote it, or a newer one");
        if (!EventCodec.Holds(id, sequence, message)) throw new RefusedLine($"event {sequence} of sweep {sweep} is not what was recorded");
        EventCodec.Decode(manifest, message);
        if (!last.TryGetValue(sweep, out var newest)) newest = journal.LastSequence(sweep);
        if (sequence > newest + 1) throw new RefusedLine($"event {sequence} of sweep {sweep} comes without event {newest + 1}");
        if (sequence <= newest)
        {
            if (!IsThere(id, sequence, created, manifest, message))
                throw new RefusedLine($"the journal has another event {sequence} of sweep {sweep}: the two have parted, import into a journal of its own");
            eventsKnown++;
            newest = Math.Max(newest, sequence);
        }
        else
        {
            journal.Insert(id, sequence, created, manifest, message);
            events++;
            newest = sequence;
        }
        last[sweep] = newest;
    }

    private bool IsThere(string id, long sequence, long created, string manifest, byte[] message) => journal.Database.Long(
        "SELECT count(*) FROM journal WHERE persistence_id = $0 AND sequence_number = $1 AND created = $2 AND manifest = $3 AND message = $4",
        id, sequence, created, manifest, message) == 1;

    private void TakeArtifact(JsonElement fields)
    {
        var hash = fields.GetProperty("artifact").GetString()!;
        var length = fields.GetProperty("length").GetInt64();
        var chunk = fields.GetProperty("chunk").GetInt64();
        if (artifact is null && chunk == 0) artifact = new(journal.Artifacts, hash, length);
        if (artifact is null || artifact.Hash != hash || artifact.Length != length)
            throw new RefusedLine($"chunk {chunk} of artifact {hash} comes out of turn");
        if (!artifact.Take(chunk, fields.GetProperty("data").GetBytesFromBase64())) return;
        if (artifact.Known) artifactsKnown++;
        else artifacts++;
        artifact.Dispose();
        artifact = null;
    }
}

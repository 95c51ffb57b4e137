using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patchbay.Journal;

/// <summary>A journal as lines of JSON: a header, every event of every sweep, every artifact in chunks, and the number
/// of these lines, so that an export cut short is known. Leases and snapshots are left out: the ones lapse, the others
/// are made anew. <see cref="JournalImport"/> reads it.</summary>
public static class JournalExport
{
    /// <summary>Version of the form.</summary>
    public const int Version = 1;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a journal out. Two journals with the same events and artifacts, begun in the same order, give
    /// the same lines.</summary>
    /// <param name="journal">An open journal.</param>
    /// <param name="output">Where the lines go.</param>
    /// <param name="progress">Told what is being written and how much of all events is, in [0, 1]; or null.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>How many events and artifacts were written.</returns>
    /// <exception cref="Sweeps.JournalException">The journal does not work, or an event or artifact is
    /// damaged.</exception>
    public static (long Events, long Artifacts) Export(SqlJournal journal, TextWriter output,
        Action<string, double>? progress = null, CancellationToken cancellation = default)
    {
        using var lines = new LineWriter(output);
        lines.Write(json => json.WriteNumber("patchbay_journal", Version));
        var all = Math.Max(1, journal.Database.Long("SELECT count(*) FROM journal"));
        long events = 0, artifacts = 0;
        foreach (var sweep in journal.Sweeps())
        {
            events += WriteEvents(journal, sweep, lines, count =>
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Invoke(sweep, Math.Min(1, (double)(events + count) / all));
            });
        }
        foreach (var hash in journal.Artifacts.All())
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Invoke("artifacts", 1);
            WriteArtifact(journal, hash, lines);
            artifacts++;
        }
        lines.Write(json => json.WriteNumber("end", lines.Count));
        output.Flush();
        return (events, artifacts);
    }

    private static long WriteEvents(SqlJournal journal, string sweep, LineWriter lines, Action<long> step)
    {
        long count = 0;
        journal.ReadRows(sweep, 0, row =>
        {
            journal.Decode(sweep, ++count, row); // what is damaged is not passed on
            if (count % 1024 == 0) step(count);
            var json = lines.Begin();
            json.WriteString("sweep", sweep);
            json.WriteNumber("sequence", row.Sequence);
            json.WriteString("at", new DateTime(row.Created, DateTimeKind.Utc));
            json.WriteString("manifest", row.Manifest);
            json.WritePropertyName("message");
            json.WriteRawValue(row.Message, skipInputValidation: true);
            lines.End();
        });
        return count;
    }

    private static void WriteArtifact(SqlJournal journal, string hash, LineWriter lines)
    {
        journal.Artifacts.CopyTo(hash, Stream.Null); // what is damaged is not passed on
        var length = journal.Artifacts.LengthOf(hash);
        for (long number = 0; number < Math.Max(1, ArtifactStore.Chunks(length)); number++)
        {
            lines.Write(json =>
            {
                json.WriteString("artifact", hash);
                json.WriteNumber("length", length);
                json.WriteNumber("chunk", number);
                json.WriteBase64String("data", journal.Artifacts.Chunk(hash, number) ?? []);
            });
        }
    }

    /// <summary>Writes JSON objects, each on a line.</summary>
    private sealed class LineWriter(TextWriter output) : IDisposable
    {
        private readonly ArrayBufferWriter<byte> buffer = new();
        private Utf8JsonWriter? writer;

        public void Dispose() => writer?.Dispose();

        /// <summary>Lines written so far.</summary>
        public long Count { get; private set; }

        public Utf8JsonWriter Begin()
        {
            buffer.ResetWrittenCount();
            if (writer is null) writer = new(buffer, Options);
            else writer.Reset();
            writer.WriteStartObject();
            return writer;
        }

        public void End()
        {
            writer!.WriteEndObject();
            writer.Flush();
            output.Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
            output.Write('\n');
            Count++;
        }

        public void Write(Action<Utf8JsonWriter> fields)
        {
            fields(Begin());
            End();
        }
    }
}

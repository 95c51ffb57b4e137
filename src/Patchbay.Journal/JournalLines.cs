using System.Globalization;
using System.Text;
using System.Text.Json;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>
/// A journal as text, one JSON object a line: a heading with the version, then every event with its sweep, number, time and manifest, and
/// every artifact. To back it up, to look at it, to move sweeps to another machine.
/// </summary>
public static class JournalLines
{
    private const string Format = "patchbay-journal";
    private const int Version = 1;

    /// <summary>Writes all sweeps and artifacts; the number of events.</summary>
    public static long Export(SqliteJournal journal, TextWriter to)
    {
        to.WriteLine(Line(json =>
        {
            json.WriteString("format", Format);
            json.WriteNumber("version", Version);
        }));
        var count = 0L;
        foreach (var sweep in journal.Sweeps())
        {
            foreach (var recorded in journal.Read(sweep, 0))
            {
                to.WriteLine(Line(json =>
                {
                    json.WriteString("sweep", sweep);
                    json.WriteNumber("sequence", recorded.Sequence);
                    json.WriteString("at", recorded.At.ToString("O", CultureInfo.InvariantCulture));
                    json.WriteString("manifest", EventFormat.Manifest(recorded.Event));
                    json.WritePropertyName("event");
                    JsonSerializer.Serialize(json, recorded.Event, recorded.Event.GetType(), EventJson.Default);
                }));
                count++;
            }
        }
        var artifacts = new ArtifactStore(journal);
        foreach (var name in artifacts.Names())
        {
            to.WriteLine(Line(json =>
            {
                json.WriteString("artifact", name);
                json.WriteBase64String("content", artifacts.Get(name));
            }));
        }
        return count;
    }

    /// <summary>Reads such lines into a journal. Sweeps that are there already must begin with the same events; what is new is added.</summary>
    /// <returns>The number of events added.</returns>
    /// <exception cref="FormatException">A line is not as it must be; the message names it. Sweeps before it have been added, whole; its own
    /// has not.</exception>
    public static long Import(SqliteJournal journal, TextReader from, string name)
    {
        var (number, added) = (0, 0L);
        string? sweep = null;
        var events = new List<RecordedEvent>();
        while (from.ReadLine() is { } text)
        {
            number++;
            if (number > 1 && string.IsNullOrWhiteSpace(text)) continue;
            try
            {
                using var line = JsonDocument.Parse(text);
                var root = line.RootElement;
                if (number == 1) CheckHeading(root);
                else if (root.TryGetProperty("artifact", out var artifact)) PutArtifact(journal, artifact.GetString()!, root.GetProperty("content").GetBytesFromBase64());
                else
                {
                    var of = root.GetProperty("sweep").GetString()!;
                    if (of != sweep)
                    {
                        added += Add(journal, sweep, events);
                        (sweep, events) = (of, []);
                    }
                    events.Add(ReadEvent(root, name, events.Count + 1));
                }
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new FormatException($"{name}, line {number}: expected a line of an exported journal: {e.Message}");
            }
        }
        if (number == 0) throw new FormatException($"{name} is empty: expected an exported journal");
        return added + Add(journal, sweep, events);
    }

    private static void CheckHeading(JsonElement root)
    {
        if (!root.TryGetProperty("format", out var format) || format.GetString() != Format) throw new FormatException($"the first line must say \"format\": \"{Format}\"");
        if (root.GetProperty("version").GetInt32() is var version && version != Version) throw new FormatException($"it is of version {version}, and this Patchbay knows version {Version}");
    }

    private static RecordedEvent ReadEvent(JsonElement root, string name, long expected)
    {
        var sequence = root.GetProperty("sequence").GetInt64();
        if (sequence != expected) throw new FormatException($"event {expected} of its sweep is missing, found {sequence}");
        var manifest = root.GetProperty("manifest").GetString()!;
        var type = EventFormat.TypeFor(manifest) ?? throw new FormatException($"there is no event '{manifest}' in this version");
        var happened = (SweepEvent)JsonSerializer.Deserialize(root.GetProperty("event"), type, EventJson.Default)!;
        return new(sequence, DateTimeOffset.Parse(root.GetProperty("at").GetString()!, CultureInfo.InvariantCulture), happened);
    }

    private static long Add(SqliteJournal journal, string? sweep, List<RecordedEvent> events)
    {
        if (sweep is null) return 0;
        var known = journal.Read(sweep, 0);
        foreach (var (old, given) in known.Zip(events))
        {
            if (Text(old.Event) != Text(given.Event)) throw new FormatException($"event {old.Sequence} of sweep {sweep} is another one in this journal: it is another sweep of the same name");
        }
        var news = events.Skip(known.Count).ToArray();
        if (news.Length == 0) return 0;
        return journal.TryAppend(sweep, known.Count, news) ? news.Length : throw new JournalException(JournalFault.Busy, $"sweep {sweep} is running: pause it and import again");
    }

    private static void PutArtifact(SqliteJournal journal, string name, byte[] content)
    {
        if (new ArtifactStore(journal).Put(content) != name) throw new FormatException($"artifact {name} is not what its name says");
    }

    private static string Text(SweepEvent happened) => JsonSerializer.Serialize(happened, happened.GetType(), EventJson.Default);

    private static string Line(Action<Utf8JsonWriter> content)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}

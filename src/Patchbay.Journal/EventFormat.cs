using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>
/// Events as bytes: UTF-8 JSON whose last field, "hash", is the beginning of a SHA-256 over the sweep's persistence id, the sequence
/// number and all bytes before that field, so that a flipped bit or a row in the wrong place is found whenever it is read. A manifest
/// ("unit-completed/1") says which event, and in which version of its form.
/// </summary>
internal static class EventFormat
{
    private const int HashDigits = 16;
    private static readonly byte[] HashField = ",\"hash\":\""u8.ToArray();
    private static readonly int TailLength = HashField.Length + HashDigits + 2;

    private static readonly (string Manifest, Type Type)[] Manifests =
    [
        ("sweep-planned/1", typeof(SweepPlanned)), ("sweep-started/1", typeof(SweepStarted)), ("sweep-paused/1", typeof(SweepPaused)),
        ("sweep-resumed/1", typeof(SweepResumed)), ("sweep-cancelled/1", typeof(SweepCancelled)), ("sweep-retried/1", typeof(SweepRetried)),
        ("stage-begun/1", typeof(StageBegun)), ("unit-claimed/1", typeof(UnitClaimed)), ("intervention-recorded/1", typeof(InterventionRecorded)),
        ("unit-completed/1", typeof(UnitCompleted)), ("unit-failed/1", typeof(UnitFailed)), ("unit-set-aside/1", typeof(UnitSetAside)),
        ("stage-completed/1", typeof(StageCompleted)), ("sweep-completed/1", typeof(SweepCompleted)),
    ];

    private static readonly Dictionary<Type, string> ManifestOf = Manifests.ToDictionary(m => m.Type, m => m.Manifest);
    private static readonly Dictionary<string, Type> TypeOf = Manifests.ToDictionary(m => m.Manifest, m => m.Type);

    /// <summary>The manifest of an event.</summary>
    public static string Manifest(SweepEvent happened) => ManifestOf[happened.GetType()];

    /// <summary>The event that a manifest stands for, or null.</summary>
    public static Type? TypeFor(string manifest) => TypeOf.GetValueOrDefault(manifest);

    /// <summary>An event as bytes.</summary>
    public static byte[] Write(string persistenceId, long sequence, SweepEvent happened)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(happened, happened.GetType(), EventJson.Default);
        var body = json.AsSpan(0, json.Length - 1); // without the closing brace
        // An event without fields is "{}": the hash is then its first field.
        var field = json.Length == 2 ? HashField.AsSpan(1) : HashField;
        var bytes = new byte[body.Length + field.Length + HashDigits + 2];
        body.CopyTo(bytes);
        field.CopyTo(bytes.AsSpan(body.Length));
        Hash(persistenceId, sequence, body, bytes.AsSpan(body.Length + field.Length, HashDigits));
        "\"}"u8.CopyTo(bytes.AsSpan(bytes.Length - 2));
        return bytes;
    }

    /// <summary>An event from its bytes.</summary>
    /// <exception cref="JournalException">The bytes are damaged, or the manifest is of another version.</exception>
    public static SweepEvent Read(string file, string persistenceId, long sequence, string manifest, byte[] bytes)
    {
        if (!IsWhole(persistenceId, sequence, bytes)) throw new JournalException(JournalFault.Corrupt,
            $"{file}: event {sequence} of {persistenceId} is not what was written (its hash differs): pbm journal verify lists all damage, and a backup restores it");
        if (!TypeOf.TryGetValue(manifest, out var type)) throw new JournalException(JournalFault.Unknown,
            $"{file}: event {sequence} of {persistenceId} is a '{manifest}', which this version of Patchbay does not know: use the version that wrote it, or a later one");
        try
        {
            return (SweepEvent)JsonSerializer.Deserialize(bytes, type, EventJson.Default)!;
        }
        catch (JsonException e)
        {
            throw new JournalException(JournalFault.Corrupt, $"{file}: event {sequence} of {persistenceId} is no {manifest}", e);
        }
    }

    /// <summary>Whether the bytes are those that were written in this place.</summary>
    public static bool IsWhole(string persistenceId, long sequence, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < TailLength - 1) return false;
        var digits = bytes.Slice(bytes.Length - 2 - HashDigits, HashDigits);
        var before = bytes[..^(HashDigits + 2)];
        var body = before.EndsWith(HashField) ? before[..^HashField.Length] : before.EndsWith(HashField.AsSpan(1)) ? before[..^(HashField.Length - 1)] : [];
        Span<byte> expected = stackalloc byte[HashDigits];
        Hash(persistenceId, sequence, body, expected);
        return bytes.EndsWith("\"}"u8) && digits.SequenceEqual(expected);
    }

    private static void Hash(string persistenceId, long sequence, ReadOnlySpan<byte> body, Span<byte> digits)
    {
        var idLength = Encoding.UTF8.GetByteCount(persistenceId);
        var buffer = ArrayPool<byte>.Shared.Rent(idLength + 8 + body.Length);
        try
        {
            Encoding.UTF8.GetBytes(persistenceId, buffer);
            BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(idLength), sequence);
            body.CopyTo(buffer.AsSpan(idLength + 8));
            Span<byte> hash = stackalloc byte[32];
            SHA256.HashData(buffer.AsSpan(0, idLength + 8 + body.Length), hash);
            for (var i = 0; i < digits.Length; i++) digits[i] = (byte)"0123456789abcdef"[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>How events are written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(SweepPlanned))]
[JsonSerializable(typeof(SweepStarted))]
[JsonSerializable(typeof(SweepPaused))]
[JsonSerializable(typeof(SweepResumed))]
[JsonSerializable(typeof(SweepCancelled))]
[JsonSerializable(typeof(SweepRetried))]
[JsonSerializable(typeof(StageBegun))]
[JsonSerializable(typeof(UnitClaimed))]
[JsonSerializable(typeof(InterventionRecorded))]
[JsonSerializable(typeof(UnitCompleted))]
[JsonSerializable(typeof(UnitFailed))]
[JsonSerializable(typeof(UnitSetAside))]
[JsonSerializable(typeof(StageCompleted))]
[JsonSerializable(typeof(SweepCompleted))]
internal sealed partial class EventJson : JsonSerializerContext;

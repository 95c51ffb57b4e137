using System.Buffers;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>Events as the journal's bytes: JSON whose last field, "hash", is of the sweep, the sequence number and the
/// JSON without that field. A flipped bit is found by it, and so is a row that was moved to another place.</summary>
internal static class EventCodec
{
    /// <summary>Number of this serializer in the column that Akka.NET keeps for it.</summary>
    public const int Identifier = 9110;

    private const int HashDigits = 16;
    private static readonly int Ending = "\"hash\":\"".Length + HashDigits + "\"}".Length;

    // A manifest is for ever; an event that changes its form gets another number and both stay here.
    private static readonly (string Manifest, JsonTypeInfo Type)[] Kinds =
    [
        ("sweep-planned/2", EventJson.Default.SweepPlanned),
        ("sweep-started/1", EventJson.Default.SweepStarted),
        ("sweep-paused/1", EventJson.Default.SweepPaused),
        ("sweep-resumed/1", EventJson.Default.SweepResumed),
        ("sweep-cancelled/1", EventJson.Default.SweepCancelled),
        ("sweep-retried/1", EventJson.Default.SweepRetried),
        ("stage-begun/2", EventJson.Default.StageBegun),
        ("unit-claimed/1", EventJson.Default.UnitClaimed),
        ("intervention-recorded/2", EventJson.Default.InterventionRecorded),
        ("unit-completed/1", EventJson.Default.UnitCompleted),
        ("unit-failed/1", EventJson.Default.UnitFailed),
        ("unit-set-aside/1", EventJson.Default.UnitSetAside),
        ("stage-completed/1", EventJson.Default.StageCompleted),
        ("sweep-completed/1", EventJson.Default.SweepCompleted),
    ];

    // What version 0.1 wrote. Its plans are read as today's: parameters were texts, and texts are still understood.
    private static readonly (string Manifest, JsonTypeInfo Type)[] Older =
    [
        ("sweep-planned/1", EventJson.Default.SweepPlanned),
        ("stage-begun/1", EventJson.Default.StageBegun1),
        ("intervention-recorded/1", EventJson.Default.InterventionRecorded1),
    ];

    private static readonly FrozenDictionary<string, JsonTypeInfo> ByManifest =
        Kinds.Concat(Older).ToFrozenDictionary(k => k.Manifest, k => k.Type, StringComparer.Ordinal);

    private static readonly FrozenDictionary<Type, (string Manifest, JsonTypeInfo Type)> ByType =
        Kinds.ToFrozenDictionary(k => k.Type.Type);

    /// <summary>The name of an event's kind and form: "unit-completed/1".</summary>
    public static string Manifest(SweepEvent happened) => ByType[happened.GetType()].Manifest;

    /// <summary>Whether events of this kind can be read.</summary>
    public static bool Knows(string manifest) => ByManifest.ContainsKey(manifest);

    /// <summary>The bytes of an event at its place.</summary>
    public static byte[] Encode(string persistenceId, long sequence, SweepEvent happened)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(happened, ByType[happened.GetType()].Type);
        var body = json.AsSpan(0, json.Length - 1); // without the closing brace
        var comma = body.Length > 1 ? 1 : 0;
        var message = new byte[body.Length + comma + Ending];
        body.CopyTo(message);
        if (comma == 1) message[body.Length] = (byte)',';
        var rest = message.AsSpan(body.Length + comma);
        "\"hash\":\""u8.CopyTo(rest);
        Hash(persistenceId, sequence, body, rest.Slice(8, HashDigits));
        "\"}"u8.CopyTo(rest[(8 + HashDigits)..]);
        return message;
    }

    /// <summary>Whether bytes are those that were written at this place.</summary>
    public static bool Holds(string persistenceId, long sequence, ReadOnlySpan<byte> message)
    {
        if (message.Length < Ending + 1) return false;
        var body = message[..^Ending];
        var ending = message[^Ending..];
        if (!ending.StartsWith("\"hash\":\""u8) || !ending.EndsWith("\"}"u8)) return false;
        if (body.Length > 1)
        {
            if (body[^1] != (byte)',') return false;
            body = body[..^1];
        }
        Span<byte> hash = stackalloc byte[HashDigits];
        Hash(persistenceId, sequence, body, hash);
        return hash.SequenceEqual(ending.Slice(8, HashDigits));
    }

    /// <summary>The event of bytes that <see cref="Holds"/>.</summary>
    /// <exception cref="JsonException">They are not of the form that the manifest names.</exception>
    /// <exception cref="KeyNotFoundException">The manifest is not known.</exception>
    public static SweepEvent Decode(string manifest, ReadOnlySpan<byte> message) =>
        JsonSerializer.Deserialize(message, ByManifest[manifest]) switch
        {
            StageBegun1 older => older.Today(),
            InterventionRecorded1 older => older.Today(),
            var read => (SweepEvent)(read ?? throw new JsonException("null is no event")),
        };

    /// <summary>First digits of SHA-256, as ASCII, over the place and the JSON without hash, its comma and the closing
    /// brace.</summary>
    private static void Hash(string persistenceId, long sequence, ReadOnlySpan<byte> body, Span<byte> digits)
    {
        var most = Encoding.UTF8.GetMaxByteCount(persistenceId.Length) + 32 + body.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(most);
        Utf8.TryWrite(buffer, $"{persistenceId}\n{sequence}\n", out var length);
        body.CopyTo(buffer.AsSpan(length));
        length += body.Length;
        buffer[length++] = (byte)'}';
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer.AsSpan(0, length), hash);
        ArrayPool<byte>.Shared.Return(buffer);
        Convert.TryToHexStringLower(hash[..(HashDigits / 2)], digits, out _);
    }
}

/// <summary>How events and plans are written as JSON. Doubles are written so that they are read back exactly, NaN as
/// "NaN".</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
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
[JsonSerializable(typeof(SweepPlan))]
[JsonSerializable(typeof(ResultDetail))]
[JsonSerializable(typeof(StageBegun1))]
[JsonSerializable(typeof(InterventionRecorded1))]
internal sealed partial class EventJson : JsonSerializerContext;

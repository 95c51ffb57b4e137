using Akka.Actor;
using Akka.Serialization;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>An event as the journal's bytes. A serializer sees neither whose event it is nor its number, and an event's
/// hash covers both: so the sweep's actor encodes, and decodes, and the serializer passes bytes on.</summary>
/// <param name="Manifest">Kind and form: "unit-completed/1".</param>
/// <param name="Bytes">JSON with its hash.</param>
public sealed record EncodedEvent(string Manifest, byte[] Bytes)
{
    /// <summary>An event at its place.</summary>
    public static EncodedEvent Of(string persistenceId, long sequence, SweepEvent happened) =>
        new(EventCodec.Manifest(happened), EventCodec.Encode(persistenceId, sequence, happened));

    /// <summary>The event, if it is the one that was written at this place.</summary>
    /// <exception cref="JournalException">It is another, or of a kind that this version does not know.</exception>
    public SweepEvent Decode(string persistenceId, long sequence)
    {
        if (!EventCodec.Knows(Manifest)) throw new JournalException(JournalFault.Unknown,
            $"event {sequence} of {persistenceId} is of a kind '{Manifest}' that this Patchbay does not know: use the "
            + "one that wrote it, or a newer one");
        if (!EventCodec.Holds(persistenceId, sequence, Bytes)) throw new JournalException(JournalFault.Corrupt,
            $"event {sequence} of {persistenceId} is not what was written: see 'pbm journal verify'");
        return EventCodec.Decode(Manifest, Bytes);
    }
}

/// <summary>A state as the journal's bytes, likewise.</summary>
/// <param name="Manifest">Its form: "sweep-state/3".</param>
/// <param name="Bytes">The state with its hash.</param>
public sealed record EncodedSnapshot(string Manifest, byte[] Bytes)
{
    /// <summary>A state after an event.</summary>
    public static EncodedSnapshot Of(string persistenceId, long sequence, SweepState state) =>
        new(SnapshotCodec.Manifest, SnapshotCodec.Encode(persistenceId, sequence, state));

    /// <summary>The state, if it was written at this place and in a form that this version knows.</summary>
    public SweepState? TryDecode(string persistenceId, long sequence) =>
        SnapshotCodec.TryDecode(persistenceId, new(sequence, Manifest, Bytes));
}

/// <summary>The only serializer that the journal has: bytes in, bytes out, no type names. Manifests are checked by the
/// actor that reads them, so that one that is not known stops a sweep and not the node.</summary>
public sealed class JournalSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <inheritdoc/>
    public override int Identifier => EventCodec.Identifier;

    /// <inheritdoc/>
    public override string Manifest(object o) => o switch
    {
        EncodedEvent stored => stored.Manifest,
        EncodedSnapshot stored => stored.Manifest,
        _ => throw new ArgumentException($"the journal holds events and states, not {o.GetType().Name}"),
    };

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => obj switch
    {
        EncodedEvent stored => stored.Bytes,
        EncodedSnapshot stored => stored.Bytes,
        _ => throw new ArgumentException($"the journal holds events and states, not {obj.GetType().Name}"),
    };

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) =>
        manifest.StartsWith("sweep-state/", StringComparison.Ordinal) ? new EncodedSnapshot(manifest, bytes)
            : new EncodedEvent(manifest, bytes);
}

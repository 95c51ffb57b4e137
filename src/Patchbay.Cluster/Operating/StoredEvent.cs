using System.Text;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Operating;

/// <summary>An event of a sweep as the API gives it to who has no way to the journal: with its hash, which is looked at
/// when it is read.</summary>
/// <param name="Sequence">Its number within the sweep.</param>
/// <param name="At">When it was recorded.</param>
/// <param name="Manifest">Its kind and form.</param>
/// <param name="Message">JSON, as the journal has it.</param>
public sealed record StoredEvent(long Sequence, DateTimeOffset At, string Manifest, string Message)
{
    /// <summary>Most events of one answer.</summary>
    public const int Most = 10_000;

    /// <summary>An event of a sweep.</summary>
    public static StoredEvent Of(string sweep, RecordedEvent recorded)
    {
        var encoded = EncodedEvent.Of(Actors.SweepActor.PersistenceIdOf(sweep), recorded.Sequence, recorded.Event);
        return new(recorded.Sequence, recorded.At, encoded.Manifest, Encoding.UTF8.GetString(encoded.Bytes));
    }

    /// <summary>The event.</summary>
    /// <exception cref="JournalException">It is not what the node has sent, or of an unknown kind.</exception>
    public RecordedEvent Read(string sweep) => new(Sequence, At, new EncodedEvent(Manifest,
        Encoding.UTF8.GetBytes(Message)).Decode(Actors.SweepActor.PersistenceIdOf(sweep), Sequence));
}

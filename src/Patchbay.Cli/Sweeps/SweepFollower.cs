namespace Patchbay.Cli.Sweeps;

/// <summary>A sweep's state kept up to date from its events.</summary>
internal sealed class SweepFollower(ISweepJournal journal, string sweep)
{
    private SweepState state = SweepState.None;
    private long sequence;

    /// <summary>The state as the journal has it now; as it was when last read, while another process holds the
    /// journal.</summary>
    /// <param name="seen">Told each new event's time and the state after it, or null.</param>
    public SweepState Read(Action<DateTimeOffset, SweepState>? seen = null)
    {
        try
        {
            foreach (var recorded in journal.Read(sweep, sequence))
            {
                (state, sequence) = (SweepDecider.Evolve(state, recorded.Event), recorded.Sequence);
                seen?.Invoke(recorded.At, state);
            }
        }
        catch (JournalException e) when (e.Fault == JournalFault.Busy && sequence > 0)
        {
        }
        return state;
    }
}

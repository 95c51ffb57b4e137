namespace Patchbay.Cli.Sweeps;

/// <summary>A sweep's state kept up to date from its events.</summary>
/// <param name="journal">Where they are.</param>
/// <param name="sweep">Its id.</param>
/// <param name="recovered">The sweep as it stood when it was last read.</param>
internal sealed class SweepFollower(ISweepJournal journal, string sweep, RecoveredSweep recovered)
{
    private (SweepState State, long Sequence) known = (recovered.State, recovered.Sequence);

    /// <summary>Why the journal could not be read just now, or null.</summary>
    public string? Trouble { get; private set; }

    /// <summary>The state as the journal has it now; as it was when last read, while another process holds the
    /// journal.</summary>
    public SweepState Read()
    {
        try
        {
            foreach (var recorded in journal.Read(sweep, known.Sequence))
                known = (SweepDecider.Evolve(known.State, recorded.Event), recorded.Sequence);
            Trouble = null;
        }
        catch (JournalException e) when (e.Fault is JournalFault.Busy or JournalFault.Unreachable)
        {
            Trouble = e.Message; // it is asked again soon
        }
        return known.State;
    }
}

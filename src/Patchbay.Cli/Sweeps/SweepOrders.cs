namespace Patchbay.Cli.Sweeps;

/// <summary>What operators tell sweeps, recorded straight in the journal: whoever serves the sweep sees it there a
/// moment later.</summary>
internal static class SweepOrders
{
    private const int Races = 100;

    /// <summary>Gives a command to a sweep.</summary>
    /// <returns>The sweep after it, and whether anything changed.</returns>
    /// <exception cref="FileNotFoundException">There is no such sweep.</exception>
    /// <exception cref="InvalidDataException">It is refused; the message says why.</exception>
    public static (SweepState State, bool Changed) Give(ISweepJournal journal, string id, SweepCommand command)
    {
        for (var race = 0; race < Races; race++)
        {
            var (state, sequence) = SweepJournals.Find(journal, id);
            var decision = SweepDecider.Decide(command, state);
            if (decision.Refusal is { } refusal) throw new InvalidDataException($"sweep {id}: {refusal}");
            if (decision.Events.Count == 0) return (state, false);
            if (journal.TryAppend(id, sequence, decision.Events, DateTimeOffset.UtcNow)) return (
                SweepDecider.Evolve(state, decision.Events), true);
        }
        throw new IOException($"sweep {id} changes too fast to be told anything: try again");
    }

    /// <summary>Plans a sweep under the first free name: study-1, study-2, ...</summary>
    public static string Plan(ISweepJournal journal, SweepPlan plan)
    {
        var planned = SweepDecider.Decide(new PlanSweep(plan, Call.Version), SweepState.None);
        if (planned.Refusal is { } refusal) throw new InvalidDataException($"study {plan.Study}: {refusal}");
        var started = SweepDecider.Decide(new StartSweep(), SweepDecider.Evolve(SweepState.None, planned.Events));
        for (var number = 1; ; number++)
        {
            var id = $"{plan.Study}-{number}";
            if (journal.TryAppend(id, 0, [.. planned.Events, .. started.Events], DateTimeOffset.UtcNow)) return id;
        }
    }

    /// <summary>The newest sweep of the same study with the same checkpoints that has not ended, or null.</summary>
    public static string? Unfinished(ISweepJournal journal, SweepPlan plan) => journal.Sweeps()
        .LastOrDefault(id => journal.Recover(id).State is { Ended: false, Plan: { } other } && Same(plan, other));

    /// <summary>Whether two plans are of the same work. Threads and memory may differ: the machine, or its operator, is
    /// another today, and the sweep goes on with those that it was planned with.</summary>
    private static bool Same(SweepPlan a, SweepPlan b) => a.Study == b.Study && a.Seed == b.Seed && a.Task == b.Task
        && (a.Compute.Dtype, a.Compute.Device) == (b.Compute.Dtype, b.Compute.Device)
        && a.Models.Select(m => (m.Name, m.Fingerprint)).SequenceEqual(b.Models.Select(m => (m.Name, m.Fingerprint)))
        && a.Stages.Select(Text).SequenceEqual(b.Stages.Select(Text));

    private static string Text(Stage stage) => $"{stage.Id} {stage.Parameters.Text}";
}

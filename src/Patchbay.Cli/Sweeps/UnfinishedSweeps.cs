namespace Patchbay.Cli.Sweeps;

/// <summary>Which sweep of a journal a study goes on with.</summary>
internal static class UnfinishedSweeps
{
    /// <summary>The newest sweep of the same study with the same checkpoints that has not ended, or null.</summary>
    public static string? Newest(ISweepJournal journal, SweepPlan plan) => journal.Sweeps()
        .LastOrDefault(id => journal.Recover(id).State is { Ended: false, Plan: { } other } && Same(plan, other));

    /// <summary>Whether two plans are of the same work. Threads and memory may differ: the machine, or its operator, is
    /// another today, and the sweep goes on with those that it was planned with.</summary>
    private static bool Same(SweepPlan a, SweepPlan b) => a.Study == b.Study && a.Seed == b.Seed
        && a.Task == b.Task with { FileName = a.Task.FileName }
        && (a.Compute.Dtype, a.Compute.Device) == (b.Compute.Dtype, b.Compute.Device)
        && a.Models.Select(m => (m.Name, m.Fingerprint)).SequenceEqual(b.Models.Select(m => (m.Name, m.Fingerprint)))
        && a.Stages.Select(Text).SequenceEqual(b.Stages.Select(Text));

    private static string Text(Stage stage) => $"{stage.Id} {stage.Parameters.Text}";
}

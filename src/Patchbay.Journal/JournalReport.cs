using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>What a check of one sweep found.</summary>
/// <param name="Sweep">Its id.</param>
/// <param name="Status">Where it stands after the last event that could be applied.</param>
/// <param name="Events">Events that are there.</param>
/// <param name="Results">Results among them.</param>
/// <param name="Gaps">Events that are missing before the last one.</param>
/// <param name="Damaged">Events that are not what was written, or of a kind that this Patchbay does not know.</param>
/// <param name="CompletedTwice">Units that were recorded as done more than once.</param>
/// <param name="Rebuilt">Whether the state can be made anew from all events.</param>
/// <param name="Snapshots">Snapshots that are there.</param>
/// <param name="SnapshotsWrong">Those that cannot be used, or differ from what the events before them make.</param>
public sealed record SweepCheck(string Sweep, SweepStatus Status, long Events, long Results, long Gaps, long Damaged, int CompletedTwice,
    bool Rebuilt, int Snapshots, int SnapshotsWrong);

/// <summary>What a check of a whole journal found.</summary>
/// <param name="Path">The journal's file.</param>
/// <param name="Version">Version of its tables.</param>
/// <param name="Sweeps">Each sweep, oldest first.</param>
/// <param name="Artifacts">Artifacts that are there.</param>
/// <param name="ArtifactsDamaged">Those that are not what was put in.</param>
/// <param name="Problems">All that is wrong, each in a sentence.</param>
public sealed record JournalReport(string Path, int Version, IReadOnlyList<SweepCheck> Sweeps, int Artifacts, int ArtifactsDamaged,
    IReadOnlyList<string> Problems)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool Sound => Problems.Count == 0;
}

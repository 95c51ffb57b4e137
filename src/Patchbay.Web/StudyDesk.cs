using Patchbay.Sweeps.Studies;

namespace Patchbay.Web;

/// <summary>What the Study page asks of the program that it is part of.</summary>
/// <param name="Examples">Studies to begin with: their names and texts.</param>
/// <param name="Check">Reads a study, looking at the checkpoints that it names. Throws a
/// <see cref="StudyException"/> with all its mistakes.</param>
/// <param name="Plan">Fixes what a sweep of a study will compute with: hashes its checkpoints.</param>
public sealed record StudyDesk(IReadOnlyDictionary<string, string> Examples, Func<string, Study> Check,
    Func<Study, CancellationToken, SweepPlan> Plan);

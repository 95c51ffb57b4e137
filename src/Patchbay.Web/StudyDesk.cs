using Patchbay.Sweeps.Studies;

namespace Patchbay.Web;

/// <summary>What the Study page asks of the program that it is part of.</summary>
/// <param name="Examples">Studies to begin with: their names and texts.</param>
/// <param name="Check">Reads a study, looking at the checkpoints that it names. Throws a
/// <see cref="StudyException"/> with all its mistakes.</param>
/// <param name="Plan">Fixes what a sweep of a study will compute with: hashes its checkpoints, and tells how far that
/// is.</param>
public sealed record StudyDesk(IReadOnlyDictionary<string, string> Examples, Func<string, Study> Check,
    Func<Study, Action<ReadingFile>, CancellationToken, SweepPlan> Plan);

/// <summary>A file of a checkpoint that is being read.</summary>
/// <param name="Model">The model whose it is.</param>
/// <param name="File">Its name.</param>
/// <param name="Share">Share of the model's bytes that has been read.</param>
public sealed record ReadingFile(string Model, string File, double Share);

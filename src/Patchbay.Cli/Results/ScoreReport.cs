namespace Patchbay.Cli.Results;

/// <summary>Scores of one group of heads.</summary>
/// <param name="Name">"A".</param>
/// <param name="Title">"value fetcher".</param>
/// <param name="Scores">By [layer, head].</param>
/// <param name="StandardErrors">By [layer, head].</param>
/// <param name="Receivers">Heads that the paths end in; empty for the logits.</param>
/// <param name="Seconds">Time taken.</param>
internal sealed record GroupScores(string Name, string Title, double[,] Scores, double[,] StandardErrors,
    IReadOnlyList<(int Layer, int Head)> Receivers, double Seconds);

/// <summary>What a path-patching run found, and all it takes to run it again.</summary>
internal sealed record ScoreReport
{
    /// <summary>The checkpoint's folder or file, as given.</summary>
    public required string Model { get; init; }

    /// <summary>Fingerprint of the weights, or null.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Where the prompts are from: a task's name or a file.</summary>
    public required string Task { get; init; }

    /// <summary>Number of prompts.</summary>
    public required int Prompts { get; init; }

    /// <summary>Seed of what was drawn, or null where nothing was.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Share of prompts whose answer is the most probable token in the clean run.</summary>
    public double? Accuracy { get; init; }

    /// <summary>"float32".</summary>
    public required string Dtype { get; init; }

    /// <summary>"cpu".</summary>
    public required string Device { get; init; }

    /// <summary>Threads computed with.</summary>
    public required int Threads { get; init; }

    /// <summary>"cone" or "reference".</summary>
    public required string Evaluator { get; init; }

    /// <summary>Scores, group by group.</summary>
    public required IReadOnlyList<GroupScores> Groups { get; init; }

    /// <summary>Time from the prompts to the last score.</summary>
    public required double SecondsTotal { get; init; }

    /// <summary>Most resident memory that the process has had.</summary>
    public required long PeakRssBytes { get; init; }
}

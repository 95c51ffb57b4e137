using Patchbay.Sweeps.Studies;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>A study as it is being written, with what was said of it.</summary>
/// <param name="Text">The study.</param>
public sealed record StudyDraft(string Text)
{
    private const int LongestLine = 400; // that is shown again beside a mistake

    /// <summary>Its mistakes, in order of lines.</summary>
    public IReadOnlyList<StudyMistake> Mistakes { get; init; } = [];

    /// <summary>Why it could not be run though it has no mistakes, in a sentence, or null.</summary>
    public string? Refusal { get; init; }

    /// <summary>What else is said of it, in a sentence, or null.</summary>
    public string? Note { get; init; }

    /// <summary>What it would do; null where it was not asked, or has mistakes.</summary>
    public StudyPlan? Plan { get; init; }

    /// <summary>Whether something must be changed.</summary>
    public bool IsRefused => Refusal is not null || Mistakes.Count > 0;

    /// <summary>The lines around each mistake: its own and the one before, with their numbers.</summary>
    public IEnumerable<(StudyMistake Mistake, IEnumerable<(int Number, string Text)> Lines)> AtLines()
    {
        string[] lines = [.. Text.Split('\n').Select(l => l.Length <= LongestLine ? l : $"{l[..LongestLine]} …")];
        foreach (var mistake in Mistakes)
            yield return (mistake, lines.Index().Select(l => (Number: l.Index + 1, l.Item))
                .Where(l => l.Number == mistake.Line || l.Number == mistake.Line - 1));
    }
}

/// <summary>What a study without mistakes would do.</summary>
/// <param name="Study">The study.</param>
public sealed record StudyPlan(Study Study)
{
    /// <summary>Stages by their short names, each with the models that have it.</summary>
    public required IReadOnlyList<(string Stage, IReadOnlyList<string> Models)> Stages { get; init; }

    /// <summary>What it will cost, in a sentence, from sweeps of this journal that ran the same.</summary>
    public required string Cost { get; init; }

    internal static StudyPlan Of(Study study, IReadOnlyList<SweepSeen> sweeps) => new(study)
    {
        Stages = [.. study.Stages.GroupBy(SweepText.ShortId).Select(g =>
            (g.Key, (IReadOnlyList<string>)[.. g.Select(s => s.Model)]))],
        Cost = CostOf(study, sweeps),
    };

    // The newest sweep that asked as many prompts and completed the same stage says how long that took.
    private static string CostOf(Study study, IReadOnlyList<SweepSeen> sweeps)
    {
        var (seconds, known) = (0.0, new HashSet<string>());
        string? from = null;
        foreach (var stage in study.Stages)
        {
            var alike = sweeps
                .Where(s => (s.Plan.Task.Prompts, s.Plan.Task.Kind) == (study.Task.Prompts, study.Task.Kind))
                .Select(s => (s.Id, State: s.State.Stages.GetValueOrDefault(stage.Id)))
                .FirstOrDefault(s => s.State is { Status: StageStatus.Completed } done
                    && done.Stage.Parameters == stage.Parameters);
            if (alike.State is not { } before) continue;
            seconds += before.Seconds;
            known.Add(stage.Id);
            from ??= alike.Id;
        }
        if (known.Count == 0) return "No sweep of this journal has run any of its stages: how long it takes is not "
            + "known before it runs.";
        var share = known.Count == study.Stages.Count ? "All" : $"{known.Count} of {study.Stages.Count}";
        return $"{share} stages were run before with as many prompts, in {from} and others perhaps: their units took "
            + $"{SweepText.Duration(TimeSpan.FromSeconds(seconds))} together; divide by the units that run at a time.";
    }
}

namespace Patchbay.Report;

/// <summary>Scores of all heads at one step of a training.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Accuracy">On the prompts that were path-patched.</param>
/// <param name="Groups">Scores by group, receivers chosen at this very step.</param>
internal sealed record CircuitAtStep(long Step, Proportion Accuracy, IReadOnlyList<PathScores> Groups);

/// <summary>How a circuit came about: path patching at several steps of one training.</summary>
/// <param name="Run">The training run.</param>
/// <param name="Prompts">Prompts at each step.</param>
/// <param name="Seed">Their seed.</param>
/// <param name="Steps">In order.</param>
internal sealed record CircuitDynamics(string Run, int Prompts, ulong Seed, IReadOnlyList<CircuitAtStep> Steps)
{
    private const int Shown = 5;

    /// <summary>Accuracy over steps, and under it a panel per group: the heads strongest at the end, and in grey the
    /// strongest of each step, whichever head that is.</summary>
    public LineChart Chart() => new($"How the circuit of {Run} came about",
        $"Path patching at {Steps.Count} steps, {Prompts} prompts: mean change of the answer's probability when a "
            + "head's output comes from another prompt. "
            + $"Coloured: the {Shown} heads strongest at the end (layer.head), bands two standard errors; grey: the "
                + "strongest head of each step. Positive scores are cut off at half the size of a panel's most "
                    + "negative one.",
        "steps", [AccuracyPanel(), .. Steps[^1].Groups.Select((last, g) => Panel(last, g))]);

    private LinePanel AccuracyPanel() => new("accuracy",
    [
        new("accuracy", [.. Steps.Select(s => new LinePoint(s.Step, s.Accuracy.Share, s.Accuracy.Interval.Low,
            s.Accuracy.Interval.High))]) { Color = 5, Dots = Steps.Count <= 40 },
    ])
    { Range = (0, 1) };

    /// <summary>A group's panel. Scores are relative to the clean probability, so that before a model can do the task a
    /// few prompts make huge positive ones: the panel ends at half the most negative score's size, and lines beyond run
    /// along its edge.</summary>
    private LinePanel Panel(PathScores last, int group)
    {
        var floor = Steps.Min(s =>
        {
            var h = s.Groups[group].Top(1)[0]; return s.Groups[group]
            .Scores[h.Layer, h.Index];
        });
        double Cut(double score) => Math.Clamp(score, 1.5 * floor, Math.Max(1e-12, -0.5 * floor));
        LinePoint Point(CircuitAtStep step, Head head)
        {
            var (scores, errors) = (step.Groups[group].Scores, step.Groups[group].StandardErrors);
            var (score, error) = (scores[head.Layer, head.Index], 2 * errors[head.Layer, head.Index]);
            return double.IsFinite(error) ? new(step.Step, Cut(score), Cut(score - error), Cut(score + error))
                : new(step.Step, Cut(score));
        }
        LineSeries strongest = new("strongest",
            [.. Steps.Select(s => Point(s, s.Groups[group].Top(1)[0]) with { Low = null, High = null })]);
        return new(last.Group.Titled("  "),
        [
            strongest,
            .. last.Top(Shown).Where(h => last.Scores[h.Layer, h.Index] < 0)
                .Select((head, i) => new LineSeries(head.ToString(),
                    [.. Steps.Select(s => Point(s, head))]) { Color = i, Dots = Steps.Count <= 40 }),
        ]);
    }
}

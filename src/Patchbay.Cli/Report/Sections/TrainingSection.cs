using Patchbay.Cli.Charts;

namespace Patchbay.Cli.Report.Sections;

/// <summary>How the models were trained, where their logs lie beside them.</summary>
internal static class TrainingSection
{
    /// <summary>The section, or null where no log is known.</summary>
    public static Section? Of(ReportInput input)
    {
        if (input.Training.Count == 0) return null;
        var rows = input.Training.Select(t => (Cell[])
        [
            t.Name, t.Steps.ToString("#,0", System.Globalization.CultureInfo.InvariantCulture),
                t.Tokens.ToString("#,0", System.Globalization.CultureInfo.InvariantCulture),
            Sweeps.SweepText.Duration(TimeSpan.FromSeconds(t.Seconds)), t.Loss is { } loss ? Numbers.Share(loss) : Numbers.None,
            string.Join("; ", t.Scores?.Select(s => $"{s.Key} {Numbers.Share(s.Value.Share)}") ?? []),
        ]);
        return new("training", "Training", "Loss of all predictions and accuracy on held-out questions as the model was trained, from the log beside its "
            + "checkpoint.", "docs/lab.md",
            [
                new Figure("Training curves: losses are means of several steps; bands are 95 % intervals.",
                    [.. input.Training.Select(t => new Picture(t.Name, $"Training of {t.Name}",
                        SvgLineChart.Draw(TrainingCurve.Chart([t]) with { IsBare = true, PlotWidth = 300, Title = $"Training of {t.Name}" })))], 2),
                ReportTable.Of("At the end of training.", ["model", ">steps", ">tokens", ">time in steps", ">loss", "last evaluation"], rows),
            ], input.Training.Select(t => new { t.Name, t.Steps, t.Tokens, t.Seconds, t.Loss, t.Losses, t.Scores }).ToArray());
    }
}

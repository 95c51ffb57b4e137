using System.Globalization;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Report.Sections;

/// <summary>What was run: the study, its models, versions, machines and times.</summary>
internal static class RunSection
{
    /// <summary>The section.</summary>
    public static Section Of(ReportInput input)
    {
        var run = input.Run;
        List<Block> blocks = [FactsOf(run), Models(run), Stages(run)];
        if (run.Missing.Count > 0)
            blocks.Insert(0, new Note($"The sweep is not complete; what is missing is left out below: {string.Join("; ", run.Missing)}."));
        return new("run", "What was run",
            "A sweep runs every stage of a study on every model; models with their fingerprints, prompts, seed and number format are fixed when it is planned.",
            "docs/studies.md, docs/operating.md", blocks, run);
    }

    private static Facts FactsOf(RunFacts run)
    {
        var wall = run is { Started: { } started, Last: { } last } ? SweepText.Duration(last - started) : Numbers.None;
        var machines = run.Nodes.GroupBy(n => n.Host).Select(g => $"{g.Key} ({(g.Count() == 1 ? "1 process" : $"{g.Count()} processes")}, "
            + $"{SweepText.Count(g.Sum(n => n.Units), "unit")})");
        return new(
        [
            ("sweep", run.Sweep), ("study", run.Plan.Study), ("status", run.Status),
            ("prompts", run.Task), ("seed", run.Plan.Seed.ToString(CultureInfo.InvariantCulture)),
            ("compute", run.Compute), ("program", run.Code is { } code ? $"pbm {code}" : Numbers.None),
            ("machine", run.Nodes.Count > 0 ? string.Join(", ", machines) : Numbers.None),
            ("started", RunFacts.Time(run.Started)), ("last event", RunFacts.Time(run.Last)),
            ("duration", $"{wall} from start to last event, {SweepText.Duration(TimeSpan.FromSeconds(run.Seconds))} in units"),
        ]);
    }

    private static ReportTable Models(RunFacts run) => ReportTable.Of("Models. The fingerprint is the SHA-256 of configuration, weights and adapter.",
        ["model", ">layers", ">heads", "fingerprint", "checkpoint"],
        run.Plan.Models.Select(m => (Cell[])[m.Name, $"{m.Layers}", $"{m.Heads}", m.Fingerprint, m.Adapter is { } adapter
            ? $"{m.Path} + {adapter}" : m.Path]));

    private static ReportTable Stages(RunFacts run)
    {
        var models = run.Plan.Models.Select(m => m.Name).ToArray();
        var rows = run.Stages.GroupBy(s => s.Stage).Select(row => (Cell[])
        [
            row.Key, .. models.Select(m => row.FirstOrDefault(s => s.Model == m)).Select(s => s is null ? "" : s.Status == "complete"
                ? new Cell(SweepText.Duration(TimeSpan.FromSeconds(s.Seconds)))
                : new Cell(s.Status == "waiting" ? s.Status : $"{s.Done} of {s.Units}", s.Status)),
            SweepText.Duration(TimeSpan.FromSeconds(row.Sum(s => s.Seconds))),
        ]);
        return ReportTable.Of("Stages by model, time spent in their units", ["stage", .. models.Select(m => ">" + m), ">all"],
            rows) with
        { IsFolded = true };
    }
}

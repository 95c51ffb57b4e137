using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster.Benchmark;
using Patchbay.Journal;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm bench cluster`: what actors and journal cost beside the computation.</summary>
internal sealed class BenchClusterCommand : PbmCommand
{
    private const double UnitSeconds = 0.5;
    private static readonly int[] Batches = [1, 40];
    private readonly DataFolder data = new();
    private readonly Option<int> most = CommonOptions.Parsed("--results", "N",
        "Results of the largest sweep that is recovered; the smaller one has a tenth", Lists.Count, 1_000_000);
    private readonly Option<int> units = CommonOptions.Parsed("--units", "N",
        "Units of the sweep that is run, 2 at least",
        text => (int)Lists.Whole(text, 2, 1_000_000), 500);
    private readonly Option<int> seconds = CommonOptions.Parsed("--seconds", "N",
        "How long to record with each number of events", Lists.Count, 5);

    public BenchClusterCommand() : base("cluster",
        "Time a node: its start, a unit's messages and events, events recorded a second, recovery of sweeps",
        "pbm bench cluster", "pbm bench cluster --results 100000 --seconds 1 --json",
        "pbm bench cluster --journal postgres://ann@db.lab/sweeps")
    {
        foreach (var option in (Option[])[.. data.JournalOptions, most, units, seconds]) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        // On the disk that the journal of the operator's sweeps is on.
        using var place = new ScratchJournal(data.Journal(call), data.Chosen(call));
        return RunAsync(call, place).GetAwaiter().GetResult();
    }

    private async Task<ExitCode> RunAsync(Call call, ScratchJournal scratch)
    {
        call.WriteLine($"{BenchOutput.Machine()}; journal in {(scratch.Place.File is null ? "PostgreSQL" : "SQLite")}, "
            + "every transaction on the disk before the next");
        var overhead = await ClusterBenchmark.RunAsync(scratch.Place, call.Get(units), call.Interrupted);
        call.WriteLine($"first unit recorded {overhead.StartSeconds:0.00} s after the start of the node");
        call.WriteLine($"a unit's messages and events take {1000 * overhead.PerUnit:0.0} ms (mean of "
            + $"{overhead.Units}): {100 * overhead.ShareAt(UnitSeconds):0.0} % of a sweep's time at units of "
            + $"{UnitSeconds} s");
        var appends = new List<AppendRate>();
        foreach (var batch in Batches)
            appends.Add(await ClusterBenchmark.AppendAsync(scratch.Place, batch, call.Get(seconds)));
        var table = BenchOutput.Table([], "events a transaction", "events", "seconds", "events/s");
        foreach (var r in appends) table.AddRow($"{r.Batch}", $"{r.Events}", $"{r.Seconds:0.00}", $"{r.PerSecond:0}");
        call.Draw(() => table);
        var recoveries = call.WithProgress("recovery", report => Recoveries(scratch.Place, call, report));
        var times = BenchOutput.Table([], "results", "events", "events read", "command s", "actor s");
        foreach (var r in recoveries) times.AddRow($"{r.Results}", $"{r.Events}", $"{r.Replayed}",
            $"{r.ReadSeconds:0.00}", $"{r.ActorSeconds:0.00}");
        call.Draw(() => times);
        call.WriteLine("events read: those since the snapshot (best of three), or all (once).");
        call.WriteJson(new { Machine = BenchOutput.Machine(), Overhead = overhead, Appends = appends, recoveries });
        return ExitCode.Ok;
    }

    private RecoveryTime[] Recoveries(JournalPlace place, Call call, ReportProgress report) =>
        [.. from results in (int[])[Math.Max(1, call.Get(most) / 10), call.Get(most)]
            from snapshot in (bool[])[true, false]
            select ClusterBenchmark.RecoverAsync(place, results, snapshot,
                done => report($"{results} results, {(snapshot ? "snapshot" : "events")}", done), call.Interrupted)
                .GetAwaiter().GetResult()];
}

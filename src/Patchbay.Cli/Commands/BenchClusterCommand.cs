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
    private readonly Option<int> most = CommonOptions.Whole("--results",
        "Results of the largest sweep that is recovered; the smaller one has a tenth",
        new(1000, 100_000_000), 1_000_000);
    private readonly Option<int> units = CommonOptions.Whole("--units", "Units of the sweep that is run",
        new(2, 1_000_000), 500);
    private readonly Option<int?> processes = CommonOptions.Whole("--processes",
        "Instead, run the quartet on 1 to N processes of one thread each", new(1, 64));
    private readonly Option<int?> nodes = CommonOptions.Whole("--nodes",
        "Instead, run a sweep whose units only wait on N nodes in this process",
        new(2, 1000));
    private readonly Option<int> models = CommonOptions.Whole("--models", "Models of that sweep",
        new(1, 100_000), 1000);
    private readonly Option<int> seconds = CommonOptions.Whole("--seconds",
        "How long to record with each number of events", StudyCompute.Seconds, 5);

    public BenchClusterCommand() : base("cluster",
        "Time a node: its start, a unit's messages and events, events recorded a second, recovery of sweeps",
        "pbm bench cluster", "pbm bench cluster --results 100000 --seconds 1 --json",
        "pbm bench cluster --journal postgres://ann@db.lab/sweeps", "pbm bench cluster --processes 3",
        "pbm bench cluster --nodes 100 --models 1000")
    {
        foreach (var option in (Option[])[.. data.JournalOptions, most, units, seconds, processes, nodes, models])
            Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        if (call.Get(processes) is { } count) return ProcessBenchmark.Run(call, data.Chosen(call), count);
        // On the disk that the journal of the operator's sweeps is on.
        using var place = new ScratchJournal(data.Journal(call), data.Chosen(call));
        return call.Get(nodes) is { } fleet ? RunFleet(call, place, fleet)
            : RunAsync(call, place).GetAwaiter().GetResult();
    }

    private ExitCode RunFleet(Call call, ScratchJournal scratch, int count)
    {
        const int UnitsOfAModel = 4;
        var wait = TimeSpan.FromSeconds(5);
        var times = call.WithProgress("nodes", report => FleetBenchmark.RunAsync(scratch.Place, count, call.Get(models),
            UnitsOfAModel, wait, (what, share) => report(what, share), call.Interrupted).GetAwaiter().GetResult());
        call.WriteLine($"{BenchOutput.Machine()}; {times.Nodes} nodes in one process, {times.Models} models, "
            + $"{times.Units} units that wait {times.UnitSeconds:0} s");
        var table = BenchOutput.Table(["what"], "value");
        void Row(string what, string value) => table.AddRow(what, value);
        Row("all nodes up", $"{times.JoinSeconds:0.0} s");
        Row("memory of a node", $"{times.BytesOfANode / 1e6:0} MB");
        Row("every model has a result", $"{times.PlaceSeconds:0.0} s");
        Row("most models of a node", $"{times.MostOfANode}");
        Row("hand-outs", $"{times.HandOutsPerSecond:0}/s");
        Row("next result after the node with the sweep ended", $"{times.RecoverySeconds:0.0} s");
        call.Draw(() => table);
        call.WriteJson(new { Machine = BenchOutput.Machine(), Fleet = times });
        return ExitCode.Ok;
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

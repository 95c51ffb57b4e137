using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Benchmark;

/// <summary>Made sweeps whose units take no time, or only wait: what is left is what actors and journal
/// cost.</summary>
internal static class BenchSweep
{
    /// <summary>Results of a unit: as many as a layer of a 7B model has heads.</summary>
    public const int ResultsOfUnit = 32;

    private const string StageId = "model/bench/A";
    private static readonly string Hash = new('a', 64);

    /// <summary>The plan of one with one model.</summary>
    public static SweepPlan Plan { get; } = PlanOf(1);

    /// <summary>The plan of one with so many models, of one stage each.</summary>
    public static SweepPlan PlanOf(int models)
    {
        string[] names = [.. Enumerable.Range(1, models).Select(i => models == 1 ? "model" : $"model{i:0000}")];
        return new("bench", "study: bench\n", 20, new("entity-tracking", 300, 7), new("float32", "cpu", 1, 1L << 20),
            [.. names.Select(name => new PlannedModel(name, $"models/{name}", null, Hash, 32, 32, 1L << 20))],
            [.. names.Select(name => new Stage($"{name}/bench/A", "bench", name, JsonRecord.Empty, []))]);
    }

    /// <summary>Runs units, each at once.</summary>
    public static IModelSource Source { get; } = new Models(TimeSpan.Zero);

    /// <summary>Runs units, each of which only waits.</summary>
    public static IModelSource Waiting(TimeSpan unit) => new Models(unit);

    /// <summary>The kind of its stage, with so many units.</summary>
    public static StageKind Kind(int units) => new Stages(units);

    /// <summary>All that is recorded of it when so many units are done and it is paused.</summary>
    public static IEnumerable<SweepEvent> Events(int units) => new SweepEvent[]
        {
            new SweepPlanned(Plan, "bench"), new SweepStarted(),
            new StageBegun(StageId, JsonRecord.Empty, [.. Keys(units).Select(key => UnitId.Join(StageId, key))]),
        }
        .Concat(Keys(units).SelectMany(key => UnitEvents(UnitId.Join(StageId, key))))
        .Append(new SweepPaused());

    /// <summary>A result as one is recorded.</summary>
    public static InterventionRecorded Result(string unit, int head) =>
        new(unit, $"7.{head}", Math.Sin(unit.Length + head), double.NaN, 300, 20, Hash, "bench", 0.1);

    private static string[] Keys(int count) =>
        [.. Enumerable.Range(0, count).Select(number => $"layer-{number:00000}")];

    private static IEnumerable<SweepEvent> UnitEvents(string unit) =>
    [
        new UnitClaimed(unit, 1, "node-1"),
        .. Enumerable.Range(0, ResultsOfUnit).Select(head => Result(unit, head)),
        new UnitCompleted(unit, "node-1", 3.2),
    ];

    private sealed class Stages(int units) : StageKind
    {
        public override string Name => "bench";

        public override IReadOnlyList<StageField> Fields => [];

        public override IReadOnlyList<Stage> Expand(StageRequest request) => [];

        public override StagePlan Plan(Stage stage, SweepState state) => new(JsonRecord.Empty, Keys(units));
    }

    private sealed class Models(TimeSpan unit) : IModelSource, IUnitRunner
    {
        public string Fingerprint => Hash;

        public IUnitRunner Open(ModelKey model, CancellationToken cancel) => this;

        public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress,
            CancellationToken cancel)
        {
            if (unit > TimeSpan.Zero) cancel.WaitHandle.WaitOne(unit);
            return [.. Enumerable.Range(0, ResultsOfUnit)
                .Select(head => new InterventionResult($"7.{head}", head, 0.1, 300))];
        }

        public void Dispose()
        {
        }
    }
}

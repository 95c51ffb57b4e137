using System.Globalization;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Tests.Simulation;

/// <summary>Models without tensors: what a unit gives follows from its id; some units fail now and then, some
/// always.</summary>
internal sealed class SimulatedModels(Func<double> chance, Func<double> fault) : IModelSource
{
    public const string Poison = "poisoned/path-patching/A/layer-01"; // fails always
    public const string Hopeless = "poisoned/accuracy/prompts-0128-0199"; // fails for good

    public IUnitRunner Open(ModelKey model, CancellationToken cancel) => chance() < fault()
        ? throw new IOException("simulated: the checkpoint could not be read")
        : new Runner(model.Model.Fingerprint, chance, fault);

    public static IReadOnlyList<InterventionResult> Results(string unit)
    {
        if (!unit.Contains("layer", StringComparison.Ordinal)) return [Result(unit, "accuracy")];
        var layer = int.Parse(unit.AsSpan(unit.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
        return [.. Enumerable.Range(0, SimulatedPlan.Heads).Select(h => Result(unit, $"{layer}.{h}"))];
    }

    private static InterventionResult Result(string unit, string item)
    {
        var hash = unit.Concat(item).Aggregate(14695981039346656037UL, (h, c) => (h ^ c) * 1099511628211UL);
        return new(item, (hash % 2001 - 1000.0) / 1000, 0.01, 100) { Head = Head.Read(item) };
    }

    private sealed class Runner(string fingerprint, Func<double> chance, Func<double> fault) : IUnitRunner
    {
        public string Fingerprint => fingerprint;

        public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress,
            CancellationToken cancel) => order.Unit switch
            {
                Poison => throw new InsufficientMemoryException("simulated: no memory for this one"),
                Hopeless => throw new InvalidDataException("simulated: this one can never be run"),
                _ when chance() < fault() => throw new IOException("simulated: it failed this time"),
                _ => Results(order.Unit),
            };

        public void Dispose()
        {
        }
    }
}

/// <summary>The sweep that is simulated: two models, one with units that fail; accuracy, and path patching in four
/// groups.</summary>
internal static class SimulatedPlan
{
    public const int Layers = 4, Heads = 3;

    public static SweepPlan Make(bool poisoned, bool batches)
    {
        string[] names = ["sound", poisoned ? "poisoned" : "other"];
        var stages = names.SelectMany(name => Experiment.All.Where(k =>
            k is AccuracyExperiment or PathPatchingExperiment).SelectMany(kind =>
            kind.Expand(new(name, kind.Fields.ToDictionary(f => f.Name, f => (kind.Name, f.Name) switch
        {
            ("accuracy", "prompts") => "200",
            (_, "receivers") => "4,3,2,2",
            (_, "batch") => batches ? "60" : "0",
            _ => f.Default,
        }), [.. names], [])))).ToArray();
        return new("simulated", "text", 20, new("entity-tracking", 100, 7), new("float32", "cpu", 1, 1 << 20),
            [.. names.Select(n => new PlannedModel(n, $"/models/{n}", null, $"fingerprint of {n}", Layers, Heads,
                1 << 20))], stages);
    }
}

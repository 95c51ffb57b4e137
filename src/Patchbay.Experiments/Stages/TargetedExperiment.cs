using System.Globalization;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// Targeted fine-tuning: only the heads of one group of the circuit are fine-tuned (<see cref="TargetedTuning"/>), and the result is compared with the model that it
/// came from: accuracy before and after, and cross-model patching of the tuned model's heads back into it. Does changing only these heads suffice?
/// Two stages a set of heads: one tunes, and keeps the tuned model's activations (the tuned weights are made anew from the same seed, never
/// kept); the other is <see cref="CmapExperiment"/>'s.
/// </summary>
public sealed class TargetedExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "targeted-tuning";

    private const string Whole = "circuit", Every = "all-heads";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Fine-tune only a group's heads: does that suffice?";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("sets", "A,circuit,all-heads", "Sets of heads to tune, each by itself: a group of the circuit, 'circuit', or 'all-heads'",
            text => text.Split(',').All(s => s.Length > 0 && !s.Contains('/')) ? null : "a list of sets"),
        SweepCircuits.Field,
        new("data", TargetedTuning.Arithmetic, $"What to tune on: {TargetedTuning.Arithmetic} or {TargetedTuning.EntityTracking}", text =>
            text is TargetedTuning.Arithmetic or TargetedTuning.EntityTracking ? null
            : $"'{TargetedTuning.Arithmetic}' or '{TargetedTuning.EntityTracking}'"),
        new("steps", "200", "Training steps", text => WholeNumber(text, 1)),
        new("rate", "0.001", "Highest learning rate", text => Number(text, 0, 1)),
        new("forms", "output", "Forms of cross-model patching", text => text.Split(',').Select(CmapForm.Check).FirstOrDefault(m => m is not null)),
        new("prompts", "500", "Prompts to answer", text => WholeNumber(text, 1)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (parameters, after) = SweepCircuits.Source(request);
        (parameters["batch"], parameters["part"]) = ("0", "tune");
        return
        [
            .. request.Parameters["sets"].Split(',').SelectMany(set =>
            {
                var name = $"{request.Parameters["data"]}-{set}";
                var own = new Dictionary<string, string>(parameters) { ["set"] = set };
                var tune = new Stage($"{request.Model}/{Name}/{name}", Name, request.Model, own, after);
                return new[] { tune, CmapExperiment.Patch($"{request.Model}/{CmapExperiment.Kind}/{name}", request.Model,
                    $"{set} tuned on {request.Parameters["data"]}", own, tune) };
            }),
        ];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var circuit = SweepCircuits.Of(state, stage);
        var model = state.Plan!.Models.Single(m => m.Name == stage.Model);
        // Where the circuit has no head of a group there is nothing to tune, and nothing to patch afterwards.
        return new(circuit.ToString(), Heads(stage.Parameters["set"], circuit, model.Layers, model.Heads).Count > 0 ? ["tune"] : []);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var stage = order.Stage;
        var circuit = Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), order.Inputs);
        var heads = Heads(stage.Parameters["set"], circuit, session.Model.Config.Layers, session.Model.Config.Heads);
        var (first, last, steps) = (double.NaN, double.NaN, Count(stage, "steps"));
        using var tuned = TargetedTuning.Tune(session.Model, session.Encode, heads, stage.Parameters["data"], steps,
            double.Parse(stage.Parameters["rate"], CultureInfo.InvariantCulture),
            order.Plan.Seed, entry =>
            {
                if (entry.Loss is { } loss) (first, last) = (double.IsNaN(first) ? loss : first, loss);
                progress(0.8 * entry.Step / steps);
            }, cancel);
        var prompts = session.Prompts(order.Plan, Count(stage, "prompts"));
        return
        [
            new("loss at first", first, double.NaN, 1), new("loss at last", last, double.NaN, 1), new("heads tuned", heads.Count, double.NaN, 1),
            .. CmapExperiment.Capture(tuned, session.Artifacts, prompts, circuit, stage, p => progress(0.8 + 0.2 * p), cancel),
        ];
    }

    private static IReadOnlyList<Head> Heads(string set, Circuit circuit, int layers, int perLayer) => set switch
    {
        Every => [.. Enumerable.Range(0, layers * perLayer).Select(i => new Head(i / perLayer, i % perLayer))],
        Whole => [.. circuit.Heads.Select(h => h.Head).Distinct()],
        _ when circuit.Groups.TryGetValue(set, out var heads) => heads,
        _ => throw new InvalidDataException($"'{set}' is no set of heads; expected {string.Join(", ", circuit.Groups.Keys)}, '{Whole}' or '{Every}'"),
    };
}

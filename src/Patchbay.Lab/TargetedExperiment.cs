using Patchbay.Experiments;
using Patchbay.Lab.Training;
using Patchbay.Sweeps;

namespace Patchbay.Lab;

/// <summary>
/// Targeted fine-tuning: only the heads of one group of the circuit are fine-tuned (<see cref="TargetedTuning"/>), and
/// the result is compared with the model that it came from: accuracy before and after, and cross-model patching of the
/// tuned model's heads back into it. Does changing only these heads suffice? Two stages a set of heads: one tunes, and
/// keeps the tuned model's activations (the tuned weights are made anew from the same seed, never kept); the other is
/// <see cref="CmapExperiment"/>'s.
/// </summary>
public sealed class TargetedExperiment() : Experiment<TargetedParameters, None>(
    Kinds.TargetedTuning, "Fine-tune only a group's heads: does that suffice?", Kinds.PathPatching)
{
    private const string Whole = "circuit", Every = "all-heads";

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("sets", "A,circuit,all-heads",
            "Sets of heads to tune, each by itself: a group of the circuit, 'circuit', or 'all-heads'",
            text => FieldCheck.Names(text) && !text.Contains('/') ? null : "a list of sets, each once"),
        CircuitSource.Field,
        new("data", TargetedTuning.Arithmetic,
            $"What to tune on: {TargetedTuning.Arithmetic} or {TargetedTuning.EntityTracking}",
            text => text is TargetedTuning.Arithmetic or TargetedTuning.EntityTracking ? null
                : $"'{TargetedTuning.Arithmetic}' or '{TargetedTuning.EntityTracking}'"),
        FieldCheck.Count("steps", 200, "Training steps", WholeRange.Steps),
        new("rate", "0.001", "Highest learning rate", text => FieldCheck.Number(text, 0, 1)),
        FieldCheck.Forms("output"),
        FieldCheck.Prompts(500, "Prompts to answer"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (resolved, after) = CircuitSource.Resolve(request);
        var (own, patch) = (resolved.Parameters<TargetedParameters>(), resolved.Parameters<CmapParameters>());
        return
        [
            .. request.Values["sets"].Split(',').SelectMany(set =>
            {
                var name = $"{own.Data}-{set}";
                var tune = StageOf(request, own with { Set = set }, after, name);
                return new[] { tune, CmapExperiment.Patch($"{request.Model}/{Kinds.Cmap}/{name}", request.Model,
                    patch with { Donor = $"{set} tuned on {own.Data}" }, tune) };
            }),
        ];
    }

    /// <inheritdoc/>
    protected override IEnumerable<StageMistake> Mistakes(Stage stage, TargetedParameters p, ModelFacts model,
        StudyFacts facts)
    {
        if (facts.Dtype != "float32")
            yield return new("", "expected compute.dtype float32, in which alone models are trained, found "
                + facts.Dtype);
        using var checkpoint = Checkpoint.Open(model.Place.Path, model.Place.Adapter);
        if (PackedForward.Refused(checkpoint.Config) is { } sentence) yield return new("", sentence);
        foreach (var mistake in StageCheck.Groups("sets", [p.Set], p.Chain, Whole, Every)) yield return mistake;
        foreach (var mistake in StageCheck.Chain(stage, CircuitSource.Field.Name, p.Chain, facts)) yield return mistake;
    }

    /// <summary>Where the circuit has no head of a group there is nothing to tune, and nothing to patch
    /// afterwards.</summary>
    protected override IEnumerable<(string, None)> Parts(TargetedParameters p, StageInputs inputs,
        PlannedModel model) =>
        Heads(p.Set, inputs.Circuit!, model.Layers, model.Heads).Count > 0 ? [("tune", default)] : [];

    /// <inheritdoc/>
    protected override IReadOnlyList<InterventionResult> Run(Unit<TargetedParameters, None> unit)
    {
        var (p, circuit, config) = (unit.Parameters, unit.Inputs.Circuit!, unit.Model.Config);
        var heads = Heads(p.Set, circuit, config.Layers, config.Heads);
        var (first, last) = (double.NaN, double.NaN);
        using var tuned = TargetedTuning.Tune(unit.Model, unit.Session.Encode, heads, p.Data, p.Steps, p.Rate,
            unit.Plan.Seed, entry =>
        {
            if (entry.Loss is { } loss) (first, last) = (double.IsNaN(first) ? loss : first, loss);
            unit.Progress(0.8 * entry.Step / p.Steps);
        }, unit.Cancel);
        return
        [
            Result.Number("loss at first", first), Result.Number("loss at last", last),
                Result.Number("heads tuned", heads.Count),
            .. CmapExperiment.Capture(tuned, unit.Session.Artifacts, unit.Prompts(p.Prompts), circuit, p.Forms,
                done => unit.Progress(0.8 + 0.2 * done), unit.Cancel),
        ];
    }

    private static IReadOnlyList<Head> Heads(string set, Circuit circuit, int layers, int perLayer) => set switch
    {
        Every => [.. Head.All(layers, perLayer)],
        Whole => [.. circuit.Heads.Select(h => h.Head).Distinct()],
        _ when circuit.Groups.TryGetValue(set, out var heads) => heads,
        _ => throw new InvalidDataException(
            $"'{set}' is no set of heads; expected {string.Join(", ", circuit.Groups.Keys)}, '{Whole}' or '{Every}'"),
    };
}

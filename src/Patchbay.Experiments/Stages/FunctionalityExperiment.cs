using System.Globalization;
using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// The functionality test (Prakash et al. 2024, section 4; method, section 5): the heads that DCM kept for a group and a desideratum are patched from source to base on
/// fresh triples, over several seeds; how often the model answers the target. A unit is one desideratum and one seed, for all groups.
/// </summary>
public sealed class FunctionalityExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "functionality";

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "What the heads that DCM kept carry, on fresh triples";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind, DcmExperiment.Kind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("seeds", "10", "Seeds", text => WholeNumber(text, 1)),
        new("triples", "500", "Triples of a seed", text => WholeNumber(text, 1)),
    ];

    /// <inheritdoc/>
    public override string? Refuses(PlannedTask task) => DcmExperiment.NeedsScenes(task);

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var dcm = request.Earlier(DcmExperiment.Kind, request.Model);
        return dcm.Count > 0 ? [new($"{request.Model}/{Name}", Name, request.Model,
            new Dictionary<string, string>(request.Parameters) { ["chain"] = dcm[0].Parameters["chain"] }, [.. dcm.Select(s => s.Id)])]
            : throw new InvalidDataException($"expected {DcmExperiment.Kind} before {Name}, which needs the heads it keeps, found none");
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var kept = stage.After.SelectMany(id => DcmExperiment.Findings(state.Stages[id])).ToArray();
        var lines = kept.GroupBy(f => f.Desideratum).Select(d =>
            $"{d.Key}: {string.Join("; ", d.Select(f => $"{f.Group}={string.Join(' ', f.Heads)}"))}");
        return new(string.Join('\n', lines), [.. kept.Select(f => f.Desideratum).Distinct().SelectMany(d => Enumerable.Range(0, Count(stage, "seeds"))
            .Select(s => string.Create(CultureInfo.InvariantCulture, $"{d.Replace(' ', '_')}-{s:00}")))]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var (stage, plan) = (order.Stage, order.Plan);
        var (name, seed) = (order.Key.Split('-')[0].Replace('_', ' '), order.Key.Split('-')[1]);
        var heads = Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), order.Inputs.Split('\n')
            .First(l => l.StartsWith($"{name}: ", StringComparison.Ordinal))[(name.Length + 2)..]);
        var triples = new PromptSet([.. Desiderata.Generate(name, Count(stage, "triples"),
            DcmExperiment.SeedOf(plan.Seed, $"functionality {seed}"), plan.Task.Boxes, session.Encode)
            .Select(t => new Prompt(t.Base, t.Source, t.Target, t.Origin))]);
        string[] groups = [.. heads.Groups.Where(g => order.Inputs.Contains($"{g.Key}=", StringComparison.Ordinal)).Select(g => g.Key)];
        var answered = HeadPatching.Answered(session.Model, triples,
            [.. groups.Select(g => (IReadOnlyList<(string, Head)>)[.. heads.Groups[g].Select(h => (heads.Chain.Group(g).Position, h))])],
            plan.Compute.MemoryBytes, progress, cancel);
        return [.. groups.Zip(answered, (g, right) => Shares.Each($"{g} {name} {seed}", right))];
    }

    /// <summary>What a complete stage found.</summary>
    public static IReadOnlyList<FunctionalityFinding> Findings(StageState stage) => stage.Status != StageStatus.Completed ? [] :
    [
        .. stage.Results.Select(r => r.Result).GroupBy(r => r.Item[..r.Item.LastIndexOf(' ')], StringComparer.Ordinal)
            .Select(g => new FunctionalityFinding(g.Key.Split(' ')[0], g.Key[(g.Key.IndexOf(' ') + 1)..],
                [.. g.Select(r => new Proportion((int)Math.Round(r.Score * r.Samples), r.Samples))])
            { Answers = [.. g.SelectMany(Shares.Answers)] }),
    ];
}

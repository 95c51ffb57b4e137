namespace Patchbay.Findings;

/// <summary>Everything that the stages of a sweep add up to, as numbers; nothing is run and nothing read. What the
/// study did not ask for, or what is not complete yet, is absent: an empty list or null.</summary>
/// <param name="Models">The models in the plan's order; the first is the base.</param>
/// <param name="Chain">Groups of the path-patching chain, in its order.</param>
/// <param name="Circuits">One model's circuit evaluated in a model.</param>
/// <param name="Cmap">Cross-model patching, donor by donor.</param>
public sealed record SweepFindings(IReadOnlyList<ModelFindings> Models, PathChain Chain,
    IReadOnlyList<CircuitFinding> Circuits,
    IReadOnlyList<CmapFinding> Cmap)
{
    /// <summary>All that the complete stages of a sweep found; accuracy also of those under way.</summary>
    public static SweepFindings Of(SweepState state)
    {
        var plan = state.Plan ?? throw new InvalidDataException("there is no such sweep");
        var paths = state.InOrder.Where(s => s.Stage.Kind == Kinds.PathPatching);
        return new([.. plan.Models.Select(m => ModelFindings.Of(state, m))],
            paths.Select(s => s.Stage.Parameters.As<PathPatchingParameters>().Chain)
                .Concat(state.InOrder.Where(s => s.Stage.Kind == Kinds.Prune)
                    .Select(s => s.Stage.Parameters.As<PruneParameters>().Chain))
                .FirstOrDefault(PathChain.EntityTracking),
            [.. state.InOrder.Select(CircuitFinding.Read).OfType<CircuitFinding>()],
            [.. state.InOrder.Where(s => s.Stage.Kind == Kinds.Cmap).SelectMany(s => CmapFinding.Read(state, s))]);
    }
}

/// <summary>What was found in one model.</summary>
public sealed record ModelFindings
{
    /// <summary>Its name in the study.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of its checkpoint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>L.</summary>
    public required int Layers { get; init; }

    /// <summary>H.</summary>
    public required int Heads { get; init; }

    /// <summary>Accuracy on the task, or null.</summary>
    public AccuracyFinding? Accuracy { get; init; }

    /// <summary>Path-patching scores, group by group in the chain's order; only complete stages.</summary>
    public IReadOnlyList<PathScores> Scores { get; init; } = [];

    /// <summary>Heads of its circuit by the chain's group names; what elimination found or
    /// minimality kept, whichever came last, else path patching's.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Head>> Circuit { get; init; } = new Dictionary<string,
        IReadOnlyList<Head>>();

    /// <summary>Every candidate head's significance.</summary>
    public IReadOnlyList<MinimalityFinding> Minimality { get; init; } = [];

    /// <summary>The circuits that backward elimination found, in the plan's order.</summary>
    public IReadOnlyList<PruneFinding> Pruned { get; init; } = [];

    /// <summary>Attribution patching beside the exact scores.</summary>
    public IReadOnlyList<AttributionFinding> Attribution { get; init; } = [];

    /// <summary>Which heads of a group carry a piece of information.</summary>
    public IReadOnlyList<DcmFinding> Dcm { get; init; } = [];

    /// <summary>What groups carry, on fresh triples.</summary>
    public IReadOnlyList<FunctionalityFinding> Functionality { get; init; } = [];

    /// <summary>Accuracy as attention is forbidden from a layer up.</summary>
    public IReadOnlyList<KnockoutCurve> Knockouts { get; init; } = [];

    /// <summary>Where heads look.</summary>
    public IReadOnlyList<AttentionFinding> Attention { get; init; } = [];

    /// <summary>Accuracy when heads are patched from the counterfactual prompts.</summary>
    public IReadOnlyList<PatchedFinding> Patched { get; init; } = [];

    internal static ModelFindings Of(SweepState state, PlannedModel model)
    {
        IReadOnlyList<StageState> Stages(string kind) => SweepResults.Stages(state, kind, model.Name);
        return new()
        {
            Name = model.Name,
            Fingerprint = model.Fingerprint,
            Layers = model.Layers,
            Heads = model.Heads,
            Accuracy = Stages(Kinds.Accuracy).Select(AccuracyFinding.Read).FirstOrDefault(a => a is not null),
            Scores = [.. Stages(Kinds.PathPatching).Where(s => s.Status == StageStatus.Completed)
                .Select(s => SweepResults.Scores(state, s))],
            Circuit = SweepResults.Circuit(state, model.Name).Groups.Where(g => g.Value.Count > 0).ToDictionary(),
            Minimality = [.. MinimalityFinding.Stages(state, model.Name).Where(s => s.Status == StageStatus.Completed)
                .SelectMany(s => MinimalityFinding.Read(s))],
            Pruned = [.. Stages(Kinds.Prune).Select(s => PruneFinding.Read(state, s)).OfType<PruneFinding>()],
            Attribution = [.. Stages(Kinds.Attribution).SelectMany(s => AttributionFinding.Read(state, s))],
            Dcm = [.. Stages(Kinds.Dcm).SelectMany(DcmFinding.Read)],
            Functionality = [.. Stages(Kinds.Functionality).SelectMany(FunctionalityFinding.Read)],
            Knockouts = [.. Stages(Kinds.Knockout).SelectMany(s => KnockoutCurve.Read(s, model.Layers))],
            Attention = [.. Stages(Kinds.Attention).SelectMany(AttentionFinding.Read)],
            Patched = [.. Stages(Kinds.ActivationPatching).SelectMany(PatchedFinding.Read)],
        };
    }
}

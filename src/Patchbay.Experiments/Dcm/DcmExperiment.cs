namespace Patchbay.Experiments;

/// <summary>
/// Which heads of a group carry a piece of information: desiderata-based component masking (<see cref="Dcm"/>; method,
/// section 5). A unit trains the mask of one group for one desideratum.
/// </summary>
internal sealed class DcmExperiment() : Experiment<DcmParameters, (string Group, string Desideratum)>(
    Kinds.Dcm, "Which heads of a group carry a piece of information", Kinds.PathPatching)
{
    private const string Main = "main", Variations = "variations", AllNames = "all";
    private static readonly string[] TriplePositions =
        [PositionNames.Last, PositionNames.QueryLabel, PositionNames.PreviousQueryLabel];

    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("desiderata", Main,
            $"'main' ({string.Join(", ", Desiderata.Main)}), 'variations' (the eleven of position), 'all', or names "
                + "of desiderata", CheckNames),
        new("groups", AllNames, "Groups of the circuit", text => FieldCheck.Names(text) ? null
            : "a list of groups, each once"),
        CircuitSource.Field,
        FieldCheck.Count("triples", 2000,
            "Triples: half to train with, a quarter to choose the mask, a quarter to test it",
            WholeRange.Prompts with { Least = 8 }),
        new("lambda", "0.01", "Price of a head that is patched", text => FieldCheck.Number(text, 0, 1000)),
        new("rate", "0.1", "Adam's learning rate", text => FieldCheck.Number(text, 0, 100)),
        FieldCheck.Count("epochs", 2, "Passes over the training triples", WholeRange.Repeats),
        FieldCheck.Count("triples-at-once", 32, "Triples of one step", WholeRange.Prompts),
    ];

    /// <summary>Desiderata alter scenes, which a prompt file has not.</summary>
    /// <exception cref="InvalidDataException">The prompts come from a file.</exception>
    internal static void RequireScenes(StageRequest request)
    {
        if (request.FromFile)
            throw new InvalidDataException("expected entity-tracking prompts that are generated, found a file");
    }

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        RequireScenes(request);
        var (resolved, after) = CircuitSource.Resolve(request);
        return [StageOf(request, resolved.Parameters<DcmParameters>(), after)];
    }

    protected override IEnumerable<StageMistake> Mistakes(Stage stage, DcmParameters p, ModelFacts model,
        StudyFacts facts)
    {
        foreach (var mistake in StageCheck.Groups("groups", p.Groups.Except([AllNames]), p.Chain, AllNames))
            yield return mistake;
        foreach (var g in p.Chain.Groups.Where(g => p.Groups is [AllNames] || p.Groups.Contains(g.Name)))
            if (!TriplePositions.Contains(g.Position))
                yield return new("groups", $"expected groups at {string.Join(", ", TriplePositions)}, the positions of "
                    + $"triples, found {g.Name} at '{g.Position}'");
        foreach (var name in DcmFinding.Names(p))
            if (Refused(name, p.Triples, "dcm", model, facts) is { } sentence) yield return new("desiderata", sentence);
    }

    /// <summary>Why a desideratum's triples cannot be made of the task's scenes; null where they can.</summary>
    /// <param name="desideratum">Its name.</param>
    /// <param name="count">How many triples.</param>
    /// <param name="use">What for: tells the seed.</param>
    /// <param name="model">Whose tokenizer reads them.</param>
    /// <param name="facts">The task and the study's seed.</param>
    internal static string? Refused(string desideratum, int count, string use, ModelFacts model, StudyFacts facts)
    {
        try
        {
            const int sample = 8; // all are of the same words and form
            var triples = Desiderata.Generate(desideratum, count, SeedOf(facts.Seed, use), facts.Task.Boxes,
                model.Encode, sample);
            model.Shape.Check(new([.. triples.Select(t => new Prompt(t.Base, t.Source, t.Target, t.Origin))]));
            return null;
        }
        catch (InvalidDataException e)
        {
            return e.Message.TrimEnd('.');
        }
    }

    protected override IEnumerable<(string, (string, string))> Parts(DcmParameters p, StageInputs inputs,
        PlannedModel model) =>
        DcmFinding.Masks(p, inputs.Circuit!).Select(m => ($"{m.Group}-{m.Desideratum.Replace(' ', '_')}", m));

    protected override IReadOnlyList<InterventionResult> Run(Unit<DcmParameters,
        (string Group, string Desideratum)> unit)
    {
        var (p, (group, name), circuit) = (unit.Parameters, unit.Part, unit.Inputs.Circuit!);
        var (heads, position, count) = (circuit.Groups[group], circuit.Chain.Group(group).Position, p.Triples);
        var triples = Desiderata.Generate(name, count, SeedOf(unit.Plan.Seed, "dcm"), unit.Plan.Task.Boxes,
            unit.Session.Encode)
            .Select(t => new DcmTriple(t.Base.Ids, t.Base.Positions[position], t.Source.Ids,
                t.Source.Positions[position], t.Target)).ToArray();
        var found = Dcm.Train(unit.Model, heads, triples[..(count / 2)], triples[(count / 2)..(count * 3 / 4)],
            triples[(count * 3 / 4)..],
            new DcmOptions
            {
                Lambda = p.Lambda,
                LearningRate = p.Rate,
                Epochs = p.Epochs,
                Batch = p.TriplesAtOnce,
                MemoryBytes = unit.Plan.Compute.MemoryBytes,
            }, unit.Progress, unit.Cancel);
        var validation = found.Validation;
        return
        [
            .. heads.Zip(found.Mask, (head, m) => Result.Number($"{group} {name} mask {head}", m, count / 2) with
            {
                Head = head,
                Position = position,
                Detail = found.Heads.Contains(head) ? new() { Kept = true } : null,
            }),
            new($"{group} {name} validation", validation.Share,
                Math.Sqrt(validation.Share * (1 - validation.Share) / validation.Count),
                    validation.Count) { Position = position },
            Result.Answered($"{group} {name} test", found.TestAnswers) with { Position = position },
            Result.Answered($"{group} {name} all heads", found.AllHeadsAnswers) with { Position = position },
        ];
    }

    /// <summary>A seed of its own for triples: those of the sweep's prompts would give the same scenes.</summary>
    internal static ulong SeedOf(ulong seed, string use) => SplitMix64.For(seed, use).Next();

    private static string? CheckNames(string text) => text is Main or Variations or AllNames
        || (FieldCheck.Names(text) && text.Split(',').All(Desiderata.All.Contains))
        ? null : $"'main', 'variations', 'all', or a list, each once, of {string.Join(", ", Desiderata.All)}";
}

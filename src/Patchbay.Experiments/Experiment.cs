namespace Patchbay.Experiments;

/// <summary>A unit to be run: all that its model's owner must know.</summary>
/// <param name="Sweep">Id of the sweep.</param>
/// <param name="Unit">Id of the unit.</param>
/// <param name="Attempt">Which attempt, from 1.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Inputs">What the stage takes from those before it.</param>
/// <param name="Plan">The sweep's plan.</param>
public sealed record UnitOrder(string Sweep, string Unit, int Attempt, Stage Stage, JsonRecord Inputs, SweepPlan Plan);

/// <summary>A kind of stage that can be run: a folder per experiment, with its method (definition, source, tensors) and
/// this, its stage: parameters, units, and how one is computed. What the recorded results add up to is in
/// Patchbay.Findings.</summary>
/// <param name="name">Its name in studies.</param>
/// <param name="summary">What it tells, in a line.</param>
/// <param name="needs">Kinds of stages that give it what it needs.</param>
public abstract class Experiment(string name, string summary, params string[] needs) : StageKind
{
    /// <summary>The experiments of this room; the lab has another.</summary>
    public static IReadOnlyList<Experiment> All { get; } =
    [
        new AccuracyExperiment(), new PathPatchingExperiment(), new PruneExperiment(), new MinimalityExperiment(),
        new CircuitExperiment(),
        new DcmExperiment(), new FunctionalityExperiment(), new CmapExperiment(), new PatchExperiment(),
        new KnockoutExperiment(), new AttentionExperiment(), new AttributionExperiment(),
    ];

    /// <inheritdoc/>
    public sealed override string Name => name;

    /// <summary>What it tells, in a line.</summary>
    public string Summary => summary;

    /// <summary>Kinds of stages that give it what it needs, in order: its circuit, where none is given.</summary>
    public sealed override IReadOnlyList<string> Needs => needs;

    /// <summary>Whether parameters give what <see cref="Needs"/> would find out.</summary>
    /// <param name="value">The value of a parameter by its name; null where none is given.</param>
    public virtual bool NeedsNothing(Func<string, string?> value) => value(CircuitSource.Field.Name) is { } circuit
        && (circuit.Contains('=') || CircuitSource.IsFile(circuit));

    /// <summary>Runs a unit. The same unit gives the same bits whatever ran before it, on the same machine with the
    /// same number of threads.</summary>
    /// <param name="order">The unit.</param>
    /// <param name="session">Its model.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked often.</param>
    /// <exception cref="InvalidDataException">It can never be run.</exception>
    public abstract IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session,
        Action<double> progress,
        CancellationToken cancel);
}

/// <summary>A unit that is run.</summary>
/// <param name="Order">The unit.</param>
/// <param name="Parameters">Its stage's parameters.</param>
/// <param name="Inputs">What the stage takes from those before it.</param>
/// <param name="Range">The prompts that it takes; null for all.</param>
/// <param name="Part">Which part of the stage's work on these prompts it is.</param>
/// <param name="Session">The model.</param>
/// <param name="Progress">Told the share done, 0 to 1.</param>
/// <param name="Cancel">Asked often.</param>
public sealed record Unit<TParameters, TPart>(UnitOrder Order, TParameters Parameters, StageInputs Inputs,
    PromptRange? Range,
    TPart Part, ModelSession Session, Action<double> Progress, CancellationToken Cancel)
{
    /// <summary>The sweep's plan.</summary>
    public SweepPlan Plan => Order.Plan;

    /// <summary>The model.</summary>
    public Decoder Model => Session.Model;

    /// <summary>Index of its first prompt among the task's.</summary>
    public int FirstPrompt => Range?.First ?? 0;

    /// <summary>The prompts that it takes, of the first <paramref name="count"/> of the task (0: of all).</summary>
    public PromptSet Prompts(int count)
    {
        var all = Session.Prompts(Plan, count == 0 ? Plan.Task.Prompts : count, Cancel);
        var some = Range is { } range ? range.TakeFrom(all) : all;
        some.CheckVocabulary(Model.Config.Vocabulary);
        return some;
    }
}

/// <summary>Some prompts in a row, as units name them: "prompts-0000-0127".</summary>
/// <param name="First">Index of the first.</param>
/// <param name="Last">Index of the last.</param>
public readonly record struct PromptRange(int First, int Last)
{
    /// <summary>How units name it.</summary>
    public string Key => $"prompts-{First:0000}-{Last:0000}";

    /// <summary>All of <paramref name="count"/> prompts, at most <paramref name="size"/> in a range.</summary>
    public static IEnumerable<PromptRange> Split(int count, int size) => Enumerable.Range(0, (count + size - 1) / size)
        .Select(i => new PromptRange(i * size, Math.Min(count, (i + 1) * size) - 1));

    /// <summary>These prompts of a set; fewer where the set ends before.</summary>
    public PromptSet TakeFrom(PromptSet all) => new([.. all.Prompts.Skip(First).Take(Last - First + 1)]);
}

/// <summary>An experiment with its types. A stage's units are its parts, for every batch of prompts; a unit is found
/// again among them by its key, which nobody takes apart.</summary>
/// <typeparam name="TParameters">A stage's parameters; with <see cref="IPrompted"/> it may be split by
/// prompts.</typeparam>
/// <typeparam name="TPart">What tells the units of a stage apart.</typeparam>
public abstract class Experiment<TParameters, TPart>(string name, string summary, params string[] needs)
    : Experiment(name, summary, needs)
{
    /// <inheritdoc/>
    public sealed override StagePlan Plan(Stage stage, SweepState state)
    {
        var parameters = stage.Parameters.As<TParameters>();
        var inputs = InputsOf(stage, parameters, state);
        return new(JsonRecord.Of(inputs), [.. Units(stage, parameters, inputs, state.Plan!).Select(u => u.Key)]);
    }

    /// <inheritdoc/>
    public sealed override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session,
        Action<double> progress,
        CancellationToken cancel)
    {
        var (parameters, inputs) = (order.Stage.Parameters.As<TParameters>(),
            StageInputs.Of(order.Stage, order.Inputs));
        var key = UnitId.KeyOf(order.Unit);
        foreach (var (name, range, part) in Units(order.Stage, parameters, inputs, order.Plan))
            if (name == key) return Run(new Unit<TParameters, TPart>(order, parameters, inputs, range, part, session,
                progress, cancel));
        throw new InvalidDataException(
            $"stage {order.Stage.Id} has no unit '{key}': the journal was written by another version");
    }

    /// <inheritdoc/>
    public sealed override IEnumerable<StageMistake> Check(Stage stage, StudyFacts facts)
    {
        if (!facts.Models.TryGetValue(stage.Model, out var model)) return [];
        var parameters = stage.Parameters.As<TParameters>();
        var circuit = parameters is IAboutCircuit { Circuit: { } given and not SweepResults.Found } about
            ? StageCheck.Heads(Circuit.Parse(about.Chain, given), model.Shape) : [];
        return [.. circuit, .. Mistakes(stage, parameters, model, facts)];
    }

    /// <summary>Why a stage could not be run, beside heads of a circuit that is given.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="model">Its model.</param>
    /// <param name="facts">The other models and the task.</param>
    protected virtual IEnumerable<StageMistake> Mistakes(Stage stage, TParameters parameters, ModelFacts model,
        StudyFacts facts) => [];

    /// <summary>What a stage takes from those before it, which are complete: its circuit, where it is about
    /// one.</summary>
    protected virtual StageInputs InputsOf(Stage stage, TParameters parameters, SweepState state) =>
        parameters is IAboutCircuit about ? new() { Circuit = SweepResults.Circuit(state, stage, about) } : new();

    /// <summary>A stage of the model that a request is about, alone or a part of what is made of it.</summary>
    protected Stage StageOf(StageRequest request, TParameters parameters, IReadOnlyList<string> after,
        string? part = null) => new($"{request.Model}/{Name}{(part is null ? "" : $"/{part}")}", Name, request.Model,
            JsonRecord.Of(parameters), after);

    /// <summary>The parts of a stage's work, with their keys ("" where there is but one), in an order in which units in
    /// a row share what they can. Must give the same whoever asks.</summary>
    protected abstract IEnumerable<(string Key, TPart Part)> Parts(TParameters parameters, StageInputs inputs,
        PlannedModel model);

    /// <summary>Runs a unit.</summary>
    protected abstract IReadOnlyList<InterventionResult> Run(Unit<TParameters, TPart> unit);

    private IEnumerable<(string Key, PromptRange? Range, TPart Part)> Units(Stage stage, TParameters parameters,
        StageInputs inputs,
        SweepPlan plan)
    {
        var (prompts, batch) = parameters is IPrompted p ? (p.Prompts == 0 ? plan.Task.Prompts : p.Prompts, p.Batch)
            : (0, 0);
        PromptRange?[] ranges = batch == 0 ? [null] : [.. PromptRange.Split(prompts, batch)
            .Select(r => (PromptRange?)r)];
        var model = plan.Model(stage.Model);
        return from range in ranges
               from part in Parts(parameters, inputs, model)
               select (Key(range?.Key, part.Key), range, part.Part);
    }

    private static string Key(string? range, string part) => range is null ? part : part.Length == 0 ? range
        : $"{range}-{part}";
}

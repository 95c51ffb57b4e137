namespace Patchbay.Experiments;

/// <summary>A loaded model and what its units share: prompts, and one cache of activations.</summary>
public sealed class ModelSession : IDisposable
{
    private readonly EncodeText encode;
    private (string Key, PromptSet Prompts)? prompts;
    private (string Key, IDisposable Value)? shared;

    /// <summary>Takes ownership of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encode">Its tokenizer.</param>
    /// <param name="artifacts">Where prompt files are, and what units keep for others.</param>
    public ModelSession(Decoder model, EncodeText encode, IArtifacts artifacts) =>
        (Model, this.encode, Artifacts) = (model, encode, artifacts);

    /// <summary>The model.</summary>
    public Decoder Model { get; }

    /// <summary>The first prompts of a sweep's task, the same ones for every unit.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancel">Asked at each text: a million take a quarter of a minute.</param>
    public PromptSet Prompts(SweepPlan plan, int count, CancellationToken cancel = default)
    {
        var task = plan.Task;
        return Kept($"{task.Kind} {task.Boxes} {task.File} {plan.Seed} {count}", () => task.File is { } hash
            ? PromptInput.Load(Artifacts.PathOf(hash), Asking(cancel), plan.Seed, count, task.FileName).Prompts
            : EntityPrompts.Generate(new(count, plan.Seed, task.Boxes), Asking(cancel)));
    }

    /// <summary>Prompts apart from the first ones of a sweep's task: of scenes of another seed, of a file those that
    /// come after them.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="first">How many of the task's they are apart from.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancel">Asked at each text.</param>
    public PromptSet PromptsApart(SweepPlan plan, int first, int count, CancellationToken cancel = default)
    {
        var task = plan.Task;
        return Kept($"apart {task.Kind} {task.Boxes} {task.File} {plan.Seed} {first} {count}", () =>
            task.File is { } hash
            ? new PromptRange(first, first + count - 1).TakeFrom(
                PromptInput.Load(Artifacts.PathOf(hash), Asking(cancel), plan.Seed, first + count, task.FileName)
                    .Prompts)
            : EntityPrompts.Generate(new(count, Apart(plan, "prompts apart"), task.Boxes), Asking(cancel)));
    }

    /// <summary>Prompts whose activations are averaged for mean ablation: of different scenes with a random query
    /// letter for entity tracking (method, section 4), the counterfactuals of the task's prompts for a file. Scenes are
    /// the task's own, as published: of 500 of them 72 are those of 500 prompts of 7 boxes; or, where asked for, of
    /// another seed.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="count">How many.</param>
    /// <param name="disjoint">Whether scenes are of another seed.</param>
    /// <exception cref="InvalidDataException">The file holds fewer.</exception>
    public IReadOnlyList<int[]> Means(SweepPlan plan, int count, bool disjoint = false)
    {
        if (plan.Task.File is null)
            return [.. EntityMeans.Generate(count, disjoint ? Apart(plan, "scenes of means apart") : plan.Seed,
                plan.Task.Boxes, encode).Select(s => s.Ids)];
        var prompts = Prompts(plan, Math.Max(count, plan.Task.Prompts)).Prompts;
        if (prompts.Count < count)
            throw new InvalidDataException($"means: expected at most {prompts.Count}, the prompts that the task's file "
                + $"holds, found {count}");
        return [.. prompts.Take(count).Select(p => p.Counterfactual.Ids)];
    }

    /// <summary>Evaluates circuits on some prompts; shared by units in a row.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="prompts">The prompts to answer.</param>
    /// <param name="ablating">What heads outside the circuit give.</param>
    /// <param name="chain">The chain whose groups the circuits have.</param>
    /// <param name="which">Tells the prompts from others of the same number, where there are any.</param>
    public CircuitEvaluator Circuits(SweepPlan plan, PromptSet prompts, IAblating ablating, PathChain chain,
        string which = "") =>
        Shared($"circuits {which} {plan.Seed} {plan.Task} {Named(prompts)} {ablating.Means} {ablating.DisjointMeans} "
            + $"{ablating.MixedMeans} {ablating.Elsewhere} {chain} {plan.Compute.MemoryBytes}",
            () => new CircuitEvaluator(Model, prompts, Means(plan, ablating.Means, ablating.DisjointMeans), chain,
                plan.Compute.MemoryBytes, ablating.Elsewhere == CircuitParameters.OwnElsewhere,
                ablating.MixedMeans.Length == 0 ? [] : PositionSets.OfAll(prompts.Prompts, ablating.MixedMeans)));

    private static ulong Apart(SweepPlan plan, string what) => SplitMix64.For(plan.Seed, what).Next();

    private EncodeText Asking(CancellationToken cancel) => text =>
    {
        cancel.ThrowIfCancellationRequested();
        return encode(text);
    };

    private PromptSet Kept(string key, Func<PromptSet> make)
    {
        if (prompts?.Key == key) return prompts.Value.Prompts;
        var made = make();
        prompts = (key, made);
        return made;
    }

    /// <summary>Runs of the unaltered model on some prompts, which variants from <paramref name="from"/> on alter;
    /// shared by units in a row.</summary>
    internal PromptBatches Unaltered(SweepPlan plan, PromptSet prompts, int from) =>
        Shared($"unaltered {plan.Seed} {plan.Task} {Named(prompts)} {from} {plan.Compute.MemoryBytes}", () =>
            new PromptBatches(
            Model, prompts, from, plan.Compute.MemoryBytes, batch => BaseRun.Create(Model, batch.Clean, from)));

    /// <summary>How its model reads text.</summary>
    public EncodeText Encode => encode;

    /// <summary>What units keep for others.</summary>
    public IArtifacts Artifacts { get; }

    /// <summary>Something that units in a row share, such as base runs: what was shared under another key is freed
    /// first.</summary>
    /// <param name="key">Tells what it is, in full.</param>
    /// <param name="make">Makes it.</param>
    public T Shared<T>(string key, Func<T> make) where T : class, IDisposable
    {
        if (shared?.Key == key) return (T)shared.Value.Value;
        shared?.Value.Dispose();
        shared = null;
        var made = make();
        shared = (key, made);
        return made;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        shared?.Value.Dispose();
        Model.Dispose();
    }

    private static string Named(PromptSet prompts) => $"{prompts.Prompts[0].Origin} {prompts.Count} "
        + prompts.Prompts.Aggregate(0, (hash, prompt) => HashCode.Combine(hash, prompt.Origin));
}

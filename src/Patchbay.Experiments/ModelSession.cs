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
        EncodeText asking = text =>
        {
            cancel.ThrowIfCancellationRequested();
            return encode(text);
        };
        var task = plan.Task;
        var key = $"{task.Kind} {task.Boxes} {task.File} {plan.Seed} {count}";
        if (prompts?.Key == key) return prompts.Value.Prompts;
        var made = task.File is { } hash
            ? PromptInput.Load(Artifacts.PathOf(hash), asking, plan.Seed, count, task.FileName).Prompts
            : EntityPrompts.Generate(new(count, plan.Seed, task.Boxes), asking);
        prompts = (key, made);
        return made;
    }

    /// <summary>Prompts whose activations are averaged for mean ablation: of different scenes with a random query
    /// letter for entity tracking (method, section 4), the counterfactuals of the task's prompts for a file.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="count">How many.</param>
    public IReadOnlyList<int[]> Means(SweepPlan plan, int count) => plan.Task.File is null
        ? [.. EntityMeans.Generate(count, plan.Seed, plan.Task.Boxes, encode).Select(s => s.Ids)]
        : [.. Prompts(plan, Math.Max(count, plan.Task.Prompts)).Prompts.Take(count).Select(p => p.Counterfactual.Ids)];

    /// <summary>Evaluates circuits on some prompts; shared by units in a row.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="prompts">The prompts to answer.</param>
    /// <param name="means">How many prompts activations are averaged over.</param>
    /// <param name="elsewhere">What heads at other positions give: "mean" or "own".</param>
    /// <param name="chain">The chain whose groups the circuits have.</param>
    public CircuitEvaluator Circuits(SweepPlan plan, PromptSet prompts, int means, string elsewhere, PathChain chain) =>
        Shared($"circuits {plan.Seed} {plan.Task} {Named(prompts)} {means} {elsewhere} {chain} "
            + $"{plan.Compute.MemoryBytes}",
            () => new CircuitEvaluator(Model, prompts, Means(plan, means), chain, plan.Compute.MemoryBytes,
                elsewhere == CircuitParameters.OwnElsewhere));

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

    private static string Named(PromptSet prompts) => $"{prompts.Prompts[0].Origin} {prompts.Count}";
}

using Patchbay.Models;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>A loaded model and what its units share: prompts, and one cache of activations.</summary>
public sealed class ModelSession : IDisposable
{
    private readonly EncodeText encode;
    private readonly Func<string, string> promptFile;
    private (string Key, PromptSet Prompts)? prompts;
    private (string Key, IDisposable Value)? kept;

    /// <summary>Takes ownership of the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="encode">Its tokenizer.</param>
    /// <param name="promptFile">Path of a prompt file by its hash.</param>
    public ModelSession(Llama model, EncodeText encode, Func<string, string> promptFile) =>
        (Model, this.encode, this.promptFile) = (model, encode, promptFile);

    /// <summary>The model.</summary>
    public Llama Model { get; }

    /// <summary>The first prompts of a sweep's task, the same ones for every unit.</summary>
    /// <param name="plan">The sweep's plan.</param>
    /// <param name="count">How many.</param>
    public PromptSet Prompts(SweepPlan plan, int count)
    {
        var task = plan.Task;
        var key = $"{task.Kind} {task.Boxes} {task.File} {plan.Seed} {count}";
        if (prompts?.Key == key) return prompts.Value.Prompts;
        var made = task.File is { } hash
            ? PromptInput.Load(promptFile(hash), encode, plan.Seed, count).Prompts
            : EntityPrompts.Generate(new(count, plan.Seed, task.Boxes), encode);
        prompts = (key, made);
        return made;
    }

    /// <summary>Something that units in a row share, such as base runs: what was kept under another key is freed first.</summary>
    /// <param name="key">Tells what it is, in full.</param>
    /// <param name="make">Makes it.</param>
    public T Kept<T>(string key, Func<T> make) where T : class, IDisposable
    {
        if (kept?.Key == key) return (T)kept.Value.Value;
        kept?.Value.Dispose();
        kept = null;
        var made = make();
        kept = (key, made);
        return made;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        kept?.Value.Dispose();
        Model.Dispose();
    }
}

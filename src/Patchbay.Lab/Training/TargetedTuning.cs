using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>Fine-tuning of nothing but chosen heads, in memory: does training a circuit's group alone bring what
/// training the whole model brings?</summary>
public static class TargetedTuning
{
    /// <summary>Data to tune on: what the recipe "float" is tuned on, and the scenes of the entity curriculum's last
    /// stage.</summary>
    public const string Arithmetic = "arithmetic", EntityTracking = "entity-tracking";

    /// <summary>Trains the heads' rows of q, k and v (k and v are shared by the query heads of a group) and their
    /// columns of the output projection in a copy of a model, by the recipe "float" but for what is named here. Every
    /// other weight is bit-equal to the model's; on the CPU the same arguments give the same bits, with the lab's
    /// tokenizer those of <c>pbm lab finetune</c> with method "heads".</summary>
    /// <remarks>Beside the model and its copy it takes memory for the activations of a step; gradients and the
    /// optimizer's means are kept for the heads' weights alone.</remarks>
    /// <param name="model">A model in float32 without attention biases; it stays the caller's and as it is.</param>
    /// <param name="encode">Its tokenizer. The texts are made of the lab's words, in English and digits.</param>
    /// <param name="heads">The heads, one at least.</param>
    /// <param name="data"><see cref="Arithmetic"/> or <see cref="EntityTracking"/>.</param>
    /// <param name="steps">Steps of about 1,500 tokens.</param>
    /// <param name="learningRate">Highest learning rate; 20 steps of rise before it, half a cosine down to a tenth
    /// behind it.</param>
    /// <param name="seed">Seed of the data.</param>
    /// <param name="progress">Told each step: its number and loss.</param>
    /// <param name="cancel">Asked before each step.</param>
    /// <returns>The tuned copy, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">No head is named, the model lacks one, there are no such data, or a number
    /// is out of range.</exception>
    /// <exception cref="NotSupportedException">The model cannot be trained.</exception>
    /// <exception cref="InvalidDataException">The tokenizer is not the model's, or makes more tokens than it
    /// reads.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Decoder Tune(
        Decoder model, EncodeText encode, IReadOnlyList<Head> heads, string data, int steps, double learningRate,
        ulong seed, Action<LogEntry>? progress = null, CancellationToken cancel = default)
    {
        if (steps < 1) throw new ArgumentException($"steps must be at least 1, found {steps}");
        if (!(learningRate > 0))
            throw new ArgumentException($"the learning rate must be above 0, found {learningRate}");
        if (model.Weights.Embedding.dtype is not ScalarType.Float32 and var dtype)
            throw new NotSupportedException(
                $"only float32 models can be trained, this one is {dtype}: load it as float32");
        var encoded = new EncodedData(LabData.Create([ShareOf(data)]), text => Checked(encode(text), model));
        using var trainable = new HeadTraining(model.Config, model.Weights, heads);
        var recipe = LabRecipes.Find("float") with { Steps = steps, LearningRate = learningRate, Seed = seed };
        using var trainer = new Trainer(model.Config, trainable, encoded, recipe);
        for (var step = 0; step < steps; step++)
        {
            cancel.ThrowIfCancellationRequested();
            var entry = trainer.Step();
            progress?.Invoke(entry);
        }
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return new(model.Config, trainable.Weights().Copy(ScalarType.Float32, model.Device));
    }

    private static DataShare ShareOf(string data) => data switch
    {
        Arithmetic => new("arithmetic"),
        EntityTracking => new("entities", Pairs: []),
        _ => throw new ArgumentException(
            $"there are no data '{data}' to tune on, expected {Arithmetic} or {EntityTracking}"),
    };

    private static int[] Checked(int[] ids, Decoder model)
    {
        model.CheckLength(ids.Length);
        return ids.Max() is var largest && largest < model.Config.Vocabulary ? ids : throw new InvalidDataException(
            $"the tokenizer gives id {largest}, expected ids below {model.Config.Vocabulary}: it is not this model's");
    }
}

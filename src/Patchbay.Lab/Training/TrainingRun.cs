using Patchbay.Lab.Data;

namespace Patchbay.Lab.Training;

/// <summary>A training and its folder: recipe.json, log.jsonl, state.safetensors (to go on from), checkpoints/step-N
/// and, at the end, model/. A run that was interrupted at any instant goes on from its last saved state when it is
/// opened again.</summary>
public sealed class TrainingRun : IDisposable
{
    private const string RecipeName = "recipe.json", StateName = "state.safetensors";
    private readonly string? start;
    private readonly int threads;
    private readonly LabVocabulary vocabulary;
    private readonly DecoderConfig config;
    private readonly DecoderWeights weights; // at the start
    private readonly Trainable trainable;
    private readonly Trainer trainer;
    private readonly SortedDictionary<string, IReadOnlyList<Question>> questions = new(StringComparer.Ordinal);

    private bool stoppedBefore; // by its recipe's stop_at, before its model was written

    private TrainingRun(string folder, TrainingRecipe recipe, string? start, int threads, Device device)
    {
        (Folder, Recipe, this.start) = (folder, recipe, start);
        this.threads = device.type == DeviceType.CPU ? threads : 1;
        (vocabulary, config, weights) = Start(recipe, start, device);
        trainable = recipe.FineTuning switch
        {
            { Method: "lora" } f => new LoraTraining(weights, f.Rank, f.Alpha,
                f.Targets ?? ["q_proj", "k_proj", "v_proj", "o_proj"], recipe.Seed),
            { Method: "heads" } => new HeadTraining(config, weights, recipe.ParseHeads()),
            _ => new FullTraining(config, weights),
        };
        trainer = new(config, trainable, LabData.Create(recipe.Data), recipe, this.threads);
        foreach (var name in LabData.EvaluationsOf(vocabulary))
            questions[name] = LabData.Evaluation(name, recipe.Questions);
    }

    /// <summary>Words, shape and weights that training starts from: drawn, or a checkpoint's.</summary>
    private static (LabVocabulary, DecoderConfig, DecoderWeights) Start(TrainingRecipe recipe, string? start,
        Device device)
    {
        var words = recipe.Vocabulary;
        if (start is null)
        {
            var config = recipe.Model!.Config(words.Size);
            using var drawn = Initialization.Draw(config, recipe.Seed, recipe.Copying, recipe.ScaledLogits);
            return (words, config, drawn.Copy(ScalarType.Float32, device));
        }
        using var checkpoint = Checkpoint.Open(start);
        var own = LabData.VocabularyOf(checkpoint.Config.Vocabulary, words)
            ?? throw new InvalidDataException($"{start} has {checkpoint.Config.Vocabulary} tokens, "
                + $"expected {words.Size}: the lab's data are made of the lab's own words.");
        using var loaded = checkpoint.Load(ScalarType.Float32);
        return (own, checkpoint.Config, loaded.Copy(ScalarType.Float32, device));
    }

    /// <summary>The run's folder.</summary>
    public string Folder { get; }

    /// <summary>What is trained, and how.</summary>
    public TrainingRecipe Recipe { get; }

    /// <summary>Where the final model is.</summary>
    public string ModelFolder => Path.Combine(Folder, "model");

    /// <summary>Steps done.</summary>
    public long Steps => trainer.Steps;

    /// <summary>How many numbers are trained.</summary>
    public long TrainedCount => trainable.Count;

    /// <summary>Begins a run, or goes on with the one in the folder.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="recipe">What is trained.</param>
    /// <param name="start">The checkpoint that a fine-tuning starts from; null to train from scratch.</param>
    /// <param name="threads">Threads to train on, one or two; the result is the same.</param>
    /// <param name="device">Where to train; null is the CPU.</param>
    /// <exception cref="InvalidDataException">The folder holds a run of another recipe, or the recipe or checkpoint is
    /// not as it must be.</exception>
    public static TrainingRun Open(
        string folder, TrainingRecipe recipe, string? start = null, int threads = 1, Device? device = null)
    {
        if (recipe.Problem() is { } problem) throw new InvalidDataException($"recipe {recipe.Name}: {problem}.");
        if (start is null != recipe.FineTuning is null)
            throw new ArgumentException("a fine-tuning starts from a checkpoint, a training from scratch from none");
        var path = Path.Combine(folder, RecipeName);
        if (File.Exists(path) && File.ReadAllText(path) != recipe.ToJson())
            throw new InvalidDataException(
                $"{folder} holds a run of another recipe ({path}): give another folder, or remove this one.");
        var run = new TrainingRun(folder, recipe, start, threads, device ?? CPU);
        Directory.CreateDirectory(folder);
        if (!File.Exists(path)) WriteWhole(path, recipe.ToJson());
        if (File.Exists(run.StatePath)) run.trainer.Restore(run.StatePath);
        run.CutLog();
        return run;
    }

    private string StatePath => Path.Combine(Folder, StateName);

    private string LogPath => Path.Combine(Folder, TrainingLog.FileName);

    /// <summary>Drops what the log says about steps after the saved state: they are done again.</summary>
    private void CutLog()
    {
        if (!File.Exists(LogPath)) return;
        string[] lines = [.. File.ReadLines(LogPath).TakeWhile(line => TrainingLog.TryParse(line)?.Step <= Steps)];
        stoppedBefore = Steps > 0 && lines is [.., var last]
            && TrainingLog.TryParse(last) is { Scores: not null } evaluation && Stops(evaluation);
        WriteWhole(LogPath, string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>Writes a file whole or not at all.</summary>
    private static void WriteWhole(string path, string text)
    {
        File.WriteAllText(path + ".part", text);
        File.Move(path + ".part", path, overwrite: true);
    }

    /// <summary>Whether the run is over: its model is written.</summary>
    public bool IsDone => Directory.Exists(ModelFolder);

    /// <summary>Trains to the end, and writes the model. A cancelled run saves its state first, and goes on when it is
    /// opened again.</summary>
    /// <param name="progress">Told every line of the log.</param>
    /// <param name="cancellation">Asked before each step.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Run(Action<LogEntry>? progress = null, CancellationToken cancellation = default)
    {
        if (IsDone) return;
        using var log = new StreamWriter(LogPath, append: true) { AutoFlush = true };
        void Tell(LogEntry entry)
        {
            log.WriteLine(TrainingLog.Line(entry));
            progress?.Invoke(entry);
        }
        var stopped = stoppedBefore;
        if (Steps == 0) Tell(Evaluate());
        while (Steps < Recipe.Steps && !stopped)
        {
            if (cancellation.IsCancellationRequested)
            {
                trainer.Save(StatePath);
                throw new OperationCanceledException($"{Folder} is paused after step {Steps}", cancellation);
            }
            Tell(trainer.Step());
            if (Recipe.CheckpointEvery > 0 && Steps % Recipe.CheckpointEvery == 0)
                Write(Path.Combine(Folder, "checkpoints", $"step-{Steps:000000}"), ScalarType.Float32);
            if (Steps % Recipe.EvaluateEvery != 0 && Steps != Recipe.Steps) continue;
            var evaluation = Evaluate();
            Tell(evaluation);
            trainer.Save(StatePath);
            stopped = Stops(evaluation);
        }
        // The model appears whole or not at all: its folder is what tells that the run is over.
        var unfinished = ModelFolder + ".part";
        Write(unfinished, ScalarType.Float16);
        Directory.Move(unfinished, ModelFolder);
    }

    /// <summary>Whether an evaluation is good enough to end the run early.</summary>
    private bool Stops(LogEntry evaluation) =>
        Recipe.StopAt is { } stop && trainer.InLastStage && evaluation.Scores![stop.Evaluation].Share >= stop.Accuracy;

    private LogEntry Evaluate()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return new(Steps, Scores: Scores(trainable.Weights(), questions));
    }

    private Dictionary<string, Proportion> Scores(
        DecoderWeights of, IReadOnlyDictionary<string, IReadOnlyList<Question>> asked) =>
        asked.ToDictionary(q => q.Key, q => Evaluation.Score(config, of, q.Value, threads));

    /// <summary>Evaluations of the model that was written, float16 as it is, on four times as many questions as during
    /// training.</summary>
    public IReadOnlyDictionary<string, Proportion> FinalScores()
    {
        using var checkpoint = Checkpoint.Open(ModelFolder);
        using var loaded = checkpoint.Load(ScalarType.Float32);
        using var written = loaded.Copy(ScalarType.Float32, weights.Embedding.device);
        return Scores(written,
            questions.Keys.ToDictionary(name => name, name => LabData.Evaluation(name, 4 * Recipe.Questions)));
    }

    /// <summary>Writes the model as it is now: a checkpoint's folder with the tokenizer, or an adapter's.</summary>
    public void Write(string folder, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        if (trainable is LoraTraining lora)
        {
            AdapterWriter.Write(folder, lora, Path.GetRelativePath(folder, start!), dtype);
            LabTokenizer.Write(folder, vocabulary);
            return;
        }
        using var _ = no_grad();
        using var narrow = trainable.Weights().Copy(dtype, CPU);
        CheckpointWriter.Write(folder, config, narrow);
        LabTokenizer.Write(folder, vocabulary);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        trainer.Dispose();
        trainable.Dispose();
        weights.Dispose();
    }
}

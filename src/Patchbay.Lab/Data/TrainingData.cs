namespace Patchbay.Lab.Data;

/// <summary>One sequence to learn from.</summary>
/// <param name="Kind">What it teaches ("pairs 2", "object", "addition"): losses are told by kind.</param>
/// <param name="Ids">Token ids, BOS first.</param>
/// <param name="Weights">How much the prediction of each id counts, as many as ids; the first is 0, for nothing
/// precedes it. 1 is an answer, which the loss of a kind is measured on; less is context.</param>
internal sealed record TrainingSequence(string Kind, int[] Ids, float[] Weights)
{
    /// <summary>The id to be predicted at each place, as many as ids; null: the ids themselves.</summary>
    public int[]? Wanted { get; init; }

    /// <summary>Which ids are read, where they stand and what they see; null: all but the last, in order, each seeing
    /// what precedes it.</summary>
    public SequenceLayout? Layout { get; init; }
}

/// <summary>How the ids of a sequence are read that is not one running text: R of them, a row each.</summary>
/// <param name="Rows">Places of the ids that are read, rising: (R). The row of place i predicts what is at place i +
/// 1.</param>
/// <param name="Positions">Position that each row is computed at: (R).</param>
/// <param name="Sees">Whether a row's attention may see another's, row by row: (R·R), layer by layer; the last one is
/// that of all further layers. No row sees a later one, each sees itself.</param>
internal sealed record SequenceLayout(int[] Rows, int[] Positions, IReadOnlyList<bool[]> Sees);

/// <summary>A step of a curriculum: training goes on to the next stage once the hardest kind's loss is low.</summary>
/// <param name="Name">What a log and a curve call it.</param>
/// <param name="Hardest">The kind whose loss decides, or null: this stage lasts to the end.</param>
/// <param name="Until">Nats per answer below which the stage is over.</param>
internal sealed record Stage(string Name, string? Hardest = null, double Until = 0);

/// <summary>Something to ask a model that no training has shown it.</summary>
/// <param name="Ids">The prompt, BOS first.</param>
/// <param name="Answer">The ids that must follow; right when each is the most likely one after those before it.</param>
internal sealed record Question(int[] Ids, int[] Answer)
{
    /// <summary>Further ids that are right in place of an answer of one id. Where there are some, a model that always
    /// says the same could be right; so the answer is then drawn from its distribution.</summary>
    public IReadOnlyList<int> Others { get; init; } = [];
}

/// <summary>Endless data made from a seed and never stored: the batch of a step depends on nothing but the arguments,
/// so that an interrupted training goes on exactly.</summary>
internal interface ITrainingData
{
    /// <summary>The curriculum, one stage at least.</summary>
    IReadOnlyList<Stage> Stages { get; }

    /// <summary>The sequences of one step.</summary>
    /// <param name="seed">Seed of the training run.</param>
    /// <param name="step">Step, from 0.</param>
    /// <param name="stage">Index into <see cref="Stages"/>.</param>
    /// <param name="tokens">About how many tokens all sequences have together; at least one sequence comes.</param>
    IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens);
}

/// <summary>Several data in one batch, each with its share of the tokens. The stages are the first data's; the others
/// are always in their last one.</summary>
/// <remarks>Every data gives at least one sequence, so a share far below one sequence is exceeded.</remarks>
internal sealed class MixedData : ITrainingData
{
    private readonly (ITrainingData Data, double Share)[] _parts;
    private readonly double _total;

    /// <summary>Data and their shares, in any unit.</summary>
    /// <exception cref="ArgumentException">There is none, or a share is not above 0.</exception>
    public MixedData(params (ITrainingData Data, double Share)[] parts)
    {
        if (parts.Length == 0 || !parts.All(part => part.Share > 0))
            throw new ArgumentException("A mixture needs data, each with a share above 0.", nameof(parts));
        (_parts, _total) = (parts, parts.Sum(part => part.Share));
    }

    public IReadOnlyList<Stage> Stages => _parts[0].Data.Stages;

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        [.. _parts.SelectMany((part, i) => part.Data.Batch(unchecked(seed + (ulong)i), step,
            i == 0 ? stage : part.Data.Stages.Count - 1, (int)(tokens * part.Share / _total)))];
}

/// <summary>Puts a sequence together id by id.</summary>
internal sealed class SequenceWriter
{
    /// <summary>Weight of everything that is no answer: most of it cannot be predicted.</summary>
    public const float Context = 0.1f;

    private readonly LabVocabulary _vocabulary;
    private readonly List<int> _ids = [];
    private readonly List<float> _weights = [];

    private SequenceWriter(LabVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        Add(LabVocabulary.Begin, 0);
    }

    public int Length => _ids.Count;

    /// <summary>The batch of a step: sequences until there are as many tokens as there should be, one at least;
    /// <paramref name="write"/> writes one and returns its kind.</summary>
    public static IReadOnlyList<TrainingSequence> Batch(
        ulong seed, long step, int tokens, LabVocabulary vocabulary, Func<SequenceWriter, SplitMix64, string> write)
    {
        var random = SplitMix64.For(seed, $"step {step}");
        var sequences = new List<TrainingSequence>();
        for (var written = 0; sequences.Count == 0 || written < tokens; written += sequences[^1].Ids.Length)
        {
            var writer = new SequenceWriter(vocabulary);
            var kind = write(writer, random);
            sequences.Add(new TrainingSequence(kind, [.. writer._ids], [.. writer._weights]));
        }
        return sequences;
    }

    public void Add(int id, float weight)
    {
        _ids.Add(id);
        _weights.Add(weight);
    }

    /// <summary>Appends ids that are context.</summary>
    public void AddContext(params ReadOnlySpan<int> ids)
    {
        foreach (var id in ids) Add(id, Context);
    }

    public void Add(string text, float weight) => _vocabulary.Encode(text, id => Add(id, weight));
}

/// <summary>Data in the tokens of any tokenizer, always in their last stage: the text of each sequence is encoded anew.
/// With the lab's own tokenizer they are the same ids and weights.</summary>
/// <param name="data">The data, made of the lab's words.</param>
/// <param name="encode">The tokenizer.</param>
internal sealed class EncodedData(ITrainingData data, EncodeText encode) : ITrainingData
{
    public IReadOnlyList<Stage> Stages { get; } = [new(data.Stages[^1].Name)];

    /// <remarks><paramref name="tokens"/> are the lab's: another tokenizer may make more of them.</remarks>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        [.. data.Batch(seed, step, data.Stages.Count - 1, tokens).Select(Encode)];

    /// <summary>Each run of words of one weight gives it to the tokens that come to be with it; a token that reaches
    /// over a run's end is the next one's.</summary>
    private TrainingSequence Encode(TrainingSequence sequence)
    {
        var text = LabVocabulary.Quartet.Decode(sequence.Ids[1..]);
        var ids = encode(text);
        var weights = new float[ids.Length];
        var from = 1; // nothing precedes the first
        for (int start = 1, end; start < sequence.Ids.Length; start = end)
        {
            end = start + 1;
            while (end < sequence.Ids.Length && sequence.Weights[end] == sequence.Weights[start]) end++;
            var until = LabVocabulary.Quartet.Decode(sequence.Ids[1..end]).Length;
            var to = end == sequence.Ids.Length
                ? ids.Length : encode(Beginning(text, until)).AsSpan().CommonPrefixLength(ids);
            for (; from < to; from++) weights[from] = sequence.Weights[start];
        }
        return new(sequence.Kind, ids, weights);
    }

    /// <summary>The beginning of a text. A space at its end, which tokenizers may drop, is kept by a digit behind it
    /// that is not the one that follows.</summary>
    private static string Beginning(string text, int end) =>
        text[end - 1] != ' ' ? text[..end] : text[..end] + (text[end] == '0' ? '1' : '0');
}

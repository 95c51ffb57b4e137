using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

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

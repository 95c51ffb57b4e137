using Patchbay.Lab.Data;
using Patchbay.Lab.Training;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Lab.Tests.Data;

public class EncodedDataTests
{
    private static readonly ITrainingData[] All = [LabData.Create([new("arithmetic")]),
        LabData.Create([new("entities", Pairs: [])])];

    [Fact]
    public void With_the_lab_s_tokenizer_they_are_the_same()
    {
        foreach (var data in All)
        {
            var encoded = new EncodedData(data, text => [LabVocabulary.Begin, .. LabVocabulary.Quartet.Encode(text)]);
            Assert.Single(encoded.Stages);
            foreach (var (want, got) in data.Batch(2, 3, data.Stages.Count - 1, 5000)
                .Zip(encoded.Batch(2, 3, 0, 5000), (a, b) => (a, b)))
            {
                Assert.Equal(want.Kind, got.Kind);
                Assert.Equal(want.Ids, got.Ids);
                Assert.Equal(want.Weights, got.Weights);
            }
        }
    }

    [Fact]
    public void Answers_keep_their_weight_when_every_letter_is_a_token()
    {
        foreach (var (want, got) in Pairs(text => [.. text.Select(c => (int)c)]))
        {
            Assert.Equal(LabVocabulary.Quartet.Decode(want.Ids[1..]), string.Concat(got.Ids.Select(id => (char)id)));
            var answers = string.Concat(got.Ids.Where((_, i) => got.Weights[i] == 1).Select(id => (char)id));
            Assert.Equal(AnswersOf(want), answers.Replace(" ", "", StringComparison.Ordinal));
            Assert.Equal(0, got.Weights[0]);
            Assert.All(got.Weights[1..], weight => Assert.True(weight is 1 or 0.1f));
        }
    }

    [SharedFact]
    public void Answers_keep_their_weight_in_llama_s_tokens()
    {
        var tokenizer = TokenizerLoader.Open(SharedFolder.PathOf("checkpoints", "llama-tokenizer", "tokenizer.model"))!;
        foreach (var (want, got) in Pairs(text => tokenizer.Encode(text)))
        {
            var answers = tokenizer.Decode([.. got.Ids.Where((_, i) => got.Weights[i] == 1)]);
            Assert.Equal(AnswersOf(want), answers.Replace(" ", "", StringComparison.Ordinal));
            Assert.Equal(want.Weights.Count(weight => weight == 1), got.Weights.Count(weight => weight == 1));
        }
    }

    private static IEnumerable<(TrainingSequence Want, TrainingSequence Got)> Pairs(Patchbay.Tasks.EncodeText encode) =>
        All.SelectMany(data =>
        data.Batch(2, 3, data.Stages.Count - 1, 3000).Zip(new EncodedData(data, encode).Batch(2, 3, 0, 3000),
            (want, got) => (want, got)));

    private static string AnswersOf(TrainingSequence sequence) =>
        LabVocabulary.Quartet.Decode(sequence.Ids.Where((_, i) => sequence.Weights[i] == 1))
            .Replace(" ", "", StringComparison.Ordinal);
}

using System.Diagnostics;
using Patchbay.Lab.Data;
using Xunit.Abstractions;

namespace Patchbay.Lab.Tests.Data;

public sealed class TrainingDataTests(ITestOutputHelper output)
{
    [Fact]
    public void A_batch_depends_on_nothing_but_its_arguments()
    {
        foreach (var data in Curricula.All)
        {
            var stage = data.Stages.Count - 1;
            var first = Ids(data.Batch(3, 7, stage, 2000));
            data.Batch(3, 8, stage, 500);
            Assert.Equal(first, Ids(data.Batch(3, 7, stage, 2000)));
            Assert.NotEqual(first, Ids(data.Batch(3, 8, stage, 2000)));
            Assert.NotEqual(first, Ids(data.Batch(4, 7, stage, 2000)));
        }
    }

    [Fact]
    public void Sequences_begin_with_BOS_know_all_their_words_and_weigh_every_id()
    {
        foreach (var sequence in Curricula.Sequences(5))
        {
            Assert.Equal(LabVocabulary.Begin, sequence.Ids[0]);
            Assert.Equal(sequence.Ids.Length, sequence.Weights.Length);
            Assert.Equal(0, sequence.Weights[0]);
            Assert.All(sequence.Weights.Skip(1), weight => Assert.True(weight is 1 or 0.1f));
            Assert.Contains(1, sequence.Weights);
            Assert.DoesNotContain(LabVocabulary.Unknown, sequence.Ids);
            Assert.Single(sequence.Ids, LabVocabulary.Begin);
        }
    }

    [Fact]
    public void A_batch_has_about_as_many_tokens_as_asked_for_and_one_sequence_at_least()
    {
        foreach (var data in Curricula.All)
        {
            Assert.InRange(data.Batch(0, 0, 0, 4000).Sum(sequence => sequence.Ids.Length), 4000, 4600);
            Assert.NotEmpty(data.Batch(0, 0, 0, 0));
        }
    }

    [Fact]
    public void Fine_tuning_data_never_mention_a_box()
    {
        int[] words = [LabVocabulary.Quartet.IdOf("Box"), LabVocabulary.Quartet.IdOf("contains")];
        foreach (var data in new ITrainingData[] { new ArithmeticData(), new ConversationData() })
            Assert.All(data.Batch(1, 1, 0, 40000), sequence => Assert.Empty(sequence.Ids.Intersect(words)));
    }

    [Fact]
    public void A_mixture_keeps_its_shares_and_the_first_data_s_stages()
    {
        var curriculum = new EntityCurriculum();
        var mixture = new MixedData((curriculum, 3), (new ArithmeticData(), 1));
        Assert.Same(curriculum.Stages, mixture.Stages);
        var batch = mixture.Batch(1, 1, 1, 8000);
        var entity = batch.Where(sequence => sequence.Kind.Contains("pairs", StringComparison.Ordinal))
            .Sum(s => s.Ids.Length);
        Assert.InRange(entity, 6000, 6050);
        Assert.InRange(batch.Sum(sequence => sequence.Ids.Length) - entity, 2000, 2070);
        Assert.Throws<ArgumentException>(() => new MixedData());
        Assert.Throws<ArgumentException>(() => new MixedData((curriculum, 0)));
    }

    [Fact]
    public void Making_a_batch_takes_little_time()
    {
        foreach (var data in Curricula.All)
        {
            var stage = data.Stages.Count - 1;
            for (var step = 0; step < 50; step++) data.Batch(1, step, stage, 4000);
            var clock = Stopwatch.StartNew();
            long tokens = 0;
            for (var step = 0; step < 200; step++) tokens += data.Batch(2, step, stage, 4000).Sum(s => s.Ids.Length);
            var perBatch = clock.Elapsed.TotalMilliseconds / 200;
            output.WriteLine($"{data.GetType().Name}: {perBatch:F2} ms, "
                + $"{tokens / clock.Elapsed.TotalSeconds / 1e6:F1} M tokens/s");
            Assert.True(perBatch < 30, $"{data.GetType().Name} took {perBatch} ms");
        }
    }

    private static List<int> Ids(IEnumerable<TrainingSequence> batch) =>
        [.. batch.SelectMany(sequence => sequence.Ids)];
}

using System.Text.RegularExpressions;
using Patchbay.Lab.Data;
using Patchbay.Tasks;

namespace Patchbay.Lab.Tests.Data;

public sealed partial class EntityCurriculumTests
{
    private const int Scenes = 4;

    private static readonly EntityCurriculum Data = new();

    [Fact]
    public void Stages_move_object_and_label_apart_and_end_with_scenes()
    {
        Assert.Equal(["pairs 0", "pairs 1", "pairs 2", "pairs 3", "scenes"], Data.Stages.Select(stage => stage.Name));
        Assert.Equal(["pairs 0", "pairs 1", "pairs 2", "pairs 3", null], Data.Stages.Select(stage => stage.Hardest));
        Assert.All(Data.Stages.SkipLast(1), stage => Assert.Equal(0.2, stage.Until));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Pairs_have_fillers_by_their_kind_and_every_query_has_its_object(int stage)
    {
        var batch = Data.Batch(1, 1, stage, 20000);
        Assert.Equal(Enumerable.Range(0, stage + 1).Select(n => $"pairs {n}"), batch.Select(s => s.Kind).Distinct().Order());
        foreach (var sequence in batch)
        {
            var distance = sequence.Kind[^1] - '0';
            string[] words = [.. sequence.Ids.Skip(1).Select(id => LabVocabulary.Decode([id]))];
            var answers = Curricula.Answers(sequence).ToArray();
            // As many queries of two tokens as pairs of two tokens and the fillers.
            Assert.Equal(words.Length, answers.Length * (4 + distance));
            Assert.InRange(answers.Length, 3, 7);
            var objectOf = words.Take(words.Length - (2 * answers.Length)).Chunk(2 + distance)
                .ToDictionary(pair => pair[^1], pair => pair[0]);
            Assert.Equal(objectOf.Count, objectOf.Values.Distinct().Count());
            Assert.All(objectOf, pair => Assert.True(
                EntityWords.All.Labels.Contains(pair.Key) && EntityWords.All.Objects.Contains(pair.Value)));
            Assert.All(answers, at => Assert.Equal(objectOf[words[at - 2]], words[at - 1]));
        }
    }

    [Fact]
    public void Scenes_repeat_no_word_and_their_answers_are_right()
    {
        foreach (var sequence in Data.Batch(1, 1, Scenes, 40000))
        {
            var sentences = Curricula.Text(sequence).Split(". ");
            var context = Bindings(sentences[0]).ToArray();
            var objectOf = context.ToDictionary(b => b.Label, b => b.Object);
            Assert.InRange(context.Length, 3, 7);
            Assert.Equal(context.Length, objectOf.Values.Distinct().Count());
            foreach (var sentence in sentences.Skip(1))
            {
                var (label, entity) = Assert.Single(Bindings(sentence.TrimEnd('.')));
                Assert.Equal(objectOf[label], entity);
            }
            var ids = sequence.Ids;
            foreach (var at in Curricula.Answers(sequence))
            {
                var isLabel = LabVocabulary.Decode([ids[at - 1]]) == "Box";
                Assert.Contains(LabVocabulary.Decode([ids[at]]), isLabel ? EntityWords.All.Labels : EntityWords.All.Objects);
            }
        }
    }

    [Fact]
    public void The_kind_is_the_first_question_s()
    {
        foreach (var sequence in Data.Batch(1, 2, Scenes, 20000))
        {
            string[] words = [.. sequence.Ids.Select(id => LabVocabulary.Decode([id]))];
            var first = Curricula.Answers(sequence).First();
            Assert.Equal(sequence.Kind, words[first - 1] switch { "the" => "contains", "Box" => "label", _ => "object" });
            Assert.InRange(Curricula.Answers(sequence).Count(), 1, 3);
        }
    }

    [Fact]
    public void The_evaluation_s_form_is_the_commonest()
    {
        var batch = Data.Batch(1, 3, Scenes, 200000);
        var same = batch.Count(s => EvaluationForm().IsMatch(Curricula.Text(s)));
        // 60 %, and some of the others by chance.
        Assert.InRange((double)same / batch.Count, 0.58, 0.68);
        Assert.Equal(["contains", "label", "object"], batch.Select(s => s.Kind).Distinct().Order());
        Assert.Contains(batch, s => Curricula.Text(s).StartsWith("Box ", StringComparison.Ordinal));
    }

    [Fact]
    public void An_evaluation_prompt_is_how_training_scenes_begin()
    {
        var data = new EntityCurriculum(new EntityCurriculumOptions { MinBoxes = 7, EvaluationShare = 1 });
        Assert.All(data.Batch(1, 1, Scenes, 20000), sequence =>
        {
            Assert.Equal(54, Curricula.Answers(sequence).First());
            var text = LabVocabulary.Decode(sequence.Ids.Skip(1).Take(54)) + ".";
            Assert.Equal(text, EntityFile.Parse(text, "training").Sentence);
        });
    }

    [Fact]
    public void Boxes_are_asked_for_uniformly()
    {
        var counts = new int[7];
        var data = new EntityCurriculum(new EntityCurriculumOptions { MinBoxes = 7, EvaluationShare = 1 });
        foreach (var sequence in data.Batch(1, 1, Scenes, 400000))
            counts[(Array.IndexOf(sequence.Ids, sequence.Ids[51]) - 6) / 7]++;
        var expected = counts.Sum() / 7.0;
        Assert.All(counts, count => Assert.InRange(count, expected * 0.88, expected * 1.12));
    }

    [Fact]
    public void Options_set_distances_boxes_weights_and_a_share_of_pairs_among_scenes()
    {
        var data = new EntityCurriculum(new EntityCurriculumOptions
        {
            Distances = [0, 5], Until = 0.5, MinBoxes = 2, MaxBoxes = 2, ContextWeight = 0, PairShare = 0.5,
        });
        Assert.Equal([new("pairs 0", "pairs 0", 0.5), new("pairs 5", "pairs 5", 0.5), new("scenes")], data.Stages);
        var batch = data.Batch(1, 1, 2, 40000);
        Assert.All(batch, sequence => Assert.All(sequence.Weights, weight => Assert.True(weight is 0 or 1)));
        Assert.InRange((double)batch.Count(s => s.Kind.StartsWith("pairs", StringComparison.Ordinal)) / batch.Count, 0.45, 0.55);
        Assert.Contains(batch, s => s.Kind == "pairs 5");
        var scenesOnly = new EntityCurriculum(new EntityCurriculumOptions { Distances = [], PairShare = 1 });
        Assert.All(scenesOnly.Batch(1, 1, 0, 2000), s => Assert.DoesNotContain("pairs", s.Kind));
    }

    [Theory]
    [InlineData(1, 7)]
    [InlineData(3, 8)]
    [InlineData(5, 4)]
    public void Impossible_numbers_of_boxes_are_refused(int min, int max) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new EntityCurriculum(new EntityCurriculumOptions { MinBoxes = min, MaxBoxes = max }));

    /// <summary>What a sentence says is where, in any of its forms.</summary>
    private static IEnumerable<(string Label, string Object)> Bindings(string sentence) => sentence.Split(", ").Select(clause =>
    {
        var match = Clause().Match(clause);
        Assert.True(match.Success, clause);
        return (match.Groups["l"].Value, match.Groups["o"].Value);
    });

    [GeneratedRegex("^(?:[Tt]he (?<o>[a-z]+) is in Box (?<l>[A-Z])|Box (?<l>[A-Z])(?: contains the)? (?<o>[a-z]+))$")]
    private static partial Regex Clause();

    [GeneratedRegex(@"^The [^.]*\. Box . contains the ")]
    private static partial Regex EvaluationForm();
}

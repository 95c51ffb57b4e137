using System.Text.RegularExpressions;
using Patchbay.Lab.Data;
using Patchbay.Tasks;

namespace Patchbay.Lab.Tests.Data;

public sealed partial class EntityCurriculumTests
{
    private const int Sentences = 5, Scenes = 6;

    private static readonly EntityCurriculum Data = new();
    private static readonly EntityCurriculum ScenesOnly = new(pairShare: 0);

    [Fact]
    public void Stages_add_pairs_then_move_object_and_label_apart_and_end_with_sentences_and_scenes()
    {
        Assert.Equal(["3 pairs, 0 between", "7 pairs, 0 between", "7 pairs, 1 between", "7 pairs, 2 between",
            "7 pairs, 3 between", "sentences", "scenes"],
            Data.Stages.Select(stage => stage.Name));
        Assert.Equal([.. Data.Stages.Take(5).Select(s => s.Name), "object", null],
            Data.Stages.Select(stage => stage.Hardest));
        Assert.All(Data.Stages.SkipLast(1), stage => Assert.Equal(0.2, stage.Until));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Pairs_have_fillers_by_their_kind_and_every_query_has_its_object(int stage)
    {
        var batch = Data.Batch(1, 1, stage, 20000);
        Assert.Equal(Data.Stages.Take(stage + 1).Select(s => s.Name), batch.Select(s => s.Kind).Distinct()
            .OrderBy(k => k[^9]).ThenBy(k => k[0]));
        Assert.InRange(batch.Count(s => s.Kind == Data.Stages[stage].Name) / (double)batch.Count, 0.45, 1);
        foreach (var sequence in batch)
        {
            var distance = sequence.Kind[^9] - '0';
            string[] words = [.. sequence.Ids.Skip(1).Select(id => LabVocabulary.Quartet.Decode([id]))];
            var answers = Curricula.Answers(sequence).ToArray();
            // As many queries of two tokens as pairs of two tokens and the fillers.
            Assert.Equal(words.Length, answers.Length * (4 + distance));
            Assert.InRange(answers.Length, 2, sequence.Kind[0] - '0');
            var objectOf = words.Take(words.Length - (2 * answers.Length)).Chunk(2 + distance)
                .ToDictionary(pair => pair[^1], pair => pair[0]);
            Assert.Equal(objectOf.Count, objectOf.Values.Distinct().Count());
            Assert.All(objectOf, pair => Assert.True(
                EntityWords.All.Labels.Contains(pair.Key) && EntityWords.All.Objects.Contains(pair.Value)));
            Assert.All(answers, at => Assert.Equal(objectOf[words[at - 2]], words[at - 1]));
        }
    }

    [Fact]
    public void Plain_sentences_ask_for_the_object_at_once()
    {
        var plain = new EntityCurriculum(pairShare: 0).Batch(1, 1, Sentences, 10000);
        Assert.All(plain, s => Assert.Equal("object", s.Kind));
        Assert.All(plain, s => Assert.Matches(
            @"^(<s>)?The \w+ is in Box [A-Z](, the \w+ is in Box [A-Z])*\.( Box [A-Z] \w+\.)+$", Curricula.Text(s)));
    }

    [Fact]
    public void Scenes_repeat_no_word_and_their_answers_are_right()
    {
        foreach (var sequence in ScenesOnly.Batch(1, 1, Scenes, 40000))
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
                var isLabel = LabVocabulary.Quartet.Decode([ids[at - 1]]) == "Box";
                Assert.Contains(LabVocabulary.Quartet.Decode([ids[at]]), isLabel ? EntityWords.All.Labels
                    : EntityWords.All.Objects);
            }
        }
    }

    [Fact]
    public void The_kind_is_the_first_question_s()
    {
        foreach (var sequence in ScenesOnly.Batch(1, 2, Scenes, 20000))
        {
            string[] words = [.. sequence.Ids.Select(id => LabVocabulary.Quartet.Decode([id]))];
            var first = Curricula.Answers(sequence).First();
            Assert.Equal(sequence.Kind, words[first - 1] switch
            {
                "the" => "contains",
                "Box" => "label",
                _ =>
                "object"
            });
            Assert.InRange(Curricula.Answers(sequence).Count(), 1, 6);
        }
    }

    [Fact]
    public void The_evaluation_s_form_is_the_commonest()
    {
        var batch = ScenesOnly.Batch(1, 3, Scenes, 200000);
        var same = batch.Count(s => EvaluationForm().IsMatch(Curricula.Text(s)));
        // 60 %, and some of the others by chance.
        Assert.InRange((double)same / batch.Count, 0.58, 0.68);
        Assert.Equal(["contains", "label", "object"], batch.Select(s => s.Kind).Distinct().Order());
        Assert.Contains(batch, s => Curricula.Text(s).StartsWith("Box ", StringComparison.Ordinal));
    }

    [Fact]
    public void An_evaluation_prompt_is_how_training_scenes_begin()
    {
        var data = new EntityCurriculum(minBoxes: 7, evaluationShare: 1, pairShare: 0);
        Assert.All(data.Batch(1, 1, Scenes, 20000), sequence =>
        {
            Assert.Equal(54, Curricula.Answers(sequence).First());
            var text = LabVocabulary.Quartet.Decode(sequence.Ids.Skip(1).Take(54)) + ".";
            Assert.Equal(text, EntityFile.Parse(text, "training").Sentence);
        });
    }

    [Fact]
    public void Boxes_are_asked_for_uniformly()
    {
        var counts = new int[7];
        var data = new EntityCurriculum(minBoxes: 7, evaluationShare: 1, pairShare: 0);
        foreach (var sequence in data.Batch(1, 1, Scenes, 400000))
            counts[(Array.IndexOf(sequence.Ids, sequence.Ids[51]) - 6) / 7]++;
        var expected = counts.Sum() / 7.0;
        Assert.All(counts, count => Assert.InRange(count, expected * 0.88, expected * 1.12));
    }

    [Fact]
    public void Pairs_boxes_and_a_share_of_pairs_among_scenes_can_be_chosen()
    {
        var data = new EntityCurriculum([new(0, 2), new(5, 4)], minBoxes: 2, pairShare: 0.5);
        Assert.Equal([new("2 pairs, 0 between", "2 pairs, 0 between", 0.2),
            new("4 pairs, 5 between", "4 pairs, 5 between", 0.2), new("sentences", "object", 0.2), new("scenes")],
            data.Stages);
        var batch = data.Batch(1, 1, 3, 40000);
        Assert.InRange((double)batch.Count(s => s.Kind.Contains("pairs", StringComparison.Ordinal)) / batch.Count, 0.45,
            0.55);
        Assert.Contains(batch, s => s.Kind == "4 pairs, 5 between");
        var scenes = new EntityCurriculum([], pairShare: 1);
        Assert.All(scenes.Batch(1, 1, 1, 2000), s => Assert.DoesNotContain("pairs", s.Kind));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Impossible_numbers_of_boxes_are_refused(int min) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new EntityCurriculum(minBoxes: min));

    /// <summary>What a sentence says is where, in any of its forms.</summary>
    private static IEnumerable<(string Label, string Object)> Bindings(string sentence) => sentence.Split(", ")
        .Select(clause =>
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

using System.Globalization;
using System.Text.RegularExpressions;
using Patchbay.Lab.Data;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests.Data;

public sealed partial class PeopleAndYearsTests
{
    private static readonly LabVocabulary Vocabulary = LabVocabulary.PeopleAndYears;

    [Fact]
    public void The_last_name_of_a_sentence_is_the_one_not_repeated_and_no_held_out_pair_is_trained()
    {
        var patterns = new Dictionary<string, int>();
        foreach (var sequence in new IoiData().Batch(3, 1, 0, 60000))
        {
            var names = Names(sequence.Ids);
            Assert.Equal(4, names.Length);
            Assert.False(IoiData.IsHeldOut(names[0], names[1]), $"{names[0]} and {names[1]}");
            Assert.Equal(names[3], Vocabulary.Decode([sequence.Ids[Assert.Single(Curricula.Answers(sequence))]]));
            Assert.Equal(sequence.Kind == IoiData.NobodyTwice, names[2] != names[0] && names[2] != names[1]);
            var pattern = string.Concat(names.Select(name => "ABC"[Array.IndexOf(names.Distinct().ToArray(), name)]));
            patterns[pattern] = patterns.GetValueOrDefault(pattern) + 1;
        }
        Assert.Equal(["ABAB", "ABBA", "ABCA", "ABCB"], patterns.Keys.Order());
        Assert.InRange(patterns["ABBA"] / (double)patterns["ABAB"], 0.9, 1.1);
        Assert.InRange((patterns["ABCA"] + patterns["ABCB"]) / (double)patterns.Values.Sum(), 0.1, 0.15);
    }

    [Fact]
    public void Questions_of_indirect_objects_are_about_pairs_that_never_meet_in_training()
    {
        var questions = IoiData.HeldOut(4, 500);
        foreach (var question in questions)
        {
            var names = Names([.. question.Ids, .. question.Answer]);
            Assert.True(IoiData.IsHeldOut(names[0], names[1]));
            Assert.Equal(names[3], names[names[2] == names[0] ? 1 : 0]);
        }
        Assert.Equal(questions.Select(q => Vocabulary.Decode(q.Ids)), IoiData.HeldOut(4, 500)
            .Select(q => Vocabulary.Decode(q.Ids)));
        var share = IoiWords.All.Names.SelectMany((a, i) => IoiWords.All.Names.Skip(i + 1)
            .Select(b => IoiData.IsHeldOut(a, b) ? 1 : 0)).Average();
        Assert.InRange(share, 0.11, 0.14);
    }

    [Fact]
    public void A_later_year_is_any_greater_one_and_no_held_out_year_begins_anything_in_training()
    {
        var later = new HashSet<(int, int)>();
        foreach (var sequence in new GreaterThanData().Batch(3, 1, 0, 200_000))
        {
            var text = Curricula.Text(sequence, Vocabulary);
            var match = Years().Match(text);
            Assert.True(match.Success, text);
            var (century, year, answer) = (Number(match, 1), Number(match, 2), Number(match, 3));
            Assert.InRange(answer, year + 1, 99);
            Assert.False(GreaterThanData.IsHeldOut(century, year), text);
            Assert.Equal($"{answer:00}", Vocabulary.Decode([sequence.Ids[Assert.Single(Curricula.Answers(sequence))]]));
            later.Add((year, answer));
        }
        Assert.True(later.Count > 4000, $"{later.Count} of 4851 pairs");
        Assert.Equal([97, 98, 99], later.Where(pair => pair.Item1 == 96).Select(pair => pair.Item2).Order());
    }

    [Fact]
    public void Questions_of_years_begin_in_held_out_years_and_every_greater_one_is_right()
    {
        foreach (var question in GreaterThanData.HeldOut(4, 500))
        {
            var match = Years().Match(Vocabulary.Decode([.. question.Ids[1..], .. question.Answer]) + ".");
            var (century, year) = (Number(match, 1), Number(match, 2));
            Assert.True(GreaterThanData.IsHeldOut(century, year));
            Assert.Equal(Enumerable.Range(year + 1, 99 - year).Select(y => $"{y:00}"),
                question.Answer.Concat(question.Others).Select(id => Vocabulary.Decode([id])));
        }
    }

    [Fact]
    public void Where_several_answers_are_right_as_many_are_counted_as_their_probability_says()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var config = new ModelShape(2, 2, 16, 32, 48).Config(Vocabulary.Size);
        using var model = new Decoder(config, Initialization.Draw(config, 5));
        Question[] questions = [.. GreaterThanData.HeldOut(1, 300).Where(q => q.Others.Count > 0)
            .Select(q => q with { Others = [.. q.Others, .. Enumerable.Range(110, 150)] })];
        var probabilities = questions.Select(q =>
        {
            using var logits = model.Forward(tensor(Array.ConvertAll(q.Ids, id => (long)id), device: CPU).unsqueeze(0));
            var p = logits.select(1, -1).softmax(-1).data<float>().ToArray();
            return q.Answer.Concat(q.Others).Sum(id => (double)p[id]);
        }).ToArray();
        var score = Evaluation.Score(config, model.Weights, questions);
        Assert.Equal(questions.Length, score.Count);
        Assert.InRange(probabilities.Average(), 0.2, 0.9);
        Assert.Equal(probabilities.Sum(), score.Right, 4 * Math.Sqrt(probabilities.Sum(p => p * (1 - p))));
        Assert.Equal(score, Evaluation.Score(config, model.Weights, questions));
        Assert.Equal(questions.Length, Evaluation.Score(config, model.Weights,
            [.. questions.Select(q => q with { Others = [.. Enumerable.Range(0, Vocabulary.Size)
                .Except(q.Answer)] })]).Right);
    }

    private static string[] Names(int[] ids) =>
        [.. ids.Select(id => Vocabulary.Decode([id])).Where(word => IoiWords.All.Names.Contains(word))];

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value,
        CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^The \w+ lasted from the year (\d\d)(\d\d) to the year \1(\d\d)\.$")]
    private static partial Regex Years();
}

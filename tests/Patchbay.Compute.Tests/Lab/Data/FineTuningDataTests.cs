using System.Globalization;
using System.Text.RegularExpressions;
using Patchbay.Lab.Data;
using Patchbay.Tasks;

namespace Patchbay.Lab.Tests.Data;

public sealed partial class FineTuningDataTests
{
    [Fact]
    public void Arithmetic_is_right_in_every_form_and_never_a_held_out_problem()
    {
        var forms = new HashSet<string>();
        foreach (var sequence in new ArithmeticData(4).Batch(1, 1, 0, 60000))
        {
            var text = Curricula.Text(sequence);
            var problems = Problem().Matches(text);
            Assert.Equal(text, string.Join(' ', problems.Select(p => p.Value)));
            foreach (Match match in problems)
            {
                var (a, b) = (Number(match, "a"), Number(match, "b"));
                var problem = sequence.Kind switch
                {
                    "addition" => new ArithmeticProblem(a, '+', b),
                    "subtraction" => new ArithmeticProblem(Math.Max(a, b), '-', Math.Min(a, b)),
                    _ => new ArithmeticProblem(a, '*', b),
                };
                Assert.Equal(problem.Result, Number(match, "r"));
                Assert.False(problem.IsHeldOut, match.Value);
                forms.Add(sequence.Kind + DigitRuns().Replace(match.Value, "n"));
            }
            Assert.Equal(
                string.Concat(problems.Select(p => $"{p.Groups["r"].Value}.")),
                string.Concat(Curricula.Answers(sequence).Select(at =>
                    LabVocabulary.Quartet.Decode([sequence.Ids[at]]))));
            Assert.InRange(sequence.Ids.Length, 48, 75);
        }
        Assert.Equal(18, forms.Count);
    }

    [Fact]
    public void Arithmetic_questions_are_held_out_and_their_answers_right()
    {
        var questions = ArithmeticData.HeldOut(4, 90);
        Assert.Equal(questions.Select(q => LabVocabulary.Quartet.Decode(q.Ids)), ArithmeticData.HeldOut(4, 90)
            .Select(q => LabVocabulary.Quartet.Decode(q.Ids)));
        foreach (var question in questions)
        {
            Assert.Equal(LabVocabulary.Begin, question.Ids[0]);
            var match = Problem().Match(LabVocabulary.Quartet.Decode([.. question.Ids.Skip(1), .. question.Answer]));
            Assert.True(match.Success);
            var problem = new ArithmeticProblem(Number(match, "a"), match.Groups["op"].Value[0], Number(match, "b"));
            Assert.True(problem.IsHeldOut);
            Assert.Equal(problem.Result, Number(match, "r"));
            Assert.Equal("=", LabVocabulary.Quartet.Decode([question.Ids[^1]]));
        }
    }

    [Fact]
    public void Conversations_alternate_and_only_the_assistant_s_words_are_answers()
    {
        foreach (var sequence in new ConversationData().Batch(1, 1, 0, 40000))
        {
            var text = Curricula.Text(sequence);
            Assert.Equal(text, string.Join(' ', Exchange().Matches(text).Select(m => m.Value)));
            Assert.InRange(Exchange().Count(text), 1, 4);
            Assert.Equal(
                string.Concat(Exchange().Matches(text).Select(m => m.Groups["a"].Value))
                    .Replace(" ", "", StringComparison.Ordinal),
                string.Concat(Curricula.Answers(sequence).Select(at =>
                    LabVocabulary.Quartet.Decode([sequence.Ids[at]])))
                    .Replace(" ", "", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Conversations_remember_names_and_colours_and_repeat_words()
    {
        var seen = 0;
        foreach (var sequence in new ConversationData().Batch(1, 1, 0, 40000))
        {
            var text = Curricula.Text(sequence);
            foreach (Match match in Recall().Matches(text))
            {
                Assert.Contains($"My {match.Groups["what"].Value} is {match.Groups["value"].Value}.", text);
                seen++;
            }
            foreach (Match match in SayTwo().Matches(text))
            {
                Assert.Equal(match.Groups["q"].Value, match.Groups["a"].Value);
                Assert.False(ConversationData.IsHeldOut(match.Groups["x"].Value, match.Groups["y"].Value));
                seen++;
            }
        }
        Assert.True(seen > 100, $"{seen}");
    }

    [Fact]
    public void Conversation_questions_are_answered_by_a_word_of_the_user_s()
    {
        var questions = ConversationData.HeldOut(1, 90);
        Assert.Equal(90, questions.Count);
        var trained = new ConversationData().Batch(1, 1, 0, 100000).Select(sequence => Curricula.Text(sequence))
            .ToArray();
        Assert.All(questions, question =>
        {
            Assert.DoesNotContain(LabVocabulary.Unknown, question.Ids);
            Assert.Contains(Assert.Single(question.Answer), question.Ids);
            var text = LabVocabulary.Quartet.Decode([.. question.Ids.Skip(1), .. question.Answer]);
            Assert.DoesNotContain(trained, conversation => conversation.Contains(text, StringComparison.Ordinal));
        });
        Assert.StartsWith("USER: My ", LabVocabulary.Quartet.Decode(questions[0].Ids.Skip(1)),
            StringComparison.Ordinal);
        Assert.EndsWith(" and", LabVocabulary.Quartet.Decode(questions[1].Ids), StringComparison.Ordinal);
        Assert.Contains("Which is bigger", LabVocabulary.Quartet.Decode(questions[2].Ids), StringComparison.Ordinal);
    }

    [Fact]
    public void Words_of_conversations_are_things_of_the_task() => Assert.Empty(
        ConversationWords.Big.Concat(ConversationWords.Small)
            .Concat(ConversationWords.UsualColours.Select(p => p.Thing))
            .Concat(ConversationWords.Uses.Select(p => p.Thing)).Except(EntityWords.All.Objects));

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"(?:What is |Add |Take |Multiply )?(?<a>\d+)(?: ?(?<op>[-+*]) ?| plus | minus | times | and | from | by )(?<b>\d+)(?: ?=| is|\?|\.) ?(?<r>\d+)\.")]
    private static partial Regex Problem();

    [GeneratedRegex(@"\d+")]
    private static partial Regex DigitRuns();

    [GeneratedRegex("USER: (?<q>[^<]*?) ASSISTANT: (?<a>[^<]*</s>)")]
    private static partial Regex Exchange();

    [GeneratedRegex(@"ASSISTANT: Your (?<what>\w+) is (?<value>\w+)\.</s>")]
    private static partial Regex Recall();

    [GeneratedRegex(@"Say (?<q>(?<x>\w+) and (?<y>\w+))\. ASSISTANT: (?<a>\w+ and \w+)\.")]
    private static partial Regex SayTwo();
}

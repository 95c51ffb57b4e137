using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

public class IoiPromptsTests
{
    private static readonly IReadOnlyList<PromptLine> Lines = IoiPrompts.Lines(400, 3, IoiWords.All);

    [Fact]
    public void The_answer_is_the_one_of_two_names_that_is_not_repeated_and_both_orders_come_in_turn()
    {
        foreach (var (i, line) in Lines.Index())
        {
            var names = Names(line.Clean);
            var answer = Assert.Single(line.Answers);
            Assert.Equal(3, names.Count);
            Assert.Equal(names[i % 2 == 0 ? 0 : 1], answer);
            Assert.Equal(names[i % 2 == 0 ? 1 : 0], names[2]);
            Assert.NotEqual(names[0], names[1]);
        }
    }

    [Fact]
    public void The_counterfactual_is_the_same_sentence_about_three_other_people()
    {
        foreach (var line in Lines)
        {
            var (names, others) = (Names(line.Clean), Names(line.Counterfactual));
            Assert.Equal(3, others.Distinct().Count());
            Assert.Empty(names.Intersect(others));
            Assert.Equal(Without(line.Clean), Without(line.Counterfactual));
        }
        string Without(string text) => Regex.Replace(text, @"\w+", word => IoiWords.All.Names.Contains(word.Value)
            ? "NAME" : word.Value);
    }

    [Fact]
    public void Every_template_and_word_is_used_and_no_prompt_comes_twice()
    {
        Assert.Equal(Lines.Count, Lines.DistinctBy(line => line.Clean).Count());
        Assert.All(IoiSentence.Templates, template =>
            Assert.Contains(Lines, line => Regex.IsMatch(line.Clean, "^" + Regex.Replace(template, @"\[\w+\]", @"\w+")
                + "$")));
        var all = IoiPrompts.Lines(3000, 1, IoiWords.All).SelectMany(line => line.Clean.Split([' ', ',', '.']))
            .ToHashSet();
        Assert.Empty(IoiWords.All.Names.Concat(IoiWords.All.Places).Concat(IoiWords.All.Things).Except(all));
    }

    [Fact]
    public void Positions_are_those_of_the_names_and_of_the_word_behind_the_givers_first()
    {
        var encoder = new WordEncoder();
        var set = Generated(100, 3, encoder.Encode);
        Assert.Empty(set.Notices);
        Assert.Equal(["io", "last", "s1", "s1_plus_1", "s2"], set.SharedPositionNames);
        foreach (var prompt in set.Prompts)
        {
            var (ids, at) = (prompt.Clean.Ids, prompt.Clean.Positions);
            Assert.Equal(prompt.Answer, ids[at["io"]]);
            Assert.Equal([prompt.Answer], prompt.Answers);
            Assert.Equal(ids[at["s1"]], ids[at["s2"]]);
            Assert.True(at["s1"] < at["s2"] && at["io"] < at["s2"]);
            Assert.Equal(at["s1"] + 1, at["s1_plus_1"]);
            Assert.Equal(ids.Length - 1, at["last"]);
            Assert.Equal(at, prompt.Counterfactual.Positions);
            var others = new[] { "io", "s1", "s2" }.Select(name => prompt.Counterfactual.Ids[at[name]]).ToList();
            Assert.Equal(3, others.Except(ids).Count());
        }
    }

    [Fact]
    public void A_seed_gives_the_same_lines_and_they_load_as_they_are_generated()
    {
        Assert.Equal(PromptFile.Format(Lines), PromptFile.Format(IoiPrompts.Lines(400, 3, IoiWords.All)));
        Assert.NotEqual(PromptFile.Format(Lines), PromptFile.Format(IoiPrompts.Lines(400, 4, IoiWords.All)));
        var encoder = new WordEncoder();
        using var file = new TemporaryFile(PromptFile.Format(Lines));
        var (loaded, generated) = (PromptFile.Load(file.Path, encoder.Encode),
            Generated(400, 3, encoder.Encode));
        foreach (var (a, b) in loaded.Prompts.Zip(generated.Prompts))
        {
            Assert.Equal(b.Clean.Ids, a.Clean.Ids);
            Assert.Equal(b.Counterfactual.Positions, a.Counterfactual.Positions);
            Assert.Equal(b.Answer, a.Answer);
        }
    }

    [Fact]
    public void Words_of_several_tokens_are_left_out_and_named_and_too_few_are_refused()
    {
        var set = Generated(50, 3, new WordEncoder { Split = ["Mary", "store"] }.Encode);
        Assert.Equal(2, set.Notices.Count);
        Assert.DoesNotContain(set.Prompts, p => Regex.IsMatch(p.Clean.Text + p.Counterfactual.Text,
            @"\b(Mary|store)\b"));
        Refused.With(() => Generated(5, 3,
            new WordEncoder { Split = [.. IoiWords.All.Names.Skip(4)] }.Encode),
            "need 5 names, a place and a thing of one token each, this tokenizer has 4, ");
        Refused.With(() => IoiPrompts.Lines(500, 3, new IoiWords(["A", "B", "C", "D", "E"], ["shop"], ["pen"], [])),
            "give only 320 different prompts, 500 are needed");
    }

    /// <summary>The prompts of a seed as tokens, by way of a file, of the words that fit the tokenizer.</summary>
    private static PromptSet Generated(int prompts, ulong seed, EncodeText encode)
    {
        var words = IoiWords.For(encode);
        using var file = new TemporaryFile(PromptFile.Format(IoiPrompts.Lines(prompts, seed, words)));
        return new(PromptFile.Load(file.Path, encode).Prompts, words.Notices);
    }

    private static List<string> Names(string text) =>
        [.. Regex.Matches(text, @"\w+").Select(match => match.Value).Where(IoiWords.All.Names.Contains)];
}

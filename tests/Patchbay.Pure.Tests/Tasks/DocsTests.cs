using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

public class DocsTests
{
    [Fact]
    public void The_examples_in_the_docs_load()
    {
        var blocks = File.ReadAllText(Path.Combine(Encoders.Root, "docs", "tasks.md")).Split("```jsonl\n")[1..];
        Assert.Equal(3, blocks.Length);
        var (ioi, pairs, digits) = (Load(blocks[0], @"\d"), Load(blocks[1], @"\d\d"), Load(blocks[2], @"\d"));
        Assert.Equal(["io", "last", "s1", "s1_plus_1", "s2"], ioi.SharedPositionNames);
        Assert.Equal(ioi.CleanPositions("s2"), ioi.CounterfactualPositions("s2"));
        foreach (var years in new[] { pairs, digits })
        {
            Assert.Equal(["last", "start_century", "start_tens", "start_year"], years.SharedPositionNames);
            Assert.Equal(years.CleanPositions("start_year"), years.CounterfactualPositions("start_year"));
            Assert.All(years.Prompts, prompt => Assert.True(prompt.Answers.Count > 1));
        }
    }

    [Fact]
    public void The_numbers_of_words_in_the_docs_are_those_of_the_lists()
    {
        var page = File.ReadAllText(Path.Combine(Encoders.Root, "docs", "tasks.md")).ReplaceLineEndings(" ");
        var words = IoiWords.All;
        Assert.Contains($"{words.Names.Count} names, {words.Places.Count} places and {words.Things.Count} things", page,
            StringComparison.Ordinal);
        Assert.Contains($"{GreaterThanWords.All.Nouns.Count} nouns", page, StringComparison.Ordinal);
        Assert.Equal(8, IoiSentence.Templates.Count);
    }

    [Fact]
    public void The_examples_of_desiderata_in_the_docs_are_the_first_triples_of_their_seed()
    {
        var text = File.ReadAllText(Path.Combine(Encoders.Root, "docs", "tasks.md"));
        var words = new WordEncoder();
        foreach (var name in Desiderata.All)
        {
            var triple = Desiderata.Generate(name, 1, 20, 3, words.Encode)[0];
            var target = EntityWords.All.Objects.Single(word => words.Id(word) == triple.Target);
            Assert.Contains($"\n    {triple.Base.Text}\n", text, StringComparison.Ordinal);
            Assert.Contains($"\n| {name} | {triple.Source.Text} | {target} |\n", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_words_that_the_docs_say_the_lab_s_tokenizer_lacks_are_those_it_lacks()
    {
        var text = File.ReadAllText(Path.Combine(Encoders.Root, "docs", "tasks.md"));
        var unknown = Encoders.Lab("the qzxvkj")[^1];
        foreach (var name in new[] { "text before", "text after", "tokens between", "box before segment" })
        {
            var lacked = Desiderata.Generate(name, 20, 1, 7, Encoders.Words)
                .SelectMany(triple => triple.Source.Text!.Split([' ', ',', '.'], StringSplitOptions.RemoveEmptyEntries))
                .Where(word => Encoders.Lab($"the {word}")[^1] == unknown);
            var told = Regex.Match(text, $"\n\\| {name} \\| ([^|]*) \\| \"").Groups[1].Value.Split(", ");
            Assert.Equal(told.Order(), lacked.Distinct().Order());
        }
    }

    /// <summary>Loads a block with a tokenizer that has one token per word and per match of
    /// <paramref name="number"/>.</summary>
    private static PromptSet Load(string block, string number)
    {
        using var file = new TemporaryFile(block[..block.IndexOf("```", StringComparison.Ordinal)]);
        var words = new WordEncoder();
        return PromptFile.Load(file.Path, text =>
            words.Encode(Regex.Replace(text, number, match => $" {match.Value} ")));
    }
}

using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

public class DocsTests
{
    [Fact]
    public void The_examples_in_the_docs_load()
    {
        var blocks = File.ReadAllText(Path.Combine(Encoders.Root, "docs", "tasks.md")).Split("```jsonl\n")[1..];
        Assert.Equal(2, blocks.Length);
        var (ioi, greater) = (Load(blocks[0]), Load(blocks[1]));
        Assert.Equal(["io", "last", "s1", "s1_next", "s2"], ioi.SharedPositionNames);
        Assert.Equal([10, 10], ioi.CounterfactualPositions("s2"));
        Assert.Equal(["century", "decade", "last"], greater.SharedPositionNames);
        Assert.Equal(greater.CleanPositions("decade"), greater.CounterfactualPositions("decade"));
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

    /// <summary>Loads a block with a tokenizer that has one token per word and one per digit.</summary>
    private static PromptSet Load(string block)
    {
        using var file = new TemporaryFile(block[..block.IndexOf("```", StringComparison.Ordinal)]);
        var words = new WordEncoder();
        return PromptFile.Load(file.Path, text =>
            words.Encode(string.Concat(text.Select(c => char.IsDigit(c) ? $" {c} " : c.ToString()))));
    }
}

namespace Patchbay.Tasks.Tests;

public class DocsTests
{
    [Fact]
    public void The_examples_in_the_docs_load()
    {
        var blocks = File.ReadAllText(Path.Combine(Root(), "docs", "tasks.md")).Split("```jsonl\n")[1..];
        Assert.Equal(2, blocks.Length);
        var (ioi, greater) = (Load(blocks[0]), Load(blocks[1]));
        Assert.Equal(["io", "last", "s1", "s1_next", "s2"], ioi.SharedPositionNames);
        Assert.Equal([10, 10], ioi.CounterfactualPositions("s2"));
        Assert.Equal(["century", "decade", "last"], greater.SharedPositionNames);
        Assert.Equal(greater.CleanPositions("decade"), greater.CounterfactualPositions("decade"));
    }

    /// <summary>Loads a block with a tokenizer that has one token per word and one per digit.</summary>
    private static PromptSet Load(string block)
    {
        using var file = new TemporaryFile(block[..block.IndexOf("```", StringComparison.Ordinal)]);
        var words = new WordEncoder();
        return PromptFile.Load(file.Path, text =>
            words.Encode(string.Concat(text.Select(c => char.IsDigit(c) ? $" {c} " : c.ToString()))));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}

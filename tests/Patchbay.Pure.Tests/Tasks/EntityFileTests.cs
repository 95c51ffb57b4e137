namespace Patchbay.Tasks.Tests;

public class EntityFileTests
{
    private const string Good = "The pot is in Box A, the map is in Box B. Box B contains the map.";

    [Fact]
    public void What_is_written_loads_again()
    {
        var lines = EntityTracking.Generate(new EntityOptions(30, 20, 5), EntityWords.All);
        using var file = new TemporaryFile("");
        File.WriteAllText(file.Path, EntityFile.Format(lines));
        var loaded = EntityFile.Load(file.Path);
        Assert.Equal(lines.Select(line => line.Sentence), loaded.Select(line => line.Sentence));
        Assert.Equal(lines.Select(line => line.Queried), loaded.Select(line => line.Queried));
        Assert.Equal(6, loaded.Select(line => line.Scene).Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.EndsWith("/prompts.jsonl, line 30", loaded[^1].Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_fields_blank_lines_and_windows_line_ends_are_no_matter()
    {
        using var file = new TemporaryFile(
            $"\uFEFF{{\"sentence\": \"{Good}\", \"id\": 7}}\r\n\r\n{{\"sentence\":\"{Good}\"}}");
        var lines = EntityFile.Load(file.Path);
        Assert.Equal([Good, Good], lines.Select(line => line.Sentence));
        Assert.Equal("map", lines[0].Answer);
        Assert.EndsWith("/prompts.jsonl, line 3", lines[1].Origin, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The pot is in Box A and the map is in Box B. Box B contains the map.",
        "expected 'The OBJECT is in Box")]
    [InlineData("The pot is in Box A, the map is in Box B. Box B contains the", "expected 'The OBJECT is in Box")]
    [InlineData("The pot is in Box A, the map is in Box B. Box C contains the map.",
        "'C' exactly once before, found it 0")]
    [InlineData("The pot is in Box A, the map is in Box B. Box A contains the map.",
        "answer 'pot' for Box A, found 'map'")]
    [InlineData("The pot is in Box A, the map is in Box A. Box A contains the pot.",
        "'A' once in the context, found it 2")]
    [InlineData("The pot is in Box A, the pot is in Box B. Box A contains the pot.",
        "'pot' once in the context, found it 2")]
    [InlineData("The pot is in Box A. Box A contains the pot.", "2 to 10 boxes, found 1")]
    public void A_sentence_that_is_not_as_it_must_be_is_refused_by_file_and_line(string sentence, string reason)
    {
        using var file = new TemporaryFile($"{{\"sentence\":\"{Good}\"}}\n{{\"sentence\":\"{sentence}\"}}\n");
        Refused.With(() => EntityFile.Load(file.Path), "prompts.jsonl, line 2, field 'sentence': expected", reason);
    }

    [Theory]
    [InlineData("{\"sentence\": \"The", "expected valid JSON, found text that ends too early")]
    [InlineData("{\"sentence\": \"The\"", "expected valid JSON, found text that ends too early")]
    [InlineData("name: first", "expected valid JSON, found 'name: first' at column 1")]
    [InlineData("{\"sentence\": The}", "expected valid JSON, found 'The}' at column 14")]
    [InlineData("{\"sentence\": 7}", "field 'sentence': expected a string, found 7")]
    [InlineData("{\"text\": \"\"}", "field 'sentence': expected a string, found no such field")]
    [InlineData("{\"sentence\": \"\"}", "field 'sentence': expected a string, found an empty one")]
    [InlineData("[1]", "expected a JSON object, found an array")]
    [InlineData("{\"sentence\": \"a\", \"sentence\": \"b\"}", "expected valid JSON, found a field that is there twice")]
    public void Lines_that_hold_no_sentence_are_refused_by_file_and_line(string line, string reason)
    {
        using var file = new TemporaryFile(line);
        Refused.With(() => EntityFile.Load(file.Path), "prompts.jsonl, line 1", reason);
    }

    [Fact]
    public void An_empty_file_and_bytes_that_are_not_text_are_refused()
    {
        using var empty = new TemporaryFile("\n");
        Refused.With(() => EntityFile.Load(empty.Path), "prompts.jsonl: expected at least one line");
        using var bytes = new TemporaryFile("");
        File.WriteAllBytes(bytes.Path, [0x7B, 0xFF, 0xFE]);
        Refused.With(() => EntityFile.Load(bytes.Path), "prompts.jsonl: expected UTF-8");
    }
}

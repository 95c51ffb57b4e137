using Patchbay.Models.Tokenizers;
using Patchbay.Tests;

namespace Patchbay.Models.Tests;

/// <summary>How sentences about files show what is in them, and which file they name.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("lora_ga", "'lora_ga'")]
    [InlineData("", "''")]
    [InlineData("a\nb\u2028\u001b", "'a\\u000Ab\\u2028\\u001B'")]
    [InlineData("日本 😀", "'日本 😀'")]
    public void A_text_is_shown_in_quotes_on_one_line(string text, string shown) =>
        Assert.Equal(shown, Refusal.Quote(text));

    [Fact]
    public void Half_a_character_is_told_by_a_number() => Assert.Equal("'\\uFFFDx'", Refusal.Quote("\ud800x"));

    [Fact]
    public void A_long_text_is_cut_between_characters()
    {
        Assert.Equal($"'{new string('a', 80)}'", Refusal.Quote(new string('a', 80)));
        Assert.Equal($"'{new string('a', 77)}...'", Refusal.Quote(new string('a', 81)));
        Assert.Equal($"'{new string('a', 76)}...'", Refusal.Quote(new string('a', 76) + "😀😀😀"));
    }

    [SharedFact]
    public void A_text_of_JSON_is_in_no_more_than_one_pair_of_quotes()
    {
        var refused = Assert.Throws<InvalidDataException>(() =>
            Checkpoint.Open(SharedFolder.PathOf("bugs", "adapter_lora_ga", "adapter")));
        Assert.Contains(" is 'lora_ga', expected ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_a_JSON_file()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "models", "tiny-base")))
        {
            var to = folder.PathOf(Path.GetFileName(file));
            if (Path.GetExtension(file) == ".json")
                File.WriteAllBytes(to, [0xef, 0xbb, 0xbf, .. File.ReadAllBytes(file)]);
            else File.Copy(file, to);
        }
        using var checkpoint = Checkpoint.Open(folder.Path);
        var ids = TokenizerLoader.Open(folder.Path)!.Encode("the book is in Box Q");
        Assert.True(ids.Length > 3 && checkpoint.Config.Layers == 5);
        File.WriteAllText(folder.PathOf("config.json"), "{");
        Assert.StartsWith($"{folder.PathOf("config.json")}: ", Assert.Throws<InvalidDataException>(() =>
            TokenizerLoader.Open(folder.Path)).Message, StringComparison.Ordinal);
    }
}

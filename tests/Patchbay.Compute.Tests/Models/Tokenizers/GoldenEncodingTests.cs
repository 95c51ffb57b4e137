using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Patchbay.Models.Tokenizers;
using Xunit.Abstractions;

namespace Patchbay.Models.Tests.Tokenizers;

public class GoldenEncodingTests(ITestOutputHelper output)
{
    private static Tokenizer Open(params string[] parts) =>
        TokenizerLoader.Open(SharedFolder.PathOf(["checkpoints", .. parts]))!;

    private static JsonElement Json(params string[] parts) =>
        JsonDocument.Parse(File.ReadAllBytes(SharedFolder.PathOf(["checkpoints", .. parts]))).RootElement;

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    [SharedTheory]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    public void Llama_encodings_pieces_and_texts_equal_the_golden_ones(string file)
    {
        var tokenizer = Open("llama-tokenizer", file);
        Assert.Equal((32000, 1), (tokenizer.VocabularySize, tokenizer.BeginId));
        foreach (var golden in Json("llama-tokenizer", "golden_encodings.json").EnumerateArray())
        {
            var text = golden.GetProperty("text").GetString()!;
            var ids = Ids(golden.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(ids[1..], tokenizer.Encode(text, addSpecial: false));
            Assert.Equal(golden.GetProperty("pieces").EnumerateArray().Select(p => p.GetString()),
                ids.Select(tokenizer.Piece));
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    [SharedTheory]
    [InlineData("tok512.bin")]
    [InlineData("tok512.model")]
    public void Stories260K_encodings_equal_the_golden_ones(string file)
    {
        var tokenizer = Open("stories260K", file);
        Assert.Equal((512, 1, 2), (tokenizer.VocabularySize, tokenizer.BeginId, tokenizer.EndId));
        foreach (var golden in Json("stories260K", "tok512_golden_encodings.json").EnumerateArray())
        {
            var text = golden.GetProperty("text").GetString()!;
            Assert.Equal(Ids(golden.GetProperty("ids")), tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(Ids(golden.GetProperty("ids"))));
        }
    }

    [SharedTheory]
    [InlineData("stories260K", "tok512.bin")]
    [InlineData("stories260K", "tok512.model")]
    [InlineData("tinystories-656k", "tokenizer.json")]
    public void Prompts_and_texts_of_golden_generations_equal(string folder, string file)
    {
        var tokenizer = Open(folder, file);
        foreach (var golden in Json(folder, "golden_reference.json").EnumerateArray())
        {
            var prompt = Ids(golden.GetProperty("prompt_ids"));
            Assert.Equal(prompt, tokenizer.Encode(golden.GetProperty("prompt").GetString()!));
            var ids = Ids(golden.GetProperty("forced_then_greedy_next_ids"));
            Assert.Equal(golden.GetProperty("text").GetString(), tokenizer.Decode([prompt[0], .. ids]).TrimEnd());
        }
    }

    [SharedFact]
    public void Greedy_output_of_tinystories_decodes_from_its_own_encoding()
    {
        var tokenizer = Open("tinystories-656k");
        Assert.Equal((2048, 1, 2), (tokenizer.VocabularySize, tokenizer.BeginId, tokenizer.EndId));
        var text = File.ReadAllText(SharedFolder.PathOf("checkpoints", "tinystories-656k", "greedy_output.txt"));
        var story = text.Replace("<|end_story|>", "", StringComparison.Ordinal);
        Assert.Equal(story, tokenizer.Decode(tokenizer.Encode(story)));
    }

    [SharedFact]
    public void Llama_model_and_json_agree_on_random_texts_and_give_them_back()
    {
        var (model, json) = (Open("llama-tokenizer", "tokenizer.model"), Open("llama-tokenizer", "tokenizer.json"));
        var random = new RandomText(seed: 1);
        for (var n = 0; n < 4000; n++)
        {
            // Only tokenizer.json takes a control token that the text spells out as one.
            var text = random.Next().Replace("<unk>", "<unk", StringComparison.Ordinal);
            var ids = model.Encode(text);
            Assert.Equal(ids, json.Encode(text));
            var back = text.Replace('▁', ' ');
            Assert.Equal(back, model.Decode(ids));
            Assert.Equal(back, json.Decode(ids));
        }
    }

    [SharedFact]
    public void Stories260K_bin_and_model_agree_on_random_sentences()
    {
        var (model, bin) = (Open("stories260K", "tok512.model"), Open("stories260K", "tok512.bin"));
        var random = new RandomText(seed: 2);
        for (var n = 0; n < 4000; n++)
        {
            var text = random.Sentence();
            var ids = model.Encode(text);
            Assert.Equal(ids, bin.Encode(text));
            Assert.Equal(text, model.Decode(ids));
            Assert.Equal(text, bin.Decode(ids));
        }
    }

    [SharedFact]
    public void Stories260K_bin_gives_random_texts_back_with_their_spaces()
    {
        var bin = Open("stories260K", "tok512.bin");
        var random = new RandomText(seed: 3);
        for (var n = 0; n < 2000; n++)
        {
            var text = random.Next();
            Assert.Equal(text, bin.Decode(bin.Encode(text)));
        }
    }

    [SharedFact]
    public void A_folder_gives_the_tokenizer_of_its_first_known_file()
    {
        Assert.IsType<HuggingFaceTokenizer>(Open("llama-tokenizer"));
        Assert.IsType<Llama2cTokenizer>(Open("stories260K"));
        Assert.Null(TokenizerLoader.Open(SharedFolder.PathOf("golden", "s256x4")));
    }

    [SharedTheory]
    [InlineData("llama-tokenizer", "tokenizer.model")]
    [InlineData("llama-tokenizer", "tokenizer.json")]
    [InlineData("stories260K", "tok512.bin")]
    [InlineData("tinystories-656k", "tokenizer.json")]
    public void A_megabyte_is_encoded_in_a_few_seconds_at_most(string folder, string file)
    {
        var tokenizer = Open(folder, file);
        var story = File.ReadAllText(SharedFolder.PathOf("method.md"));
        var text = new StringBuilder();
        while (text.Length < 1 << 20) text.Append(story).Append(' ', text.Length % 7);
        var watch = Stopwatch.StartNew();
        var ids = tokenizer.Encode(text.ToString());
        output.WriteLine($"{file}: {text.Length} characters, {ids.Length} tokens, {watch.ElapsedMilliseconds} ms");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"took {watch.Elapsed}");
    }
}

using System.Text.Json;
using Patchbay.Models.Tokenizers;
using Patchbay.Patching;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>Inputs from public reports: read as they are meant, or refused in a sentence that says why.</summary>
public sealed class BugTests
{
    [SharedTheory]
    [InlineData("adapter_lm_head_on_tied_base", "adapter")]
    [InlineData("adapter_python_named_group", "adapter")]
    [InlineData("adapter_with_saved_embeddings", "adapter")]
    [InlineData("eos_outside_vocabulary")]
    [InlineData("generation_config_eos")]
    [InlineData("qwen2_window_never_used")]
    [InlineData("qwen3")]
    [InlineData("rope_llama3_float_context")]
    [InlineData("rope_scaling_and_rope_parameters")]
    [InlineData("rope_theta_beside_rope_parameters")]
    [InlineData("rope_theta_inside_rope_scaling")]
    [InlineData("shard_has_inv_freq_index_not")]
    [InlineData("tied_but_head_differs")]
    public void A_text_goes_on_as_in_the_reference(string bug, string checkpointIn = "")
    {
        var folder = SharedFolder.PathOf("bugs", bug);
        var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement;
        int[] Ids(string name) => [.. expected.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
        using var checkpoint = Checkpoint.Open(Path.Combine(folder, checkpointIn));
        using var model = new Decoder(checkpoint.Config, checkpoint.Load(ScalarType.Float64));
        var prompt = TokenizerLoader.Open(checkpoint.TokenizerFolder)!.Encode(
            "w5 w9 w33 w7 w61 w12 w5 w9 w40 w3 w18 w22 w60 w44 w19 w17 w5 w9 w31");
        Assert.Equal(Ids("prompt_ids"), prompt);
        Assert.Equal(Ids("greedy_ids"), model.Generate(prompt, 12));
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var logits = model.Forward(model.Index(prompt).unsqueeze(0))[0, -1];
        double[] numbers = [.. expected.GetProperty("last_logits_float64").EnumerateArray().Select(v => v.GetDouble())];
        Assert.True((logits - tensor(numbers)).abs().max().ToDouble() < 1e-5);
    }

    [SharedTheory]
    [InlineData("lfs_pointer_weights", "Git LFS pointer", "git lfs pull")]
    [InlineData("mistral_consolidated_only", "params.json", "config.json")]
    public void What_is_no_checkpoint_is_named_for_what_it_is(string bug, params string[] said)
    {
        var refused = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(SharedFolder.PathOf("bugs", bug)));
        Assert.All(said, part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
    }

    [SharedFact]
    public void An_adapter_that_changed_its_base_is_refused_and_one_with_a_tokenizer_is_read_by_it()
    {
        var refused = Assert.Throws<InvalidDataException>(() =>
            Checkpoint.Open(SharedFolder.PathOf("bugs", "adapter_lora_ga", "adapter")));
        Assert.Contains("init_lora_weights", refused.Message, StringComparison.Ordinal);
        using var own = Checkpoint.Open(SharedFolder.PathOf("bugs", "adapter_own_tokenizer", "adapter"));
        Assert.Equal([1, 60, 5], TokenizerLoader.Open(own.TokenizerFolder)!.Encode("<|chat|> w5"));
    }

    [SharedFact]
    public void A_pattern_with_possessive_repeats_cuts_as_the_public_library_does()
    {
        var folder = SharedFolder.PathOf("bugs", "tokenizer_possessive_regex");
        var tokenizer = TokenizerLoader.Open(folder)!;
        foreach (var text in JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement
            .EnumerateArray())
            Assert.Equal(text.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()),
                tokenizer.Encode(text.GetProperty("text").GetString()!));
    }

    [SharedFact]
    public void Tokens_added_beside_a_tokenizer_model_are_found_in_texts()
    {
        var tokenizer = TokenizerLoader.Open(SharedFolder.PathOf("bugs", "sentencepiece_added_tokens"))!;
        Assert.Equal([1, 512], tokenizer.Encode("<|im_start|>"));
        Assert.Equal([.. tokenizer.Encode("a"), 513], tokenizer.Encode("a<|im_end|>"));
        Assert.Equal([.. tokenizer.Encode("a"), 2], tokenizer.Encode("a</s>"));
    }

    [SharedFact]
    public void A_tokenizer_of_another_kind_is_refused_by_its_name()
    {
        var refused = Assert.Throws<InvalidDataException>(() =>
            TokenizerLoader.Open(SharedFolder.PathOf("bugs", "tokenizer_unigram")));
        Assert.Contains("'Unigram'", refused.Message, StringComparison.Ordinal);
    }

    [SharedFact]
    public void A_digit_behind_a_space_of_its_own_is_refused_with_what_helps()
    {
        var folder = SharedFolder.PathOf("bugs", "digit_answer_hint");
        var refused = Assert.Throws<InvalidDataException>(() => Tasks.PromptFile.Load(
            Path.Combine(folder, "task.jsonl"), text => TokenizerLoader.Open(folder)!.Encode(text)));
        Assert.Contains("end the prompt with the space and set 'answer_space': false", refused.Message,
            StringComparison.Ordinal);
    }

    [SharedFact]
    public void Outputs_that_are_not_numbers_are_refused_with_where_they_begin()
    {
        using var checkpoint = Checkpoint.Open(SharedFolder.PathOf("bugs", "nan_weights"));
        using var model = new Decoder(checkpoint.Config, checkpoint.Load(ScalarType.Float32));
        var prompts = new PaddedPrompts([[1, 5, 9], [1, 7]]);
        var refused = Assert.Throws<InvalidDataException>(() => BaseRun.Create(model, prompts));
        Assert.Contains("holds NaN or infinity", refused.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => model.Generate([1, 5, 9], 3).ToList());

        using var large = new Decoder(Overflowing, Decoder.Random(Overflowing, 1).Weights);
        using (no_grad()) large.Weights.Layers[1].Down.fill_(Number.Of(3e38));
        refused = Assert.Throws<InvalidDataException>(() => BaseRun.Create(large, prompts));
        Assert.Contains("overflow float32", refused.Message, StringComparison.Ordinal);
    }

    private static DecoderConfig Overflowing => new()
    {
        Layers = 3,
        Heads = 2,
        KeyValueHeads = 2,
        HeadWidth = 4,
        Width = 8,
        FeedForward = 16,
        Vocabulary = 11,
    };

    [SharedFact]
    public void A_token_that_the_embedding_lacks_is_refused()
    {
        var folder = SharedFolder.PathOf("bugs", "token_beyond_vocabulary");
        using var checkpoint = Checkpoint.Open(folder);
        using var model = new Decoder(checkpoint.Config, checkpoint.Load(ScalarType.Float32));
        var prompt = TokenizerLoader.Open(folder)!.Encode("w5 <|chat|> w9");
        var refused = Assert.Throws<InvalidDataException>(() => model.Generate(prompt, 2));
        Assert.Contains("expected ids below 64, the model's vocabulary, found 65", refused.Message,
            StringComparison.Ordinal);
    }

    [SharedFact]
    public void Rotary_tables_are_as_long_as_the_prompts_and_not_as_the_model_could_read()
    {
        using var checkpoint = Checkpoint.Open(SharedFolder.PathOf("bugs", "rope_table_of_all_positions"));
        using var model = new Decoder(checkpoint.Config, checkpoint.Load(ScalarType.Float32));
        model.CheckLength(300);
        using var run = BaseRun.Create(model, new PaddedPrompts([[.. Enumerable.Range(0, 300).Select(i => i % 9)]]));
        Assert.Equal(600, model.RotaryPositions);
    }
}

using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patchbay.Lab.Data;

/// <summary>Writes a <see cref="LabVocabulary"/> as Hugging Face's tokenizer files, which every reader of
/// tokenizer.json opens.</summary>
public static class LabTokenizer
{
    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json; the bytes are always the
    /// same.</summary>
    /// <param name="folder">Folder to write to, made where it is missing.</param>
    /// <param name="vocabulary">The vocabulary.</param>
    public static void Write(string folder, LabVocabulary vocabulary)
    {
        Directory.CreateDirectory(folder);
        Save("tokenizer.json", File(vocabulary));
        Save("tokenizer_config.json", new
        {
            tokenizer_class = "PreTrainedTokenizerFast",
            bos_token = "<s>",
            eos_token = "</s>",
            unk_token = "<unk>",
            clean_up_tokenization_spaces = false,
        });
        Save("special_tokens_map.json", new { bos_token = "<s>", eos_token = "</s>", unk_token = "<unk>" });

        void Save(string name, object content) => System.IO.File.WriteAllText(
            Path.Combine(folder, name), JsonSerializer.Serialize(content, Plain) + "\n");
    }

    private static object File(LabVocabulary vocabulary) => new
    {
        version = "1.0",
        truncation = (object?)null,
        padding = (object?)null,
        added_tokens = Enumerable.Range(0, 3).Select(id => new
        {
            id,
            content = vocabulary.Tokens[id],
            single_word = false,
            lstrip = false,
            rstrip = false,
            normalized = false,
            special = true,
        }),
        // Of the spaces only those stay that stand before a word or a number, one each.
        normalizer = new
        {
            type = "Sequence",
            normalizers = new object[]
            {
                new { type = "Prepend", prepend = LabVocabulary.Space },
                new { type = "Replace", pattern = new { Regex = @"\s" }, content = LabVocabulary.Space },
                new
                {
                    type = "Replace",
                    pattern = new { Regex = LabVocabulary.Space + @"+(?![\p{L}\p{N}])" },
                    content = "",
                },
            },
        },
        pre_tokenizer = new
        {
            type = "Sequence",
            pretokenizers = new object[]
            {
                new
                {
                    type = "Split",
                    pattern = new { String = LabVocabulary.Space },
                    behavior = "MergedWithNext",
                    invert = false,
                },
                new { type = "Punctuation", behavior = "Isolated" },
                vocabulary.DigitsPerToken == 1
                    ? new { type = "Digits", individual_digits = true }
                    : (object)new
                    {
                        type = "Split",
                        pattern = new { Regex = $@"\p{{N}}{{1,{vocabulary.DigitsPerToken}}}" },
                        behavior = "Isolated",
                        invert = false,
                    },
            },
        },
        post_processor = new
        {
            type = "TemplateProcessing",
            single = new object[]
            {
                new { SpecialToken = new { id = "<s>", type_id = 0 } },
                new { Sequence = new { id = "A", type_id = 0 } },
            },
            pair = new object[]
            {
                new { SpecialToken = new { id = "<s>", type_id = 0 } },
                new { Sequence = new { id = "A", type_id = 0 } },
                new { Sequence = new { id = "B", type_id = 1 } },
            },
            special_tokens = new Dictionary<string, object>
            {
                ["<s>"] = new { id = "<s>", ids = new[] { LabVocabulary.Begin }, tokens = new[] { "<s>" } },
            },
        },
        decoder = new
        {
            type = "Sequence",
            decoders = new object[]
            {
                new { type = "Replace", pattern = new { String = LabVocabulary.Space }, content = " " },
                new { type = "Fuse" },
                new { type = "Strip", content = " ", start = 1, stop = 0 },
            },
        },
        model = new
        {
            type = "WordLevel",
            vocab = vocabulary.Tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id),
            unk_token = "<unk>",
        },
    };
}

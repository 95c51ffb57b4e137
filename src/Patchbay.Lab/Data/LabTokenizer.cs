using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patchbay.Lab.Data;

/// <summary>Writes a <see cref="LabVocabulary"/> as Hugging Face's tokenizer files, which every reader of
/// tokenizer.json opens.</summary>
internal static class LabTokenizer
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
        Save("tokenizer.json", Definition(vocabulary));
        Save("tokenizer_config.json", new
        {
            tokenizer_class = "PreTrainedTokenizerFast",
            bos_token = "<s>",
            eos_token = "</s>",
            unk_token = "<unk>",
            clean_up_tokenization_spaces = false,
        });
        Save("special_tokens_map.json", new { bos_token = "<s>", eos_token = "</s>", unk_token = "<unk>" });

        void Save(string name, object content) =>
            File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(content, Plain) + "\n");
    }

    private static object Definition(LabVocabulary vocabulary)
    {
        const string Space = LabVocabulary.Space;
        object begin = new { SpecialToken = new { id = "<s>", type_id = 0 } };
        object textA = new { Sequence = new { id = "A", type_id = 0 } };
        object textB = new { Sequence = new { id = "B", type_id = 1 } };
        return new
        {
            version = "1.0",
            truncation = (object?)null,
            padding = (object?)null,
            added_tokens = vocabulary.Tokens.Take(3).Select((content, id) => new
            {
                id,
                content,
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
                    new { type = "Prepend", prepend = Space },
                    new { type = "Replace", pattern = new { Regex = @"\s" }, content = Space },
                    new { type = "Replace", pattern = new { Regex = Space + @"+(?![\p{L}\p{N}])" }, content = "" },
                },
            },
            pre_tokenizer = new
            {
                type = "Sequence",
                pretokenizers = new[]
                {
                    Split(new { String = Space }, "MergedWithNext"),
                    new { type = "Punctuation", behavior = "Isolated" },
                    vocabulary.DigitsPerToken == 1 ? new { type = "Digits", individual_digits = true }
                        : Split(new { Regex = $@"\p{{N}}{{1,{vocabulary.DigitsPerToken}}}" }, "Isolated"),
                },
            },
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new[] { begin, textA },
                pair = new[] { begin, textA, textB },
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
                    new { type = "Replace", pattern = new { String = Space }, content = " " },
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

        static object Split(object pattern, string behavior) =>
            new { type = "Split", pattern, behavior, invert = false };
    }
}

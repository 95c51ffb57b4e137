using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patchbay.Lab.Data;

/// <summary>The lab's tokenizer in Hugging Face's form.</summary>
public static class LabTokenizer
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes tokenizer.json and tokenizer_config.json: word level, split at white space, punctuation and single digits, with
    /// &lt;s&gt; put in front. The same bytes every time.</summary>
    public static void Write(string folder)
    {
        object Special(int id) => new { id, content = LabVocabulary.Tokens[id], single_word = false, lstrip = false, rstrip = false, normalized = false, special = true };
        var begin = LabVocabulary.Tokens[LabVocabulary.Begin];
        var tokenizer = new
        {
            version = "1.0",
            truncation = (object?)null,
            padding = (object?)null,
            added_tokens = new[] { Special(LabVocabulary.Unknown), Special(LabVocabulary.Begin), Special(LabVocabulary.End) },
            normalizer = (object?)null,
            pre_tokenizer = new { type = "Sequence", pretokenizers = new object[] { new { type = "Whitespace" }, new { type = "Punctuation", behavior = "Isolated" }, new { type = "Digits", individual_digits = true } } },
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new object[] { new { SpecialToken = new { id = begin, type_id = 0 } }, new { Sequence = new { id = "A", type_id = 0 } } },
                pair = new object[] { new { SpecialToken = new { id = begin, type_id = 0 } }, new { Sequence = new { id = "A", type_id = 0 } }, new { Sequence = new { id = "B", type_id = 0 } } },
                special_tokens = new Dictionary<string, object> { [begin] = new { id = begin, ids = new[] { LabVocabulary.Begin }, tokens = new[] { begin } } },
            },
            decoder = (object?)null,
            model = new { type = "WordLevel", vocab = LabVocabulary.Tokens.Index().ToDictionary(t => t.Item, t => t.Index), unk_token = LabVocabulary.Tokens[LabVocabulary.Unknown] },
        };
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), JsonSerializer.Serialize(tokenizer, Json) + "\n");
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), JsonSerializer.Serialize(new
        {
            tokenizer_class = "PreTrainedTokenizerFast",
            bos_token = begin,
            eos_token = LabVocabulary.Tokens[LabVocabulary.End],
            unk_token = LabVocabulary.Tokens[LabVocabulary.Unknown],
            model_max_length = 512,
        }, Json) + "\n");
    }
}

using System.Text.Json.Nodes;
using Patchbay.Models.Tokenizers;

namespace Patchbay.Models.Tests.Tokenizers;

public class TokenizerErrorTests
{
    /// <summary>Opening fails with one sentence that has every fragment in it.</summary>
    private static void Refused(Action open, params string[] fragments)
    {
        var message = Assert.Throws<InvalidDataException>(open).Message;
        Assert.EndsWith(".", message);
        Assert.DoesNotContain('\n', message);
        foreach (var fragment in fragments) Assert.Contains(fragment, message);
    }

    [Theory]
    [InlineData("normalizer", """{"type": "Precompiled"}""", "normalizer.type", "'Precompiled'")]
    [InlineData("normalizer", """{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Nmt"}]}""",
        "normalizer.normalizers[1].type", "'Nmt'")]
    [InlineData("pre_tokenizer", """{"type": "BertPreTokenizer"}""", "pre_tokenizer.type", "'BertPreTokenizer'")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "[a[:alpha:]]"}, "behavior": "Removed"}""",
        "pre_tokenizer.pattern.Regex", "[: in a class is not supported")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "\\p{Emoji}"}, "behavior": "Removed"}""",
        "\\p{Emoji} is not supported")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Removed"}""",
        "pre_tokenizer.pattern.Regex", "a ( without its ) is not supported")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"String": "a"}, "behavior": "Gone"}""",
        "pre_tokenizer.behavior", "'Gone'")]
    [InlineData("decoder", """{"type": "WordPiece"}""", "decoder.type", "'WordPiece'")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "post_processor.type", "'BertProcessing'")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {"x": {"ids": [9]}}}""", "special_tokens.x.ids[0]", "found 9")]
    [InlineData("model", """{"type": "Unigram", "vocab": {"a": 0}}""", "model.type", "'Unigram'")]
    [InlineData("model", """{"vocab": {"a": 0}}""", "model", "BPE, WordLevel")]
    [InlineData("model", """{"type": "BPE", "vocab": {}, "merges": []}""", "model.vocab", "tokens")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": -1}, "merges": []}""", "model.vocab.'a'", "found -1")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 9999999}, "merges": []}""", "model.vocab", "ids below 1026")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}""", "model.vocab",
        "one token for id 0")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}""", "model.merges[0]",
        "'a b'")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}""", "model.merges[0]", "two tokens")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}""", "model.dropout",
        "found 0.1")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "</w>"}""",
        "model.end_of_word_suffix", "</w>")]
    [InlineData("model", """{"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "u"}""", "model.unk_token",
        "'u'")]
    [InlineData("added_tokens", """[{"id": 1, "content": "a"}]""", "added_tokens[0].id", "found 1")]
    [InlineData("added_tokens", """[{"id": 1}]""", "added_tokens[0].content", "found none")]
    [InlineData("added_tokens", "7", "added_tokens", "an array")]
    public void A_component_that_is_wrong_or_not_supported_is_refused_by_name(string field, string value,
        params string[] fragments)
    {
        var json = TokenizerJson.Of(TokenizerJson.Bpe(["a"]).ToJsonString());
        json[field] = JsonNode.Parse(value);
        Refused(() => TokenizerFolder.OpenJson(json), ["tokenizer.json: ", .. fragments]);
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("{\"model\": ", "line 1")]
    [InlineData("[]", "top level")]
    [InlineData("{}", "model: expected a value, found none")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"\ud800": 0}, "merges": []}}""", "half a surrogate pair")]
    public void A_json_file_that_is_none_is_refused(string text, string fragment)
    {
        using var folder = new TokenizerFolder();
        Refused(() => folder.Write("tokenizer.json", text).Open(), "tokenizer.json: ", fragment);
    }

    [Fact]
    public void A_broken_file_beside_the_tokenizer_is_named() =>
        Refused(() => TokenizerFolder.OpenJson(TokenizerJson.Of(TokenizerJson.Bpe(["a"]).ToJsonString()),
            ("tokenizer_config.json", "{\"eos_token\": 3}")),
            "tokenizer_config.json: eos_token: expected a string, found 3");

    [Fact]
    public void SentencePiece_models_of_other_kinds_are_refused()
    {
        static SentencePieceFile Base(int kind) => new SentencePieceFile().Piece("<unk>", 0, SentencePieceFile.Unknown)
            .Piece("a", 0, SentencePieceFile.Normal).Message(2, trainer => trainer.Number(3, kind));
        static Action Open(SentencePieceFile file) => () => TokenizerFolder.OpenBytes("tokenizer.model", file.Bytes);

        Refused(Open(Base(1)), "tokenizer.model: trainer_spec.model_type", "found unigram");
        Refused(Open(Base(2).Message(3, spec => spec.Text(1, "nmt_nfkc").Text(2, "map"))), "precompiled_charsmap",
            "nmt_nfkc");
        Refused(Open(Base(2).Piece("a", 0, SentencePieceFile.Normal)), "piece 2", "'a' for the second time");
        Refused(Open(Base(2).Piece("b", float.NaN, SentencePieceFile.Normal)), "piece 2 score", "NaN");
        Refused(Open(Base(2).Piece("", 0, SentencePieceFile.Normal)), "piece 2 length", "found 0");
        Refused(Open(Base(2).Piece("b", 0, 5)), "piece 2 type", "unused");
        Refused(Open(Base(2).Piece("<0x00>", 0, SentencePieceFile.Byte)), "piece 2", "byte_fallback");
        Refused(Open(Base(2).Message(2, trainer => trainer.Number(35, 1))), "all 256 byte pieces");
        Refused(() => TokenizerFolder.OpenBytes("tokenizer.model", []), "a SentencePiece vocabulary, found none");
        Refused(() => TokenizerFolder.OpenBytes("tokenizer.model", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
            "a length of 4294967295");
        Refused(() => TokenizerFolder.OpenBytes("tokenizer.model", [0x0A]), "found the end of the message");
    }

    [Fact]
    public void Llama2c_vocabularies_that_are_cut_or_wrong_are_refused()
    {
        var good = Llama2cFile.Of("a", "b");
        static Action Open(byte[] bytes) => () => TokenizerFolder.OpenBytes("tokenizer.bin", bytes);

        Refused(Open([]), "tokenizer.bin: max_token_length");
        Refused(Open(good[..^1]), "token 260 length: ", "found 1 with 0 bytes left");
        Refused(Open(good[..^5]), "token 260", "the end of the file");
        Refused(Open(good[..30]), "number of tokens", "at least 259");
        byte[] longer = [.. good];
        longer[8] = 200;
        Refused(Open(longer), "token 0 length", "found 200");
        byte[] renamed = [.. good];
        renamed[Array.IndexOf(renamed, (byte)'x')] = (byte)'y';
        Refused(Open(renamed), "token 3: expected <0x00>");
    }

    [Fact]
    public void A_folder_without_a_tokenizer_gives_null_and_one_with_two_vocabularies_is_refused()
    {
        using var folder = new TokenizerFolder();
        Assert.Null(TokenizerLoader.Open(folder.Root));
        folder.Write("tok1.bin", "").Write("tok2.bin", "");
        Refused(() => folder.Open(), "tok1.bin, tok2.bin");
        Refused(() => TokenizerLoader.Open(Path.Combine(folder.Write("vocab.txt", "").Root, "vocab.txt")),
            "vocab.txt: name");
        Assert.Throws<FileNotFoundException>(() => TokenizerLoader.Open(Path.Combine(folder.Root, "none")));
    }
}

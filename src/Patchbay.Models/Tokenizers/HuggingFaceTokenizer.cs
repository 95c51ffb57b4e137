namespace Patchbay.Models.Tokenizers;

/// <summary>The tokenizer of a Hugging Face <c>tokenizer.json</c>, as the library <c>tokenizers</c> runs it: added
/// tokens are cut out of the text, the rest is normalized, cut into words by the pre-tokenizer, and turned into ids by
/// the model; the post-processor puts tokens around. Every component that is not supported is refused by name when the
/// file is opened. Truncation and padding that the file may ask for are not applied.</summary>
internal sealed class HuggingFaceTokenizer : Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly AddedTokenSplitter _verbatim;
    private readonly AddedTokenSplitter _normalized;
    private readonly Converter<string, string> _normalize;
    private readonly PreTokenizer _preTokenize;
    private readonly HuggingFaceModel _model;
    private readonly PostProcessor _around;
    private readonly Func<List<string>, List<string>> _decode;

    private HuggingFaceTokenizer(JsonField file, SpecialTokenFiles specials)
    {
        HuggingFaceModel.CheckType(file.Required("model"));
        _vocabulary = Vocabulary.Read(file, specials);
        _model = HuggingFaceModel.Read(file.Required("model"), _vocabulary);
        _normalize = Normalizers.Read(file.Optional("normalizer"));
        _preTokenize = PreTokenizers.Read(file.Optional("pre_tokenizer"));
        _decode = Decoders.Read(file.Optional("decoder"));
        _verbatim = new(_vocabulary.Added.Where(t => !t.Normalized), text => text);
        _normalized = new(_vocabulary.Added.Where(t => t.Normalized), _normalize);

        var around = PostProcessor.Read(file.Optional("post_processor"), _vocabulary.Size);
        var end = _vocabulary.FindAny(specials.EndToken);
        if (end is null && specials.ConfigEndId < _vocabulary.Size) end = specials.ConfigEndId;
        _around = LlamaClass(around, specials, _vocabulary.FindAny(specials.BeginToken), end);
        BeginId = _around.Before.Count > 0 ? _around.Before[0] : null;
        EndId = end ?? (_around.After.Count > 0 ? _around.After[^1] : null);
    }

    public override int VocabularySize => _vocabulary.Size;
    public override int? BeginId { get; }
    public override int? EndId { get; }
    public override string Description => $"Hugging Face {_model.Name}, {_vocabulary.Size} tokens";

    /// <summary>Reads a tokenizer from a file, and more added tokens and which tokens begin and end a text from
    /// <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>, <c>added_tokens.json</c> and <c>config.json</c>
    /// beside it.</summary>
    /// <exception cref="InvalidDataException">The file is none, or not supported; the message says where.</exception>
    public static HuggingFaceTokenizer Open(string path)
    {
        HuggingFaceTokenizer? tokenizer = null;
        var (bytes, specials) = (TokenizerFile.ReadJson(path), SpecialTokenFiles.Beside(path));
        JsonField.Read(bytes, path, file => tokenizer = new(file, specials));
        return tokenizer!;
    }

    /// <exception cref="InvalidDataException">A word is in no vocabulary, and no unknown token either.</exception>
    public override int[] Encode(string text, bool addSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = Utf8Text.WellFormed(text);
        var ids = new List<int>(text.Length / 2 + 2);
        if (addSpecial) ids.AddRange(_around.Before);
        foreach (var (start, end, id) in _verbatim.Split(text))
        {
            if (id >= 0) ids.Add(id);
            else EncodeNormalized(_normalize(text[start..end]), start == 0, ids);
        }
        if (addSpecial) ids.AddRange(_around.After);
        return [.. ids];
    }

    public override string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var tokens = new List<string>(ids.Count);
        foreach (var id in ids)
        {
            _ = Piece(id); // refuses what is outside the vocabulary
            if (_vocabulary[id] is { } token && !_vocabulary.Special.Contains(id)) tokens.Add(token);
        }
        return string.Concat(_decode(tokens));
    }

    protected override string Spelling(int id) => _vocabulary[id] ?? "";

    private void EncodeNormalized(string text, bool atStart, List<int> ids)
    {
        var words = new List<TextPart>();
        foreach (var (start, end, id) in _normalized.Split(text))
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }
            words.Clear();
            _preTokenize(new(text[start..end], atStart && start == 0), words);
            foreach (var word in words)
                if (word.Text.Length > 0) _model.Tokenize(word.Text, ids);
        }
    }

    // Llama's tokenizer classes set the tokens around a sequence by add_bos_token and add_eos_token.
    private static PostProcessor LlamaClass(PostProcessor around, SpecialTokenFiles specials, int? begin, int? end) =>
        !specials.IsLlamaClass ? around : new(
            specials.AddBegin switch { false => [], true when begin is { } id => [id], _ => around.Before },
            specials.AddEnd switch { false => [], true when end is { } id => [id], _ => around.After });
}

/// <summary>The ids that go around a sequence.</summary>
internal sealed record PostProcessor(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    public static PostProcessor Read(JsonField? field, int vocabularySize)
    {
        if (field is not { } processor) return new([], []);
        var type = processor.Required("type");
        return type.Text() switch
        {
            "ByteLevel" => new([], []), // trims offsets, which nothing here uses
            "TemplateProcessing" => Template(processor, vocabularySize),
            "Sequence" => processor.Required("processors").Items().Select(item => Read(item, vocabularySize))
                .Aggregate(new PostProcessor([], []), (inner, outer) =>
                    new([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After])),
            _ => throw type.Expected(
                "a supported post-processor (Sequence, TemplateProcessing, ByteLevel)"),
        };
    }

    private static PostProcessor Template(JsonField processor, int vocabularySize)
    {
        var (before, after, seen) = (new List<int>(), new List<int>(), false);
        var single = processor.Required("single");
        foreach (var piece in single.Items())
        {
            if (piece.Optional("SpecialToken") is { } special)
            {
                var token = processor.Required("special_tokens").Required(special.Required("id").Text());
                (seen ? after : before).AddRange(token.Required("ids").Items().Select(id => id.Id(vocabularySize)));
            }
            else
            {
                var id = piece.Required("Sequence").Required("id");
                if (seen || id.Text() != "A") throw id.Expected("sequence A, once");
                seen = true;
            }
        }
        return seen ? new(before, after) : throw single.Expected("a template with sequence A");
    }
}

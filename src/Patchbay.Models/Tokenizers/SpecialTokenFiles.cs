namespace Patchbay.Models.Tokenizers;

/// <summary>What the small files beside a tokenizer say: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>,
/// <c>added_tokens.json</c> and <c>config.json</c>, read as transformers reads them. None of them has to be
/// there.</summary>
internal sealed class SpecialTokenFiles
{
    private const int MaxId = 1 << 24;
    private const string Config = "tokenizer_config.json", AddedFile = "added_tokens.json", BeginName = "bos_token",
        EndName = "eos_token";

    private static readonly string[] Names =
        [BeginName, EndName, "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly string _folder;
    private readonly Dictionary<string, AddedToken> _named = [];
    private readonly List<AddedToken> _others = [], _added = [];
    private readonly bool _hasDecoder;

    private SpecialTokenFiles(string folder)
    {
        _folder = folder;
        Read(Config, ReadTokenizerConfig);
        _hasDecoder = _added.Count > 0;
        // Where tokenizer_config.json lists the added tokens, the two older files count for what it does not name.
        Read("special_tokens_map.json", map => ReadNames(map, replace: !_hasDecoder));
        if (!_hasDecoder) Read(AddedFile, ReadAdded);
        Read("config.json", config => ConfigEndId = EndId(config));
    }

    /// <summary>The token that begins a sequence, where one is named.</summary>
    public string? BeginToken => _named.GetValueOrDefault(BeginName)?.Content;

    /// <summary>The token that ends a text, where one is named.</summary>
    public string? EndToken => _named.GetValueOrDefault(EndName)?.Content;

    /// <summary>The id that ends a text by the model's config.json, or null.</summary>
    public int? ConfigEndId { get; private set; }

    /// <summary>Whether a begin token goes before, and an end token after every sequence, where it is said.</summary>
    public bool? AddBegin { get; private set; }
    public bool? AddEnd { get; private set; }

    /// <summary>Whether the tokenizer's class is Llama's, which sets these whatever tokenizer.json says.</summary>
    public bool IsLlamaClass { get; private set; }

    /// <summary>Whether SentencePiece's space goes before every stretch of text between added tokens, as it does where
    /// nothing is said, and not only before the whole.</summary>
    public bool IsLegacy { get; private set; } = true;

    /// <summary>Whether there is one of the files that name tokens.</summary>
    public bool Exist { get; private set; }

    /// <summary>Reads the files in the folder of <paramref name="tokenizerFile"/>.</summary>
    public static SpecialTokenFiles Beside(string tokenizerFile) =>
        new(Path.GetDirectoryName(Path.GetFullPath(tokenizerFile)) ?? ".");

    /// <summary>The tokens that the files name, no spelling twice. One that the vocabulary has keeps its id; others
    /// have the next free ids.</summary>
    /// <param name="find">Id of a token in the vocabulary, or null.</param>
    /// <param name="count">Number of ids in use.</param>
    /// <param name="keepIds">Whether ids that the files give come first, as for tokenizer.model.</param>
    public List<AddedToken> Tokens(Func<string, int?> find, int count, bool keepIds)
    {
        var limit = 2 * (count + _added.Count) + 1024; // as for tokenizer.json: no table of millions for a wild id
        if (keepIds && _added.Find(token => token.Id >= limit) is { } wild)
            throw TokenizerFile.Invalid(Path.Combine(_folder, _hasDecoder ? Config : AddedFile),
                $"id of {Refusal.Quote(wild.Content)}", $"one below {limit}", $"{wild.Id}");
        var next = keepIds ? _added.Select(token => token.Id + 1).Append(count).Max() : count;
        var named = Names.Where(_named.ContainsKey).Select(name => _named[name]).Concat(_others);
        var all = _added.OrderBy(token => token.Id).Concat(named).DistinctBy(token => token.Content);
        return [.. all.Select(token => token with
        {
            Id = keepIds && token.Id >= 0 ? token.Id : find(token.Content) ?? next++,
        })];
    }

    private void Read(string name, Action<JsonField> read)
    {
        var path = Path.Combine(_folder, name);
        if (!File.Exists(path)) return;
        JsonField.Read(TokenizerFile.ReadJson(path), path, read);
        Exist |= name != "config.json";
    }

    private void ReadTokenizerConfig(JsonField config)
    {
        ReadNames(config, replace: true);
        AddBegin = config.Optional("add_bos_token")?.Flag();
        AddEnd = config.Optional("add_eos_token")?.Flag();
        IsLegacy = config.Flag("legacy", otherwise: true);
        IsLlamaClass = config.Optional("tokenizer_class")?.Text() is "LlamaTokenizer" or "LlamaTokenizerFast";
        if (config.Optional("added_tokens_decoder") is not { } decoder) return;
        foreach (var (name, token) in decoder.Members())
        {
            if (!int.TryParse(name, out var id) || id is < 0 or >= MaxId)
                throw token.Expected($"a name from 0 to {MaxId - 1}");
            _added.Add(AddedToken.Read(token, id));
        }
    }

    private void ReadNames(JsonField names, bool replace)
    {
        foreach (var name in Names)
        {
            if (!replace && _named.ContainsKey(name)) continue;
            if (names.Optional(name) is { } field && Token(field) is { } token) _named[name] = token;
        }
        foreach (var list in (string[])["additional_special_tokens", "extra_special_tokens"])
            if (names.Optional(list) is { } field)
                _others.AddRange((field.IsObject ? field.Members().Select(member => member.Value) : field.Items())
                    .Select(Token).OfType<AddedToken>());
    }

    private void ReadAdded(JsonField added)
    {
        var special = _named.Values.Concat(_others).Select(token => token.Content).ToHashSet();
        foreach (var (token, id) in added.Members())
            if (token.Length > 0) _added.Add(AddedToken.Plain(id.Id(MaxId), token, special.Contains(token)));
    }

    private static int? EndId(JsonField config)
    {
        var end = config.Optional("eos_token_id");
        if (end is { IsArray: true }) end = end.Value.Items().Select(i => (JsonField?)i).FirstOrDefault();
        return end?.Id(MaxId);
    }

    // A token is given as a string or as an object with its content; an empty one is none. No file gives its id here.
    private static AddedToken? Token(JsonField field)
    {
        const int NoId = -1;
        if (field.IsObject)
            return field.Required("content").Text().Length == 0 ? null
                : AddedToken.Read(field, NoId) with { Special = true };
        return field.Text() is { Length: > 0 } text ? AddedToken.Plain(NoId, text, special: true) : null;
    }
}

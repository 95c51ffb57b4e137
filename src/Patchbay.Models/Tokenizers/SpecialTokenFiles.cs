namespace Patchbay.Models.Tokenizers;

/// <summary>What the small files beside a tokenizer say: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>,
/// <c>added_tokens.json</c> and <c>config.json</c>. None of them has to be there.</summary>
internal sealed class SpecialTokenFiles
{
    private const int MaxId = 1 << 24;

    private readonly string _folder;
    private readonly Dictionary<int, string> _added = [];

    private SpecialTokenFiles(string folder)
    {
        _folder = folder;
        Read("tokenizer_config.json", ReadTokenizerConfig);
        Read("special_tokens_map.json", ReadNames);
        Read("added_tokens.json", ReadAdded);
        Read("config.json", ReadConfig);
    }

    /// <summary>The token that begins a sequence, where one is named.</summary>
    public string? BeginToken { get; private set; }

    /// <summary>The token that ends a text, where one is named.</summary>
    public string? EndToken { get; private set; }

    /// <summary>The id that ends a text by the model's config.json, or null.</summary>
    public int? ConfigEndId { get; private set; }

    /// <summary>Whether a begin token goes before, and an end token after every sequence, where it is said.</summary>
    public bool? AddBegin { get; private set; }
    public bool? AddEnd { get; private set; }

    /// <summary>Whether the tokenizer's class is Llama's, which sets these whatever tokenizer.json says.</summary>
    public bool IsLlamaClass { get; private set; }

    /// <summary>Reads the files in the folder of <paramref name="tokenizerFile"/>.</summary>
    public static SpecialTokenFiles Beside(string tokenizerFile) =>
        new(Path.GetDirectoryName(Path.GetFullPath(tokenizerFile)) ?? ".");

    /// <summary>The added tokens with ids from <paramref name="count"/> on, without a gap.</summary>
    public IEnumerable<string> TokensFrom(int count)
    {
        for (var id = count; _added.TryGetValue(id, out var token); id++) yield return token;
    }

    private void Read(string name, Action<JsonField> read)
    {
        var path = Path.Combine(_folder, name);
        if (File.Exists(path)) JsonField.Read(TokenizerFile.ReadJson(path), path, read);
    }

    private void ReadTokenizerConfig(JsonField config)
    {
        ReadNames(config);
        AddBegin = config.Optional("add_bos_token")?.Flag();
        AddEnd = config.Optional("add_eos_token")?.Flag();
        IsLlamaClass = config.Optional("tokenizer_class")?.Text() is "LlamaTokenizer" or "LlamaTokenizerFast";
        if (config.Optional("added_tokens_decoder") is not { } decoder) return;
        foreach (var (name, token) in decoder.Members())
        {
            if (!int.TryParse(name, out var id) || id is < 0 or >= MaxId)
                throw token.Expected($"a name from 0 to {MaxId - 1}");
            _added[id] = token.Required("content").Text();
        }
    }

    private void ReadNames(JsonField names)
    {
        BeginToken ??= Token(names.Optional("bos_token"));
        EndToken ??= Token(names.Optional("eos_token"));
    }

    private void ReadAdded(JsonField added)
    {
        foreach (var (token, id) in added.Members()) _added[id.Id(MaxId)] = token;
    }

    private void ReadConfig(JsonField config)
    {
        var end = config.Optional("eos_token_id");
        if (end is { IsArray: true }) end = end.Value.Items().Select(i => (JsonField?)i).FirstOrDefault();
        ConfigEndId = end?.Id(MaxId);
    }

    // A token is given as a string or as an object with its content; an empty one is none.
    private static string? Token(JsonField? field)
    {
        var text = field is { IsObject: true } ? field.Value.Required("content").Text() : field?.Text();
        return string.IsNullOrEmpty(text) ? null : text;
    }
}

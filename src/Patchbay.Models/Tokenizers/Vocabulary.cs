namespace Patchbay.Models.Tokenizers;

/// <summary>The tokens of a tokenizer.json: the model's and the added ones.</summary>
internal sealed class Vocabulary
{
    // No vocabulary in use comes near.
    private const int IdLimit = 1 << 24;

    private readonly string?[] _pieces;

    private Vocabulary(Dictionary<string, int> modelIds, List<AddedToken> added, string?[] pieces)
    {
        (ModelIds, Added, _pieces) = (modelIds, added, pieces);
        Special = [.. added.Where(t => t.Special).Select(t => t.Id)];
    }

    /// <summary>Ids of the model's own tokens.</summary>
    public Dictionary<string, int> ModelIds { get; }

    /// <summary>The added tokens; some are also the model's.</summary>
    public List<AddedToken> Added { get; }

    /// <summary>Ids that decoding leaves out.</summary>
    public HashSet<int> Special { get; }

    /// <summary>Number of ids.</summary>
    public int Size => _pieces.Length;

    /// <summary>Spelling of every id; empty for one that has no token.</summary>
    public string[] Pieces => [.. _pieces.Select(p => p ?? "")];

    /// <summary>Spelling of an id, or null where it has no token.</summary>
    public string? this[int id] => _pieces[id];

    /// <summary>Id of a token of the model, or null.</summary>
    public int? Find(string token) => ModelIds.TryGetValue(token, out var id) ? id : null;

    /// <summary>Id of a token of the model or an added one, or null.</summary>
    public int? FindAny(string? token) => token is null ? null : Added.Find(t => t.Content == token)?.Id ?? Find(token);

    /// <summary>Reads the tokens of a tokenizer.json, and adds those that the files beside it name.</summary>
    public static Vocabulary Read(JsonField file, SpecialTokenFiles specials)
    {
        var vocab = file.Required("model").Required("vocab");
        var ids = new Dictionary<string, int>();
        foreach (var (token, id) in vocab.Members()) ids[token] = id.Id(IdLimit);
        var (added, addedIds, idsOfAdded) = (new List<AddedToken>(), new HashSet<int>(), new Dictionary<string, int>());
        foreach (var item in file.Optional("added_tokens")?.Items() ?? [])
        {
            var token = AddedToken.Read(item, item.Required("id").Id(IdLimit));
            if (ids.TryGetValue(token.Content, out var id) && id != token.Id)
                throw item.Required("id").Expected($"{id}, as in model.vocab");
            if (!addedIds.Add(token.Id)) throw item.Required("id").Expected("an id of its own");
            added.Add(token);
            idsOfAdded[token.Content] = token.Id;
        }
        var count = ids.Values.Concat(addedIds).DefaultIfEmpty(-1).Max() + 1;
        added.AddRange(specials.Tokens(IdOf, count, keepIds: false).Where(t => !idsOfAdded.ContainsKey(t.Content)));
        return new(ids, added, MakePieces(vocab, ids, added));

        int? IdOf(string token) =>
            idsOfAdded.TryGetValue(token, out var id) || ids.TryGetValue(token, out id) ? id : null;
    }

    private static string?[] MakePieces(JsonField vocab, Dictionary<string, int> ids, List<AddedToken> added)
    {
        var count = ids.Count + added.Count;
        var size = Math.Max(ids.Values.DefaultIfEmpty(-1).Max(), added.Select(t => t.Id).DefaultIfEmpty(-1).Max()) + 1;
        if (size == 0) throw vocab.Expected("tokens");
        // A few ids may be missing, but a wild one must not make a table of millions.
        if (size > 2 * count + 1024) throw vocab.Expected($"ids below {2 * count + 1024} for {count} tokens");
        var pieces = new string?[size];
        foreach (var (token, id) in ids.Select(p => (p.Key, p.Value)).Concat(added.Select(t => (t.Content, t.Id))))
        {
            if (pieces[id] is { } other && other != token)
                throw vocab.Expected($"one token for id {id} (it has {Refusal.Quote(other)} and " +
                    $"{Refusal.Quote(token)})");
            pieces[id] = token;
        }
        return pieces;
    }
}

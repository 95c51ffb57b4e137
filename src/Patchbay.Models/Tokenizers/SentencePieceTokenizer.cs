using System.Runtime.InteropServices;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>SentencePiece's byte-pair encoding (<c>tokenizer.model</c>), as <c>SentencePieceProcessor</c> encodes and
/// decodes: spaces become "▁", a "▁" goes before the text, the best-scored merge is applied again and again, and
/// what the vocabulary lacks becomes its UTF-8 bytes, or the unknown piece (one for a run of them).</summary>
internal sealed class SentencePieceTokenizer : Tokenizer
{
    private const char Space = '▁';

    private readonly SentencePieceModel _model;
    private readonly Dictionary<int, AddedToken> _beyond; // added tokens with ids that the model has not
    private readonly AddedTokenSplitter _added;
    private readonly LiteralMatcher _userDefined;
    private readonly Dictionary<Rune, int> _characters;
    private readonly BytePairMerger _merger;
    private readonly int[] _byteIds = new int[256];
    private readonly int _unknown;
    private readonly List<Rune> _partRunes = [];
    private readonly bool _addEnd, _isLegacy;

    private SentencePieceTokenizer(SentencePieceModel model, SpecialTokenFiles specials)
    {
        _model = model;
        var pieces = model.Pieces;
        List<AddedToken> added = !specials.Exist ? [] : [.. specials.Tokens(IdOf, pieces.Count, keepIds: true)
            .Concat(OwnTokens(model)).DistinctBy(token => token.Content)];
        _added = new(added, text => text);
        _isLegacy = specials.IsLegacy;
        _beyond = added.Where(token => token.Id >= pieces.Count).DistinctBy(token => token.Id)
            .ToDictionary(token => token.Id);
        VocabularySize = Math.Max(pieces.Count, _beyond.Keys.DefaultIfEmpty().Max() + 1);
        _unknown = pieces.FindIndex(p => p.Kind == PieceKind.Unknown);
        _userDefined = new(OfKind(PieceKind.UserDefined));
        foreach (var (text, id) in OfKind(PieceKind.Byte)) _byteIds[Utf8Text.ByteOf(text)!.Value] = id;

        var symbols = OfKind(PieceKind.Normal).ToDictionary();
        var spellings = pieces.Select(p => p.Text).ToList();
        AddPartRunes(symbols, spellings);
        _characters = Utf8Text.CharacterIds(symbols);
        _merger = new(ScoredMerges.Of(symbols, [.. pieces.Select(p => p.Score)]), spellings);

        if (specials.AddBegin != false) BeginId = Added(specials.BeginToken) ?? Control(model.BeginPiece);
        EndId = Added(specials.EndToken) ?? Control(model.EndPiece);
        _addEnd = EndId is not null && specials.AddEnd == true;

        IEnumerable<(string Text, int Id)> OfKind(PieceKind kind) =>
            pieces.Index().Where(p => p.Item.Kind == kind).Select(p => (p.Item.Text, p.Index));
        int? Added(string? token) => added.Find(t => t.Content == token)?.Id;
        int? Control(string token) => Index(pieces.FindIndex(p => p.Text == token && p.Kind == PieceKind.Control));
        int? IdOf(string token) => Index(pieces.FindIndex(p => p.Text == token && p.Kind != PieceKind.Normal))
            ?? Index(pieces.FindIndex(p => p.Text == token));
        static int? Index(int found) => found < 0 ? null : found;
    }

    public override int VocabularySize { get; }
    public override int? BeginId { get; }
    public override int? EndId { get; }
    public override string Description =>
        $"SentencePiece BPE, {_model.Pieces.Count} pieces{(_model.ByteFallback ? ", byte fallback" : "")}" +
        (_beyond.Count > 0 ? $", {_beyond.Count} added" : "");

    /// <summary>Reads a tokenizer from a file, and from <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>
    /// and <c>added_tokens.json</c> beside it: where one of them is there, the tokens that they name, and the model's
    /// own control and unknown pieces, are found in texts, as Hugging Face's tokenizers find them.</summary>
    /// <exception cref="InvalidDataException">The file is none, or not supported; the message says where.</exception>
    public static SentencePieceTokenizer Open(string path)
    {
        var model = new SentencePieceModel(TokenizerFile.ReadBinary(path), path);
        return new(model, SpecialTokenFiles.Beside(path));
    }

    public override int[] Encode(string text, bool addSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = Utf8Text.WellFormed(text);
        var ids = new List<int>(text.Length / 2 + 2);
        if (addSpecial && BeginId is { } begin) ids.Add(begin);
        foreach (var (start, end, id) in _added.Split(text))
        {
            if (id >= 0) ids.Add(id);
            else EncodeBetween(text[start..end], _model.AddDummyPrefix && (_isLegacy || start == 0), ids);
        }
        if (addSpecial && _addEnd) ids.Add(EndId!.Value);
        return [.. ids];
    }

    /// <remarks>As <c>SentencePieceProcessor.Decode</c>: the dummy prefix is taken away again, the unknown piece
    /// becomes the model's surface for it (" ⁇ "), control pieces vanish.</remarks>
    public override string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        var bytes = new List<byte>();
        var (stripping, stripped) = (_model.AddDummyPrefix || _model.RemoveExtraWhitespaces, false);
        foreach (var id in ids)
        {
            var piece = Piece(id);
            if (id >= _model.Pieces.Count)
            {
                if (_beyond.GetValueOrDefault(id) is { Special: false } token)
                    bytes.AddRange(Encoding.UTF8.GetBytes(token.Content));
                continue;
            }
            var kind = _model.Pieces[id].Kind;
            if (kind == PieceKind.Byte)
            {
                bytes.Add(Utf8Text.ByteOf(piece)!.Value);
                continue;
            }
            Utf8Text.AppendDecoded(text, CollectionsMarshal.AsSpan(bytes));
            bytes.Clear();
            if (stripped || text.Length > 0) stripping = false;
            stripped = false;
            if (kind == PieceKind.Unknown) text.Append(_model.UnknownSurface);
            if (kind is not (PieceKind.Normal or PieceKind.UserDefined)) continue;
            var strip = stripping && piece[0] == Space;
            stripped = strip && !_model.RemoveExtraWhitespaces;
            text.Append((strip ? piece[1..] : piece).Replace(Space, ' '));
        }
        Utf8Text.AppendDecoded(text, CollectionsMarshal.AsSpan(bytes));
        return text.ToString();
    }

    protected override string Spelling(int id) =>
        id < _model.Pieces.Count ? _model.Pieces[id].Text : _beyond.GetValueOrDefault(id)?.Content ?? "";

    // What the tokenizers' classes take for special where no file says otherwise.
    private static IEnumerable<AddedToken> OwnTokens(SentencePieceModel model) =>
        from piece in model.Pieces.Index()
        where piece.Item.Kind is PieceKind.Control or PieceKind.Unknown
        select AddedToken.Plain(piece.Index, piece.Item.Text, special: true);

    // Text without added tokens.
    private void EncodeBetween(string text, bool addPrefix, List<int> ids)
    {
        var symbols = Symbols(Normalize(text, addPrefix));
        var merged = new List<int>(symbols.Count);
        _merger.Merge(CollectionsMarshal.AsSpan(symbols), merged);
        var start = ids.Count;
        foreach (var id in merged)
        {
            if (id >= _model.Pieces.Count) AddUnknown(_partRunes[id - _model.Pieces.Count], ids, start);
            else if (id == _unknown) AddUnknown(null, ids, start);
            else ids.Add(id);
        }
    }

    // Characters that are part of a piece but no piece themselves can still merge: they get ids past the end.
    private void AddPartRunes(Dictionary<string, int> symbols, List<string> spellings)
    {
        foreach (var piece in symbols.Keys.ToList())
        {
            foreach (var rune in piece.EnumerateRunes())
            {
                if (!symbols.TryAdd(rune.ToString(), spellings.Count)) continue;
                spellings.Add(rune.ToString());
                _partRunes.Add(rune);
            }
        }
    }

    private List<int> Symbols(string normalized)
    {
        var symbols = new List<int>(normalized.Length);
        for (var at = 0; at < normalized.Length;)
        {
            var (length, id) = _userDefined.At(normalized, at);
            if (length > 0)
            {
                symbols.Add(id);
                at += length;
                continue;
            }
            var rune = Rune.GetRuneAt(normalized, at);
            if (_characters.TryGetValue(rune, out var known)) symbols.Add(known);
            else if (_model.ByteFallback) Utf8Text.AppendByteIds(rune, _byteIds, symbols);
            else symbols.Add(_unknown);
            at += rune.Utf16SequenceLength;
        }
        return symbols;
    }

    private void AddUnknown(Rune? rune, List<int> ids, int start)
    {
        if (_model.ByteFallback && rune is { } known) Utf8Text.AppendByteIds(known, _byteIds, ids);
        else if (ids.Count == start || ids[^1] != _unknown) ids.Add(_unknown);
    }

    // SentencePiece's normalizer without a character map.
    private string Normalize(string text, bool addPrefix)
    {
        var at = 0;
        var remove = _model.RemoveExtraWhitespaces;
        while (remove && at < text.Length && text[at] == ' ' && ChunkLength(text, at) == 1) at++;
        if (at == text.Length) return "";
        var space = _model.EscapeWhitespaces ? Space : ' ';
        var result = new StringBuilder(text.Length + 1);
        if (addPrefix) result.Append(space);
        for (var afterSpace = remove; at < text.Length;)
        {
            var end = at + ChunkLength(text, at);
            while (afterSpace && at < end && text[at] == ' ') at++;
            if (at < end) afterSpace = remove && text[end - 1] == ' ';
            for (; at < end; at++) result.Append(text[at] == ' ' ? space : text[at]);
        }
        while (remove && result.Length > 0 && result[^1] == space) result.Length--;
        return result.ToString();
    }

    // A user-defined piece is normalized as one, anything else character by character.
    private int ChunkLength(string text, int at) =>
        _userDefined.IsEmpty ? 1 : Math.Max(1, _userDefined.At(text, at).Length);
}

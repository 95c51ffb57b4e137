using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>The tokenizer of llama2.c (<c>tok512.bin</c>, <c>tokenizer.bin</c>): a SentencePiece vocabulary written out
/// as the longest length (int32), then score (float32), length (int32) and bytes of every token, with "▁" already a
/// space. Encoding is run.c's: BOS, a space, characters or bytes + 3, then best-scored merges.</summary>
internal sealed class Llama2cTokenizer : Tokenizer
{
    private const int Begin = 1;
    private const int End = 2;
    private const int FirstByte = 3;

    private readonly List<string> _pieces;
    private readonly Dictionary<Rune, int> _characters;
    private readonly BytePairMerger _merger;
    private readonly int[] _byteIds = [.. Enumerable.Range(FirstByte, 256)];

    private Llama2cTokenizer(List<string> pieces, List<float> scores)
    {
        _pieces = pieces;
        var symbols = new Dictionary<string, int>(pieces.Count);
        for (var id = 0; id < pieces.Count; id++) symbols.TryAdd(pieces[id], id);
        _characters = Utf8Text.CharacterIds(symbols);
        _merger = new(ScoredMerges.Of(symbols, scores), pieces);
    }

    public override int VocabularySize => _pieces.Count;
    public override int? BeginId => Begin;
    public override int? EndId => End;
    public override string Description => $"llama2.c BPE, {_pieces.Count} tokens, byte fallback";

    /// <summary>Reads a tokenizer from a file.</summary>
    /// <exception cref="InvalidDataException">The file is not one; the message says where.</exception>
    public static Llama2cTokenizer Open(string path) => Parse(TokenizerFile.ReadBinary(path), path);

    internal static Llama2cTokenizer Parse(ReadOnlySpan<byte> bytes, string file)
    {
        if (bytes.Length < 4) throw TokenizerFile.Invalid(file, "max_token_length", "4 bytes", $"{bytes.Length}");
        var longest = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (longest < 1) throw TokenizerFile.Invalid(file, "max_token_length", "at least 1", $"{longest}");
        var (pieces, scores) = (new List<string>(), new List<float>());
        for (var at = 4; at < bytes.Length;)
        {
            var field = $"token {pieces.Count}";
            if (bytes.Length - at < 8)
                throw TokenizerFile.Invalid(
                    file, field, "8 bytes of score and length", $"the end of the file after {bytes.Length - at}");
            var score = BinaryPrimitives.ReadSingleLittleEndian(bytes[at..]);
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[(at + 4)..]);
            at += 8;
            if (length < 1 || length > longest || length > bytes.Length - at)
                throw TokenizerFile.Invalid(
                    file, $"{field} length", $"1 to {longest}", $"{length} with {bytes.Length - at} bytes left");
            var piece = TokenizerFile.Utf8(file, field, bytes.Slice(at, length));
            ScoredMerges.Check(file, field, piece, score);
            CheckByte(file, pieces.Count, piece);
            pieces.Add(piece);
            scores.Add(score);
            at += length;
        }
        if (pieces.Count < FirstByte + 256)
            throw TokenizerFile.Invalid(file, "number of tokens",
                $"at least {FirstByte + 256} (three special ones and the bytes)", $"{pieces.Count}");
        return new(pieces, scores);
    }

    private static void CheckByte(string file, int id, string piece)
    {
        if (id is >= FirstByte and < FirstByte + 256 && Utf8Text.ByteOf(piece) != id - FirstByte)
            throw TokenizerFile.Invalid(
                file, $"token {id}", Utf8Text.PieceOf((byte)(id - FirstByte)), Refusal.Quote(piece));
    }

    public override int[] Encode(string text, bool addSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var symbols = new List<int>(text.Length + 1);
        if (text.Length > 0) AddRune(new Rune(' '));
        foreach (var rune in text.EnumerateRunes()) AddRune(rune);
        var ids = new List<int>(symbols.Count);
        if (addSpecial) ids.Add(Begin);
        _merger.Merge(CollectionsMarshal.AsSpan(symbols), ids);
        return [.. ids];

        void AddRune(Rune rune)
        {
            if (_characters.TryGetValue(rune, out var id)) symbols.Add(id);
            else Utf8Text.AppendByteIds(rune, _byteIds, symbols);
        }
    }

    /// <remarks>The space that encoding puts first is taken from the first piece again.</remarks>
    public override string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var bytes = new List<byte>();
        var first = true;
        foreach (var id in ids)
        {
            var piece = Piece(id);
            if (id is Begin or End) continue;
            if (id is >= FirstByte and < FirstByte + 256) bytes.Add((byte)(id - FirstByte));
            else bytes.AddRange(Encoding.UTF8.GetBytes(first && piece[0] == ' ' ? piece[1..] : piece));
            first = false;
        }
        var text = new StringBuilder(bytes.Count);
        Utf8Text.AppendDecoded(text, CollectionsMarshal.AsSpan(bytes));
        return text.ToString();
    }

    protected override string Spelling(int id) => _pieces[id];
}

using System.Text;

namespace Patchbay.Models.Tests.Tokenizers;

/// <summary>Writes a SentencePiece tokenizer.model: fields of a protobuf message, one after another.</summary>
internal sealed class SentencePieceFile
{
    public const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Byte = 6;

    private readonly List<byte> _bytes = [];

    public byte[] Bytes => [.. _bytes];

    /// <summary>A BPE model that begins with &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;; with byte fallback, the 256 bytes
    /// follow. Of
    /// <paramref name="pieces"/> the first ones score best.</summary>
    public static SentencePieceFile Bpe(string[] pieces, bool byteFallback = true,
        Action<SentencePieceFile>? normalizer = null)
    {
        var file = new SentencePieceFile().Piece("<unk>", 0, Unknown).Piece("<s>", 0, Control)
            .Piece("</s>", 0, Control);
        for (var b = 0; byteFallback && b < 256; b++) file.Piece($"<0x{b:X2}>", 0, Byte);
        foreach (var (rank, piece) in pieces.Index()) file.Piece(piece, -rank, Normal);
        file.Message(2, trainer => trainer.Number(3, 2).Number(35, byteFallback ? 1 : 0));
        return normalizer is null ? file : file.Message(3, normalizer);
    }

    public SentencePieceFile Piece(string text, float score, int kind) =>
        Message(1, piece => piece.Text(1, text).Single(2, score).Number(3, kind));

    public SentencePieceFile Message(int field, Action<SentencePieceFile> write)
    {
        var message = new SentencePieceFile();
        write(message);
        return Raw(field, message.Bytes);
    }

    public SentencePieceFile Text(int field, string text) => Raw(field, Encoding.UTF8.GetBytes(text));

    public SentencePieceFile Number(int field, int value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
        return this;
    }

    public SentencePieceFile Single(int field, float value)
    {
        Varint(((ulong)field << 3) | 5);
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    private SentencePieceFile Raw(int field, byte[] bytes)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)bytes.Length);
        _bytes.AddRange(bytes);
        return this;
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
    }
}

/// <summary>Writes a llama2.c vocabulary.</summary>
internal static class Llama2cFile
{
    /// <summary>The three special tokens, the 256 bytes, then <paramref name="pieces"/>, the first ones scored
    /// best.</summary>
    public static byte[] Of(params string[] pieces)
    {
        var all = new List<string> { "<unk>", "\n<s>\n", "\n</s>\n" };
        for (var b = 0; b < 256; b++) all.Add($"<0x{b:X2}>");
        all.AddRange(pieces);
        var bytes = new List<byte>(BitConverter.GetBytes(all.Max(Encoding.UTF8.GetByteCount)));
        foreach (var (id, piece) in all.Index())
        {
            bytes.AddRange(BitConverter.GetBytes((float)-id));
            bytes.AddRange(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(piece)));
            bytes.AddRange(Encoding.UTF8.GetBytes(piece));
        }
        return [.. bytes];
    }
}

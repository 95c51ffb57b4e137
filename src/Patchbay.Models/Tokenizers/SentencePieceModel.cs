namespace Patchbay.Models.Tokenizers;

/// <summary>Kinds of pieces, with SentencePiece's numbers.</summary>
internal enum PieceKind { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 }

/// <summary>One entry of a SentencePiece vocabulary.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>What of a SentencePiece <c>tokenizer.model</c> encoding and decoding need; the defaults, and the numbers of
/// the fields, are the format's (sentencepiece_model.proto).</summary>
internal sealed class SentencePieceModel
{
    /// <summary>Reads a model and refuses what is not a sound BPE model without a character map.</summary>
    public SentencePieceModel(byte[] bytes, string file)
    {
        var model = new ProtobufMessage(bytes, file, "model");
        Pieces = [.. model.Repeated(1).Select((piece, id) => ReadPiece(piece, file, id))];
        var trainer = model.Message(2, "trainer_spec");
        ByteFallback = trainer.Flag(35);
        UnknownSurface = trainer.Text(44, " \u2047 ");
        BeginPiece = trainer.Text(46, "<s>");
        EndPiece = trainer.Text(47, "</s>");
        var normalizer = model.Message(3, "normalizer_spec");
        AddDummyPrefix = normalizer.Flag(3, otherwise: true);
        RemoveExtraWhitespaces = normalizer.Flag(4, otherwise: true);
        EscapeWhitespaces = normalizer.Flag(5, otherwise: true);
        CheckSupported(file, trainer, normalizer, model.Message(5, "denormalizer_spec"));
        CheckPieces(file);
    }

    public List<SentencePiece> Pieces { get; }

    public bool ByteFallback { get; }
    public string UnknownSurface { get; }
    public string BeginPiece { get; }
    public string EndPiece { get; }

    public bool AddDummyPrefix { get; }
    public bool RemoveExtraWhitespaces { get; }
    public bool EscapeWhitespaces { get; }

    private static SentencePiece ReadPiece(ReadOnlyMemory<byte> bytes, string file, int id)
    {
        var message = new ProtobufMessage(bytes, file, $"piece {id}");
        var (text, score, kind) = (message.Text(1), message.Single(2), message.Number(3, otherwise: 1));
        ScoredMerges.Check(file, $"piece {id}", text, score);
        if (kind is < 1 or > 6) throw TokenizerFile.Invalid(file, $"piece {id} type", "1 to 6", $"{kind}");
        if (kind == (ulong)PieceKind.Unused)
            throw TokenizerFile.Invalid(file, $"piece {id} type", "a supported type (1, 2, 3, 4 or 6)", "5 (unused)");
        return new(text, score, (PieceKind)kind);
    }

    private void CheckSupported(
        string file, ProtobufMessage trainer, ProtobufMessage normalizer, ProtobufMessage denormalizer)
    {
        if (Pieces.Count == 0) throw TokenizerFile.Invalid(file, "pieces", "a SentencePiece vocabulary", "none");
        var kind = trainer.Number(3, otherwise: 1);
        if (kind != 2)
        {
            var name = kind switch { 1 => "unigram", 3 => "word", 4 => "char", _ => $"{kind}" };
            throw TokenizerFile.Invalid(file, "trainer_spec.model_type", "BPE, the one supported type", name);
        }
        if (normalizer.HasBytes(2))
            throw TokenizerFile.Invalid(file, "normalizer_spec.precompiled_charsmap",
                "none (\"identity\", the one supported normalizer)", Refusal.Quote(normalizer.Text(1)));
        if (denormalizer.HasBytes(2))
            throw TokenizerFile.Invalid(file, "denormalizer_spec.precompiled_charsmap", "none", "one");
        if (trainer.Flag(24))
            throw TokenizerFile.Invalid(file, "trainer_spec.treat_whitespace_as_suffix", "false", "true");
    }

    private void CheckPieces(string file)
    {
        var unknowns = Pieces.Count(p => p.Kind == PieceKind.Unknown);
        if (unknowns != 1) throw TokenizerFile.Invalid(file, "pieces", "one of type unknown", $"{unknowns}");
        var seen = new HashSet<(string, bool)>();
        var bytes = new bool[256];
        foreach (var (id, (text, _, kind)) in Pieces.Index())
        {
            if (!seen.Add((text, kind is PieceKind.Normal or PieceKind.UserDefined)))
                throw TokenizerFile.Invalid(
                    file, $"piece {id}", "a piece of its own", $"{Refusal.Quote(text)} for the second time");
            if (kind != PieceKind.Byte) continue;
            var expected = ByteFallback ? "<0x00> to <0xFF>" : "no byte pieces without byte_fallback";
            if (!ByteFallback || Utf8Text.ByteOf(text) is not { } value)
                throw TokenizerFile.Invalid(file, $"piece {id}", expected, Refusal.Quote(text));
            bytes[value] = true;
        }
        if (ByteFallback && Array.IndexOf(bytes, false) is >= 0 and var missing)
            throw TokenizerFile.Invalid(
                file, "pieces", "all 256 byte pieces", $"none for {Utf8Text.PieceOf((byte)missing)}");
    }
}

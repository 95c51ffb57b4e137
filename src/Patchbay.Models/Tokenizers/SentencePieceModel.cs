namespace Patchbay.Models.Tokenizers;

/// <summary>Kinds of pieces, with SentencePiece's numbers.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One entry of a SentencePiece vocabulary.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>What of a SentencePiece <c>tokenizer.model</c> encoding and decoding need; the defaults are the
/// format's.</summary>
internal sealed record SentencePieceModel
{
    public List<SentencePiece> Pieces { get; } = [];

    /// <summary>1 unigram, 2 BPE, 3 word, 4 char.</summary>
    public ulong Kind { get; private set; } = 1;

    public bool ByteFallback { get; private set; }
    public bool SpaceAsSuffix { get; private set; }
    public string UnknownSurface { get; private set; } = " \u2047 ";
    public string BeginPiece { get; private set; } = "<s>";
    public string EndPiece { get; private set; } = "</s>";

    public string NormalizerName { get; private set; } = "";
    public bool HasCharacterMap { get; private set; }
    public bool AddDummyPrefix { get; private set; } = true;
    public bool RemoveExtraWhitespaces { get; private set; } = true;
    public bool EscapeWhitespaces { get; private set; } = true;
    public bool HasDenormalizer { get; private set; }

    /// <summary>Reads a model and refuses what is not a sound BPE model without a character map.</summary>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> bytes, string file)
    {
        var model = new SentencePieceModel();
        var reader = new ProtobufReader(bytes, file, "model");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: model.Pieces.Add(ReadPiece(reader.Bytes(), file, model.Pieces.Count)); break;
                case 2: model.ReadTrainer(new(reader.Bytes(), file, "trainer_spec")); break;
                case 3: model.ReadNormalizer(new(reader.Bytes(), file, "normalizer_spec")); break;
                case 5: model.ReadDenormalizer(new(reader.Bytes(), file, "denormalizer_spec")); break;
                default: reader.Skip(); break;
            }
        }
        model.CheckSupported(file);
        model.CheckPieces(file);
        return model;
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> bytes, string file, int id)
    {
        var reader = new ProtobufReader(bytes, file, $"piece {id}");
        var (text, score, kind) = ("", 0f, 1UL);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: text = reader.Text(); break;
                case 2: score = reader.Single(); break;
                case 3: kind = reader.Number(); break;
                default: reader.Skip(); break;
            }
        }
        ScoredMerges.Check(file, $"piece {id}", text, score);
        if (kind is < 1 or > 6) throw TokenizerFile.Invalid(file, $"piece {id} type", "1 to 6", $"{kind}");
        if (kind == (ulong)PieceKind.Unused)
            throw TokenizerFile.Invalid(file, $"piece {id} type", "a supported type (1, 2, 3, 4 or 6)", "5 (unused)");
        return new(text, score, (PieceKind)kind);
    }

    private void ReadTrainer(ProtobufReader reader)
    {
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3: Kind = reader.Number(); break;
                case 24: SpaceAsSuffix = reader.Flag(); break;
                case 35: ByteFallback = reader.Flag(); break;
                case 44: UnknownSurface = reader.Text(); break;
                case 46: BeginPiece = reader.Text(); break;
                case 47: EndPiece = reader.Text(); break;
                default: reader.Skip(); break;
            }
        }
    }

    private void ReadNormalizer(ProtobufReader reader)
    {
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: NormalizerName = reader.Text(); break;
                case 2: HasCharacterMap = !reader.Bytes().IsEmpty; break;
                case 3: AddDummyPrefix = reader.Flag(); break;
                case 4: RemoveExtraWhitespaces = reader.Flag(); break;
                case 5: EscapeWhitespaces = reader.Flag(); break;
                default: reader.Skip(); break;
            }
        }
    }

    private void ReadDenormalizer(ProtobufReader reader)
    {
        while (reader.Next())
        {
            if (reader.Field == 2) HasDenormalizer = !reader.Bytes().IsEmpty;
            else reader.Skip();
        }
    }

    private void CheckSupported(string file)
    {
        if (Pieces.Count == 0) throw TokenizerFile.Invalid(file, "pieces", "a SentencePiece vocabulary", "none");
        if (Kind != 2)
        {
            var name = Kind switch { 1 => "unigram", 3 => "word", 4 => "char", _ => $"{Kind}" };
            throw TokenizerFile.Invalid(file, "trainer_spec.model_type", "BPE, the one supported type", name);
        }
        if (HasCharacterMap)
            throw TokenizerFile.Invalid(
                file, "normalizer_spec.precompiled_charsmap", "none (\"identity\", the one supported normalizer)",
                TokenizerFile.Quote(NormalizerName));
        if (HasDenormalizer) throw TokenizerFile.Invalid(file, "denormalizer_spec.precompiled_charsmap", "none", "one");
        if (SpaceAsSuffix)
            throw TokenizerFile.Invalid(file, "trainer_spec.treat_whitespace_as_suffix", "false", "true");
    }

    private void CheckPieces(string file)
    {
        var unknowns = Pieces.Count(p => p.Kind == PieceKind.Unknown);
        if (unknowns != 1) throw TokenizerFile.Invalid(file, "pieces", "one of type unknown", $"{unknowns}");
        var seen = new HashSet<(string, bool)>();
        var bytes = new bool[256];
        for (var id = 0; id < Pieces.Count; id++)
        {
            var (text, _, kind) = Pieces[id];
            if (!seen.Add((text, kind is PieceKind.Normal or PieceKind.UserDefined)))
                throw TokenizerFile.Invalid(
                    file, $"piece {id}", "a piece of its own", $"{TokenizerFile.Quote(text)} for the second time");
            if (kind != PieceKind.Byte) continue;
            if (!ByteFallback || Utf8Text.ByteOf(text) is not { } value)
                throw TokenizerFile.Invalid(
                    file, $"piece {id}", ByteFallback ? "<0x00> to <0xFF>" : "no byte pieces without byte_fallback",
                    TokenizerFile.Quote(text));
            bytes[value] = true;
        }
        if (ByteFallback && Array.IndexOf(bytes, false) is >= 0 and var missing)
            throw TokenizerFile.Invalid(
                file, "pieces", "all 256 byte pieces", $"none for {Utf8Text.PieceOf((byte)missing)}");
    }
}

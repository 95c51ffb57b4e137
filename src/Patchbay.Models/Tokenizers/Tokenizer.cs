namespace Patchbay.Models.Tokenizers;

/// <summary>Turns text into token ids and back, exactly as the checkpoint's own tokenizer does.</summary>
public abstract class Tokenizer
{
    /// <summary>Number of ids: every id is in [0, VocabularySize).</summary>
    public abstract int VocabularySize { get; }

    /// <summary>Id put before every sequence, or null where the tokenizer adds none.</summary>
    public abstract int? BeginId { get; }

    /// <summary>Id that ends a text, or null.</summary>
    public abstract int? EndId { get; }

    /// <summary>What the tokenizer is, for people: e.g. "SentencePiece BPE, 32000 pieces, byte fallback".</summary>
    public abstract string Description { get; }

    /// <summary>Token ids of <paramref name="text"/>; with <paramref name="addSpecial"/>, with the tokens that the
    /// tokenizer puts around a sequence (BOS for Llama).</summary>
    public abstract int[] Encode(string text, bool addSpecial = true);

    /// <summary>The text of <paramref name="ids"/>; special tokens are left out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public abstract string Decode(IReadOnlyList<int> ids);

    /// <summary>The vocabulary's own spelling of one id ("▁the", "&lt;0x0A&gt;").</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string Piece(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return Spelling(id);
    }

    /// <summary>The spelling of an id that is in the vocabulary; empty where it has none.</summary>
    private protected abstract string Spelling(int id);
}

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
    protected abstract string Spelling(int id);
}

/// <summary>Finds and opens the tokenizer of a checkpoint.</summary>
public static class TokenizerLoader
{
    private static readonly string[] Kinds =
        ["tokenizer.json", "tokenizer.model", "tokenizer.bin", "tok*.bin", "tok*.model"];

    /// <summary>Opens one that must be there.</summary>
    /// <exception cref="FileNotFoundException">The folder has none.</exception>
    public static Tokenizer OpenRequired(string folderOrFile) => Open(folderOrFile) ?? throw new FileNotFoundException(
        $"there is no tokenizer in {folderOrFile}; give its file with --tokenizer", folderOrFile);

    /// <summary>Opens the tokenizer in a checkpoint folder, or the tokenizer file given. In a folder the first of these
    /// is taken: <c>tokenizer.json</c> (what Hugging Face's fast tokenizers run), <c>tokenizer.model</c>
    /// (SentencePiece), a llama2.c vocabulary (<c>tokenizer.bin</c> or <c>tok*.bin</c>, what run.c uses), another
    /// <c>tok*.model</c>. A file is read by its ending: <c>.json</c>, <c>.model</c>, <c>.bin</c>.</summary>
    /// <returns>The tokenizer, or null when the folder has none.</returns>
    /// <exception cref="InvalidDataException">The tokenizer is broken or not supported; the message is one sentence
    /// with the file, the place in it, what was expected and what was found.</exception>
    /// <exception cref="FileNotFoundException">Neither a folder nor a file is there.</exception>
    public static Tokenizer? Open(string folderOrFile)
    {
        if (File.Exists(folderOrFile)) return OpenFile(folderOrFile);
        if (!Directory.Exists(folderOrFile))
            throw new FileNotFoundException($"there is no file or folder {folderOrFile}.", folderOrFile);
        var file = Kinds.Select(pattern => Only(folderOrFile, pattern)).FirstOrDefault(found => found is not null);
        return file is null ? null : OpenFile(file);
    }

    private static Tokenizer OpenFile(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => HuggingFaceTokenizer.Open(path),
        ".model" => SentencePieceTokenizer.Open(path),
        ".bin" => Llama2cTokenizer.Open(path),
        var ending => throw TokenizerFile.Invalid(
            path, "name", "one that ends with .json, .model or .bin", Refusal.Quote(ending)),
    };

    private static string? Only(string folder, string pattern)
    {
        var files = Directory.GetFiles(folder, pattern);
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length <= 1
            ? files.FirstOrDefault()
            : throw TokenizerFile.Invalid(
                folder, pattern, "one tokenizer (give its file)", string.Join(", ", files.Select(Path.GetFileName)));
    }
}

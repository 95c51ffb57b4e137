using Patchbay.Models.Tokenizers;

namespace Patchbay.Tasks.Tests;

/// <summary>Tokenizers that tasks are tested with.</summary>
internal static class Encoders
{
    /// <summary>A new word-level one that knows every word.</summary>
    public static EncodeText Words => new WordEncoder().Encode;

    /// <summary>The lab's, of the models shipped with the project: word level, with an unknown token.</summary>
    public static EncodeText Lab { get; } = Open(Path.Combine(Root, "models", "tiny-base"));

    /// <summary>Llama's; only for tests marked <see cref="SharedFactAttribute"/> or
    /// <see cref="SharedTheoryAttribute"/>.</summary>
    public static EncodeText Llama => LlamaTokenizer.Value;

    private static readonly Lazy<EncodeText> LlamaTokenizer =
        new(() => Open(SharedFolder.PathOf("checkpoints", "llama-tokenizer", "tokenizer.model")));

    private static EncodeText Open(string path)
    {
        var tokenizer = TokenizerLoader.Open(path)!;
        return text => tokenizer.Encode(text);
    }

    /// <summary>The repository's folder.</summary>
    public static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) folder = folder.Parent!;
            return folder.FullName;
        }
    }
}

namespace Patchbay.Sweeps.Studies;

/// <summary>A model of the catalogue.</summary>
/// <param name="Name">Its name in studies: "goat-7b".</param>
/// <param name="Title">What it is, for people.</param>
/// <param name="Id">Its Hugging Face id, or null.</param>
/// <param name="Base">Name of the model that it was tuned from, or null.</param>
/// <param name="Folder">Where its checkpoint lies: the base's folder where it is an adapter.</param>
/// <param name="Adapter">Where its LoRA adapter lies, or null.</param>
/// <param name="Files">Files expected in <paramref name="Folder"/>: names or patterns, alternatives separated by
/// '|'.</param>
/// <param name="AdapterFiles">The same for <paramref name="Adapter"/>.</param>
/// <param name="Tokenizer">Where its tokenizer lies, where that is not with the checkpoint, or null.</param>
public sealed record CatalogueModel(string Name, string Title, string? Id, string? Base, ModelFolder Folder,
    ModelFolder? Adapter,
    IReadOnlyList<string> Files, IReadOnlyList<string> AdapterFiles, ModelFolder? Tokenizer = null)
{
    /// <summary>Where it lies, as far as settings are set.</summary>
    public ModelPlace Place => new(Name, Folder.FullPath ?? "", Adapter?.FullPath, Tokenizer?.FullPath);

    /// <summary>Names of settings that its folders need and that are not set.</summary>
    public IReadOnlyList<string> UnsetSettings =>
        [.. new[] { Folder.UnsetSetting, Adapter?.UnsetSetting }.OfType<string>().Distinct()];

    /// <summary>What is not there, in sentences without a full stop; empty where everything is, as far as settings are
    /// set.</summary>
    public IReadOnlyList<string> Missing()
    {
        var folders = new[] { Folder.Missing("checkpoint", Files), Adapter?.Missing("adapter", AdapterFiles) };
        return [.. folders.OfType<string>().Select(sentence => $"{Name}: {sentence}")];
    }
}

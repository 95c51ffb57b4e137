namespace Patchbay.Models.Weights;
/// <summary>temporary</summary>
public sealed class TorchFile : WeightFile
{
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, StoredTensor> Tensors => throw new InvalidOperationException();
    /// <summary>temporary</summary>
    public static TorchFile Open(string path) => throw new InvalidDataException(path);
    /// <inheritdoc/>
    public override void Dispose() { }
}

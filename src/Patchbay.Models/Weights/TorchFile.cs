namespace Patchbay.Models.Weights;

/// <summary>A PyTorch checkpoint (<c>pytorch_model.bin</c>): a pickled dict of tensors, in the zip form or in the form
/// before it. Its pickle is read by a reader that can build tensors and nothing else.</summary>
public sealed class TorchFile : WeightFile
{
    private readonly TorchFileMap map;

    private TorchFile(TorchFileMap map, IReadOnlyDictionary<string, StoredTensor> tensors) =>
        (this.map, Tensors) = (map, tensors);

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a checkpoint and reads the names, types and shapes of its tensors.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a checkpoint of tensors; the message says where.</exception>
    public static TorchFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var map = new TorchFileMap(path);
        try
        {
            return new TorchFile(map, Read(map));
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => map.Dispose();

    private static Dictionary<string, StoredTensor> Read(TorchFileMap map)
    {
        Span<byte> magic = stackalloc byte[4];
        if (map.Length < magic.Length) throw map.Fail($"the file has {map.Length} bytes, expected a PyTorch checkpoint");
        map.Read(0, magic);
        if (magic.SequenceEqual("PK\u0003\u0004"u8)) return TorchFileForms.ReadZip(map);
        if (magic[0] == 0x80) return TorchFileForms.ReadLegacy(map);
        throw map.Fail($"the file begins with bytes {Convert.ToHexString(magic)}, expected a zip file or a pickle");
    }
}

namespace Patchbay.Models.Weights;

/// <summary>
/// One file of tensors, open for reading: .safetensors, or a file of torch.save (zip or legacy pickles). Opening reads
/// and checks the header only; the elements stay on disk until <see cref="StoredTensor.CopyTo"/>.
/// </summary>
public sealed class TensorFile : IDisposable
{
    private readonly MappedFile file;

    private TensorFile(MappedFile file, IReadOnlyDictionary<string, StoredTensor> tensors) =>
        (this.file, Tensors) = (file, tensors);

    /// <summary>The file's path, as it was given.</summary>
    public string Path => file.Path;

    /// <summary>The tensors by name; they can be read until this is disposed.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a file; its name (.safetensors) or else its first bytes tell the format.</summary>
    /// <exception cref="InvalidDataException">The file is of another format, damaged, or refers to anything but tensors;
    /// the message is one sentence that names the file and what was found.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static TensorFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new(file, Read(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a JSON object follows the eight bytes of a header's length.</summary>
    private static bool IsSafetensors(MappedFile file)
    {
        Span<byte> beginning = stackalloc byte[9];
        if (file.Length < beginning.Length) return false;
        file.Read(0, beginning, "beginning");
        return beginning[^1] == (byte)'{';
    }

    private static Dictionary<string, StoredTensor> Read(MappedFile file)
    {
        if (file.Path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return SafetensorsReader.Read(file);
        Span<byte> head = stackalloc byte[4];
        file.Read(0, head, "beginning");
        if (IsSafetensors(file)) return SafetensorsReader.Read(file);
        if (PyTorchReader.Recognizes(head)) return PyTorchReader.Read(file);
        throw Refusal.Of(file.Path, "the file is neither .safetensors nor a file of torch.save (zip or legacy pickle)");
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}

namespace Patchbay.Models.Weights;

/// <summary>
/// One file of tensors, open for reading: .safetensors, or a file of torch.save (zip or legacy pickles). Opening reads
/// and checks the header only; the elements stay on disk until <see cref="StoredTensor.CopyTo"/>.
/// </summary>
public sealed class TensorFile : IDisposable
{
    private readonly MappedFile file;

    private TensorFile(MappedFile file) => (this.file, Tensors) = (file, Read(file));

    /// <summary>The file's path, as it was given.</summary>
    public string Path => file.Path;

    /// <summary>The tensors by name; they can be read until this is disposed.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a file; its name (.safetensors) or else its first bytes tell the format.</summary>
    /// <exception cref="InvalidDataException">The file is of another format, damaged, or refers to anything but
    /// tensors; the message is one sentence that names the file and what was found.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static TensorFile Open(string path) =>
        Opening.CloseOnError(new MappedFile(path), file => new TensorFile(file));

    private static Dictionary<string, StoredTensor> Read(MappedFile file)
    {
        if (file.Path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return SafetensorsReader.Read(file);
        var head = file.Read(0, Math.Clamp(file.Length, 4, 9), "beginning");
        // After the eight bytes of a header's length follows a JSON object.
        if (head.Length == 9 && head[8] == '{') return SafetensorsReader.Read(file);
        if (PyTorchReader.Recognizes(head)) return PyTorchReader.Read(file);
        throw file.Refuse("the file is neither .safetensors nor a file of torch.save (zip or legacy pickle)");
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}

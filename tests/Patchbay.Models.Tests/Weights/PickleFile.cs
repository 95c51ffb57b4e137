using System.Runtime.InteropServices;
using Patchbay.Models.Weights;

namespace Patchbay.Models.Tests.Weights;

/// <summary>A checkpoint file of a test, removed after it.</summary>
internal sealed class PickleFile : IDisposable
{
    public const string Name = "weights.bin";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("patchbay-pickle");

    public PickleFile(byte[] bytes) => File.WriteAllBytes(Path, bytes);

    public string Path => System.IO.Path.Combine(folder.FullName, Name);

    public void Dispose() => folder.Delete(recursive: true);

    public TorchFile Open() => TorchFile.Open(Path);

    /// <summary>The one sentence with which such a file is refused.</summary>
    public static string Refusal(byte[] bytes)
    {
        using var file = new PickleFile(bytes);
        var message = Assert.Throws<InvalidDataException>(() => file.Open().Dispose()).Message;
        CheckSentence(message, Name);
        return message;
    }

    public static void CheckSentence(string message, string name)
    {
        Assert.StartsWith(name + ": ", message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain(". ", message, StringComparison.Ordinal);
        Assert.DoesNotContain(System.IO.Path.GetTempPath(), message, StringComparison.Ordinal);
    }

    public static byte[] Bytes(StoredTensor tensor)
    {
        var bytes = new byte[tensor.Count * tensor.ElementSize];
        tensor.CopyTo(0, bytes);
        return bytes;
    }

    public static float[] Floats(StoredTensor tensor)
    {
        Assert.Equal(StoredType.Float32, tensor.Type);
        return MemoryMarshal.Cast<byte, float>(Bytes(tensor)).ToArray();
    }
}

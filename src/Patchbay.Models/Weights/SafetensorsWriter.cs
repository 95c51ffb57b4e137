using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Patchbay.Models.Weights;

/// <summary>A tensor to be written, whose elements are made when their turn comes.</summary>
/// <param name="Name">Unique in the file.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Sizes, first dimension first.</param>
/// <param name="WriteTo">Writes all elements, row-major and little-endian, to the stream.</param>
public sealed record TensorToWrite(string Name, StoredType Type, IReadOnlyList<long> Shape, Action<Stream> WriteTo)
{
    /// <summary>Bytes of all elements.</summary>
    public long ByteLength => Shape.Aggregate((long)Type.ByteSize(), (bytes, size) => checked(bytes * size));
}

/// <summary>Writes .safetensors files.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>Writes the tensors one after another to a temporary file in the folder of <paramref name="path"/>,
    /// which takes its place once it is complete: no one ever finds half a file there.</summary>
    /// <param name="path">The file to be made or replaced; its folder exists.</param>
    /// <param name="tensors">In the order in which they are to be stored.</param>
    /// <exception cref="ArgumentException">A name occurs twice, a size is negative, or a tensor wrote another number of
    /// bytes than its shape has.</exception>
    public static void Write(string path, IReadOnlyList<TensorToWrite> tensors)
    {
        var header = Header(tensors);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var tensor in tensors)
            {
                var (start, expected) = (stream.Position, tensor.ByteLength);
                tensor.WriteTo(stream);
                var wrote = stream.Position - start;
                if (wrote != expected)
                    throw new ArgumentException(
                        $"Tensor {tensor.Name} wrote {wrote} bytes, but its shape has {expected}.");
            }
        });
    }

    private static byte[] Header(IReadOnlyList<TensorToWrite> tensors)
    {
        var json = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            if (tensor.Shape.Any(n => n < 0)) throw new ArgumentException($"{tensor.Name} has a negative size.");
            var entry = new JsonObject
            {
                ["dtype"] = tensor.Type.SafetensorsName(),
                ["shape"] = new JsonArray([.. tensor.Shape]),
                ["data_offsets"] = new JsonArray(offset, offset += tensor.ByteLength),
            };
            if (!json.TryAdd(tensor.Name, entry)) throw new ArgumentException($"The name {tensor.Name} is taken.");
        }
        var text = Encoding.UTF8.GetBytes(json.ToJsonString());
        var header = new byte[8 + (text.Length + Alignment - 1) / Alignment * Alignment];
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        header.AsSpan(8).Fill((byte)' ');
        text.CopyTo(header, 8);
        return header;
    }
}

/// <summary>Writes a file whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>Writes a temporary file in the same folder, which takes the path's place once it is complete.</summary>
    public static void Write(string path, Action<FileStream> write)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(
                temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}

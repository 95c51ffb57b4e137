using System.Buffers.Binary;
using System.Text.Json;

namespace Patchbay.Models.Weights;

/// <summary>A tensor to be written, whose elements are made when their turn comes.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Its sizes.</param>
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

    /// <summary>
    /// Writes the tensors one after another to a temporary file in the folder of <paramref name="path"/>, which takes the
    /// place of <paramref name="path"/> once it is complete: no one ever finds half a file there.
    /// </summary>
    /// <param name="path">The file to be made or replaced; its folder exists.</param>
    /// <param name="tensors">In the order in which they are to be stored.</param>
    /// <param name="metadata">Texts for the header's __metadata__, or null for {"format": "pt"}.</param>
    /// <exception cref="ArgumentException">A name occurs twice, a size is negative, or a tensor wrote another number of
    /// bytes than its shape has.</exception>
    public static void Write(
        string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var header = Header(tensors, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var tensor in tensors)
            {
                var start = stream.Position;
                tensor.WriteTo(stream);
                if (stream.Position - start != tensor.ByteLength)
                {
                    throw new ArgumentException(
                        $"Tensor {tensor.Name} wrote {stream.Position - start} bytes, but its shape has {tensor.ByteLength}.");
                }
            }
        });
    }

    private static byte[] Header(IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach (var (key, text) in metadata) json.WriteString(key, text);
            json.WriteEndObject();
            WriteTensors(json, tensors);
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0) buffer.WriteByte((byte)' ');
        var header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static void WriteTensors(Utf8JsonWriter json, IReadOnlyList<TensorToWrite> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"The name {tensor.Name} is taken.", nameof(tensors));
            if (tensor.Shape.Any(n => n < 0)) throw new ArgumentException($"{tensor.Name} has a negative size.", nameof(tensors));
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.SafetensorsName());
            json.WriteStartArray("shape");
            foreach (var n in tensor.Shape) json.WriteNumberValue(n);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            json.WriteNumberValue(offset += tensor.ByteLength);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}

/// <summary>Writes a file whole or not at all.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a temporary file in the same folder, which takes the place of <paramref name="path"/> once it is complete.</summary>
    public static void Write(string path, Action<FileStream> write)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
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

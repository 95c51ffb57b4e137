using System.Buffers.Binary;
using System.Text.Json;

namespace Patchbay.Models.Weights;

/// <summary>
/// A .safetensors file: 8 bytes of header length, a JSON header, then the tensors' bytes without gaps. Nothing in it is
/// trusted: lengths, types, shapes and ranges are checked against each other before a byte is read.
/// </summary>
public sealed class SafetensorsFile : WeightFile
{
    /// <summary>Longest header accepted, as in the reference implementation.</summary>
    public const int MaxHeader = 100_000_000;

    private static readonly Dictionary<string, StoredType> Types = new()
    {
        ["F64"] = StoredType.Float64,
        ["F32"] = StoredType.Float32,
        ["F16"] = StoredType.Float16,
        ["BF16"] = StoredType.BFloat16,
        ["I64"] = StoredType.Int64,
        ["I32"] = StoredType.Int32,
        ["I16"] = StoredType.Int16,
        ["I8"] = StoredType.Int8,
        ["U8"] = StoredType.UInt8,
        ["BOOL"] = StoredType.Bool,
    };

    private readonly MappedFile file;
    private readonly Dictionary<string, StoredTensor> tensors = [];

    private SafetensorsFile(MappedFile file) => this.file = file;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, StoredTensor> Tensors => tensors;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="InvalidDataException">It is not a well-formed safetensors file; one sentence says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var opened = new SafetensorsFile(new MappedFile(path));
        try
        {
            opened.ReadHeader();
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => file.Dispose();

    private void ReadHeader()
    {
        if (file.Length < 8) throw Refused("header", "8 bytes of length", $"a file of {file.Length} bytes");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(0, 8));
        var most = Math.Min(MaxHeader, file.Length - 8);
        if (length < 2 || length > (ulong)most) throw Refused("header length", $"2 to {most} bytes", $"{length}");
        JsonDocument header;
        try
        {
            header = JsonDocument.Parse(file.Bytes(8, (int)length).ToArray(), new JsonDocumentOptions { MaxDepth = 8 });
        }
        catch (JsonException e)
        {
            throw Refused("header", "a JSON object", $"malformed JSON near byte {8 + (e.BytePositionInLine ?? 0)}");
        }
        using (header) ReadTensors(header.RootElement, 8 + (long)length);
    }

    private void ReadTensors(JsonElement root, long start)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Refused("header", "a JSON object", $"{root.ValueKind}");
        var ranges = new List<(long Begin, long End, string Name)>();
        var metadata = false;
        foreach (var entry in Entries(root, "header"))
        {
            if (entry.Name == "__metadata__")
            {
                if (metadata) throw Refused(entry.Name, "one entry", "two");
                metadata = true;
                CheckMetadata(entry.Value);
                continue;
            }
            var (tensor, begin, end) = ReadTensor(entry.Name, entry.Value, start);
            if (!tensors.TryAdd(entry.Name, tensor)) throw Refused($"tensor '{entry.Name}'", "one entry", "two");
            ranges.Add((begin, end, entry.Name));
        }
        long reached = 0;
        foreach (var (begin, end, name) in ranges.OrderBy(r => r.Begin).ThenBy(r => r.End))
        {
            if (begin != reached) throw Refused($"tensor '{name}', data_offsets", $"a beginning at {reached}, where the one before ends", $"{begin}");
            reached = end;
        }
        if (start + reached != file.Length) throw Refused("data", $"{reached} bytes, as the header says", $"{file.Length - start}");
    }

    private (StoredTensor Tensor, long Begin, long End) ReadTensor(string name, JsonElement value, long start)
    {
        var what = $"tensor '{name}'";
        if (value.ValueKind != JsonValueKind.Object) throw Refused(what, "an object with dtype, shape and data_offsets", $"{value.ValueKind}");
        var fields = new Dictionary<string, JsonElement>();
        foreach (var field in Entries(value, what))
            if (!fields.TryAdd(field.Name, field.Value)) throw Refused($"{what}, {field.Name}", "one entry", "two");
        var unknown = fields.Keys.FirstOrDefault(f => f is not ("dtype" or "shape" or "data_offsets"));
        if (unknown is not null) throw Refused(what, "dtype, shape and data_offsets only", $"'{unknown}'");
        if (!fields.TryGetValue("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String || !Types.TryGetValue(Text(dtype, what), out var type))
            throw Refused($"{what}, dtype", string.Join(", ", Types.Keys), fields.ContainsKey("dtype") ? dtype.GetRawText() : "none");
        var shape = Numbers(fields, "shape", what);
        var offsets = Numbers(fields, "data_offsets", what);
        if (offsets.Length != 2) throw Refused($"{what}, data_offsets", "two numbers", $"{offsets.Length}");
        var (begin, end) = (offsets[0], offsets[1]);
        if (begin > end || end > file.Length - start) throw Refused($"{what}, data_offsets", $"an ascending range within 0 to {file.Length - start}", $"{begin} to {end}");
        var tensor = new MappedTensor(file, start + begin) { Name = name, File = file.Name, Type = type, Shape = shape };
        if (!TryBytes(shape, tensor.ElementSize, out var bytes) || bytes != end - begin)
            throw Refused($"{what}, shape ({string.Join(", ", shape)})", $"as many bytes as data_offsets span, {end - begin}", bytes < 0 ? "an overflow" : $"{bytes}");
        return (tensor, begin, end);
    }

    private static bool TryBytes(long[] shape, int elementSize, out long bytes)
    {
        bytes = elementSize;
        foreach (var d in shape)
        {
            if (d != 0 && bytes > long.MaxValue / d)
            {
                bytes = -1;
                return false;
            }
            bytes *= d;
        }
        return true;
    }

    private long[] Numbers(Dictionary<string, JsonElement> fields, string field, string what)
    {
        if (!fields.TryGetValue(field, out var value) || value.ValueKind != JsonValueKind.Array)
            throw Refused($"{what}, {field}", "a list of whole numbers", fields.ContainsKey(field) ? $"{value.ValueKind}" : "none");
        if (value.GetArrayLength() > 64) throw Refused($"{what}, {field}", "at most 64 numbers", $"{value.GetArrayLength()}");
        return
        [
            .. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0
                ? number : throw Refused($"{what}, {field}", "whole numbers from 0 up", item.GetRawText())),
        ];
    }

    private void CheckMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(p => p.Value.ValueKind != JsonValueKind.String))
            throw Refused("__metadata__", "an object of strings", $"{value.ValueKind}");
    }

    /// <summary>Entries of an object, names that are no valid text refused.</summary>
    private IEnumerable<(string Name, JsonElement Value)> Entries(JsonElement value, string what)
    {
        foreach (var property in value.EnumerateObject())
        {
            string name;
            try
            {
                name = property.Name;
            }
            catch (InvalidOperationException)
            {
                throw Refused(what, "names in valid UTF-8", "others");
            }
            yield return (name, property.Value);
        }
    }

    private string Text(JsonElement value, string what)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Refused(what, "text in valid UTF-8", "other bytes");
        }
    }

    private InvalidDataException Refused(string field, string expected, string found) =>
        new($"{file.Name}: {field}: expected {expected}, found {(found.Length > 80 ? found[..80] + "..." : found)}");
}

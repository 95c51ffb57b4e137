using System.Buffers.Binary;
using System.Text.Json;

namespace Patchbay.Models.Weights;

/// <summary>Reads the header of a .safetensors file: 8 bytes that give the header's length, a JSON object <c>name -> {
/// dtype, shape, data_offsets: [begin, end] }</c> (and <c>__metadata__</c>, strings), then the elements. As the format
/// demands, the tensors cover the rest of the file without holes and without overlap.</summary>
internal static class SafetensorsReader
{
    private const long LongestHeader = 100_000_000;
    private const string Metadata = "__metadata__";

    public static Dictionary<string, StoredTensor> Read(OpenFile file)
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, 8, "header's length"));
        if (length > (ulong)(file.Length - 8) || length > LongestHeader)
            throw file.Refuse($"the header's length is given as {length} bytes, expected at most " +
                $"{Math.Min(file.Length - 8, LongestHeader)}");
        var header = file.Read(8, (long)length, "header");
        if (header.Length == 0 || header[0] != '{') throw file.Refuse("the header does not begin with {");
        if (header.AsSpan().TrimEnd((byte)' ')[^1] != '}')
            throw file.Refuse("the header does not end with } and spaces");
        using var json = JsonFile.Parse(header, file.Path, "the header");
        return Tensors(file, json.RootElement, 8 + (long)length);
    }

    private static Dictionary<string, StoredTensor> Tensors(OpenFile file, JsonElement header, long dataStart)
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var entry in header.EnumerateObject())
        {
            if (entry.NameEquals(Metadata)) CheckMetadata(file, entry.Value);
            else tensors.Add(entry.Name, Tensor(file, entry.Name, entry.Value, dataStart));
        }
        CheckCover(file, tensors.Values, dataStart);
        return tensors;
    }

    private static StoredTensor Tensor(OpenFile file, string name, JsonElement entry, long dataStart)
    {
        if (entry.ValueKind != JsonValueKind.Object || entry.GetPropertyCount() != 3)
            throw Bad(file, name, "should have exactly dtype, shape and data_offsets");
        var shape = Numbers(file, name, entry, "shape");
        var offsets = Numbers(file, name, entry, "data_offsets");
        if (offsets.Length != 2 || offsets[1] < offsets[0] || offsets[1] > file.Length - dataStart)
            throw Bad(file, name, $"has data_offsets {StoredTensor.Shown(offsets)}, expected a begin and an end up " +
                $"to {file.Length - dataStart}");
        var (type, given) = (TypeOf(file, name, entry), offsets[1] - offsets[0]);
        if (ByteCount(shape, type.ByteSize()) != given)
            throw Bad(file, name, $"has shape {StoredTensor.Shown(shape)} of {type.SafetensorsName()}, which does " +
                $"not make the {given} bytes of its data_offsets");
        return new(file, name, type, shape, dataStart + offsets[0]);
    }

    private static StoredType TypeOf(OpenFile file, string name, JsonElement entry)
    {
        if (!entry.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String)
            throw Bad(file, name, "has no dtype");
        return StoredTypes.FromSafetensorsName(dtype.GetString()!) ?? throw Bad(file, name,
            $"has dtype {Refusal.Quote(dtype.GetString()!)}, expected one of " +
            string.Join(", ", StoredTypes.SafetensorsNames));
    }

    private static long[] Numbers(OpenFile file, string name, JsonElement entry, string key)
    {
        if (!entry.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array)
            throw Bad(file, name, $"has no {key}");
        var numbers = new long[list.GetArrayLength()];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (list[i].ValueKind == JsonValueKind.Number && list[i].TryGetInt64(out numbers[i]) && numbers[i] >= 0)
                continue;
            var found = Refusal.Quote(list[i]);
            throw Bad(file, name, $"has {found} in {key}, expected an integer from 0 up");
        }
        return numbers;
    }

    private static long? ByteCount(long[] shape, int size)
    {
        var bytes = (Int128)size;
        foreach (var n in shape)
        {
            bytes *= n;
            if (bytes > long.MaxValue) return null;
        }
        return (long)bytes;
    }

    private static void CheckMetadata(OpenFile file, JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object
            || metadata.EnumerateObject().Any(e => e.Value.ValueKind != JsonValueKind.String))
            throw file.Refuse($"{Metadata} in the header should be an object of strings and is not");
    }

    private static void CheckCover(OpenFile file, IEnumerable<StoredTensor> tensors, long dataStart)
    {
        var reached = 0L;
        foreach (var tensor in tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteLength))
        {
            var begin = tensor.Offset - dataStart;
            if (begin != reached)
                throw Bad(file, tensor.Name, $"begins at byte {begin} of the data, expected {reached}, because " +
                    "tensors may neither overlap nor leave a hole");
            reached += tensor.ByteLength;
        }
        var length = file.Length - dataStart;
        if (reached != length)
            throw file.Refuse($"the tensors end at byte {reached} of the data, but the file has {length} bytes of it");
    }

    private static InvalidDataException Bad(OpenFile file, string name, string what) =>
        file.Refuse($"tensor {Refusal.Quote(name)} in the header {what}");
}

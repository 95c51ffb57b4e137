using System.Buffers.Binary;
using System.Numerics;

namespace Patchbay.Models.Weights;

/// <summary>Reads files of torch.save: a dict of tensors, as a zip or, before PyTorch 1.6, as pickles in a row.</summary>
internal static class PyTorchReader
{
    private const string Pickle = "data.pkl";
    private const long LegacyProtocol = 1001;
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356");

    /// <summary>Whether a file begins as one of the two forms does.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> head) => IsZip(head) || head.StartsWith((byte[])[0x80, 0x02, 0x8a, 0x0a]);

    private static bool IsZip(ReadOnlySpan<byte> head) => head.StartsWith("PK\x03\x04"u8);

    public static Dictionary<string, StoredTensor> Read(MappedFile file)
    {
        Span<byte> head = stackalloc byte[4];
        file.Read(0, head, "beginning");
        return IsZip(head) ? ReadZip(file) : ReadLegacy(file);
    }

    // NAME/data.pkl is the pickle, NAME/data/KEY the storages, NAME/byteorder (newer files) says "little".
    private static Dictionary<string, StoredTensor> ReadZip(MappedFile file)
    {
        var entries = ZipDirectory.Read(file);
        var pickles = entries.Values.Where(e => e.Name.EndsWith('/' + Pickle)).ToArray();
        if (pickles is not [var pickle])
            throw Refusal.Of(file.Path, $"the zip should hold one {Pickle} in a folder, as torch.save writes it, and holds {pickles.Length}");
        var folder = pickle.Name[..^Pickle.Length];
        if (entries.ContainsKey(folder + "constants.pkl"))
            throw Refusal.Of(file.Path, "the zip is a TorchScript program, expected tensors as torch.save writes them");
        CheckByteOrder(file, entries.GetValueOrDefault(folder + "byteorder"));
        if (Crc32.Of(file, pickle.Offset, pickle.Length) != pickle.Crc)
            throw Refusal.Of(file.Path, $"{Refusal.Quote(pickle.Name)} does not match its checksum in the zip");
        var input = new PickleInput(file, pickle.Offset, pickle.Offset + pickle.Length);
        return Tensors(file, new Unpickler(input).Read(), storage =>
        {
            if (!entries.TryGetValue($"{folder}data/{storage.Key}", out var entry))
                throw Refusal.Of(file.Path, $"storage {Refusal.Quote(storage.Key)} of the pickle is not in the zip");
            CheckLength(file, storage, entry.Length);
            return entry.Offset;
        });
    }

    private static void CheckByteOrder(MappedFile file, ZipEntry? entry)
    {
        if (entry is null) return;
        Span<byte> order = stackalloc byte[6];
        if (entry.Length == order.Length) file.Read(entry.Offset, order, "byteorder");
        if (!order.SequenceEqual("little"u8)) throw Refusal.Of(file.Path, "the byteorder in the zip should be little and is not");
    }

    // Pickles of a magic number, a version, facts about the machine, the object, the list of storages' keys; then for
    // each key the number of elements (8 bytes) and the elements.
    private static Dictionary<string, StoredTensor> ReadLegacy(MappedFile file)
    {
        var input = new PickleInput(file, 0, file.Length);
        if (new Unpickler(input).Read() is not BigInteger magic || magic != LegacyMagic)
            throw Refusal.Of(file.Path, "the file does not begin with torch.save's magic number");
        if (new Unpickler(input).Read() is not LegacyProtocol)
            throw Refusal.Of(file.Path, $"the file is not of torch.save's protocol {LegacyProtocol}");
        if (new Unpickler(input).Read() is not PickleDict machine || !IsLittleEndian(machine))
            throw Refusal.Of(file.Path, "the file does not say that it was written by a little-endian machine");
        var root = new Unpickler(input).Read();
        if (new Unpickler(input).Read() is not List<object?> keys || !keys.All(k => k is string))
            throw Refusal.Of(file.Path, "the list of storages' keys is not a list of strings");
        var storages = Storages(file, root);
        var offsets = LegacyOffsets(file, storages, [.. keys.Cast<string>()], input.Position);
        return Tensors(file, root, storage => offsets[storage.Key]);
    }

    private static bool IsLittleEndian(PickleDict machine) => machine.Values.GetValueOrDefault("little_endian") is true
        && machine.Values.GetValueOrDefault("protocol_version") is LegacyProtocol
        && machine.Values.GetValueOrDefault("type_sizes") is PickleDict;

    private static Dictionary<string, long> LegacyOffsets(
        MappedFile file, Dictionary<string, PickleStorage> storages, string[] keys, long position)
    {
        var offsets = new Dictionary<string, long>(StringComparer.Ordinal);
        Span<byte> count = stackalloc byte[8];
        foreach (var key in keys)
        {
            if (!storages.TryGetValue(key, out var storage) || !offsets.TryAdd(key, position + count.Length))
                throw Refusal.Of(file.Path, $"the list of storages has key {Refusal.Quote(key)}, which no tensor uses or which is there twice");
            file.Read(position, count, $"length of storage {Refusal.Quote(key)}");
            var stored = BinaryPrimitives.ReadInt64LittleEndian(count);
            position += count.Length;
            var bytes = storage.Count * storage.Type.ByteSize();
            if (stored != storage.Count || bytes > file.Length - position)
            {
                throw Refusal.Of(file.Path, $"storage {Refusal.Quote(key)} is given as {stored} elements, expected {storage.Count} " +
                    $"in the {file.Length - position} bytes that are left");
            }
            position += bytes;
        }
        if (offsets.Count != storages.Count || position != file.Length)
        {
            throw Refusal.Of(file.Path, $"the file holds {offsets.Count} storages that end at byte {position}, expected " +
                $"{storages.Count} that end at byte {file.Length}");
        }
        return offsets;
    }

    private static Dictionary<string, PickleStorage> Storages(MappedFile file, object? root)
    {
        var storages = new Dictionary<string, PickleStorage>(StringComparer.Ordinal);
        foreach (var (_, tensor) in Entries(file, root))
        {
            storages.TryAdd(tensor.Storage.Key, tensor.Storage);
            if (storages[tensor.Storage.Key] != tensor.Storage)
                throw Refusal.Of(file.Path, $"storage {Refusal.Quote(tensor.Storage.Key)} is described in two ways");
        }
        return storages;
    }

    private static IEnumerable<(string Name, PickleTensor Tensor)> Entries(MappedFile file, object? root)
    {
        if (root is not PickleDict dict) throw Refusal.Of(file.Path, "the pickle should be a dict of tensors and is not");
        foreach (var (key, value) in dict.Values)
        {
            yield return key is string name && value is PickleTensor tensor
                ? (name, tensor)
                : throw Refusal.Of(file.Path, $"entry {Refusal.Quote(key.ToString()!)} of the pickle is not a tensor with a name");
        }
    }

    private static Dictionary<string, StoredTensor> Tensors(MappedFile file, object? root, Func<PickleStorage, long> offsetOf)
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in Entries(file, root))
        {
            var (type, layout) = (tensor.Storage.Type, tensor.Layout);
            var offset = offsetOf(tensor.Storage) + tensor.Offset * type.ByteSize();
            tensors.Add(name, new(file, name, type, layout.Sizes, offset, layout));
        }
        return tensors;
    }

    private static void CheckLength(MappedFile file, PickleStorage storage, long bytes)
    {
        if (storage.Count * storage.Type.ByteSize() != bytes)
        {
            throw Refusal.Of(file.Path, $"storage {Refusal.Quote(storage.Key)} has {bytes} bytes in the zip, expected {storage.Count} " +
                $"elements of {storage.Type.ByteSize()} bytes");
        }
    }
}

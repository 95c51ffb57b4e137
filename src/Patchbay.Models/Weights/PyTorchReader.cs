using System.Buffers.Binary;
using System.Numerics;
using PickleDict = System.Collections.Generic.Dictionary<object, object?>;

namespace Patchbay.Models.Weights;

/// <summary>Reads files of torch.save: a dict of tensors, as a zip or, before PyTorch 1.6, pickles in a row.</summary>
internal sealed class PyTorchReader
{
    private const string Pickle = "data.pkl";
    private const long LegacyProtocol = 1001;
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356");

    private readonly OpenFile file;

    private PyTorchReader(OpenFile file) => this.file = file;

    /// <summary>Whether a file begins as one of the two forms does.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> head) =>
        IsZip(head) || head.StartsWith((byte[])[0x80, 0x02, 0x8a, 0x0a]);

    private static bool IsZip(ReadOnlySpan<byte> head) => head.StartsWith("PK\x03\x04"u8);

    public static Dictionary<string, StoredTensor> Read(OpenFile file)
    {
        var reader = new PyTorchReader(file);
        return IsZip(file.Read(0, 4, "beginning")) ? reader.ReadZip() : reader.ReadLegacy();
    }

    // NAME/data.pkl is the pickle, NAME/data/KEY the storages, NAME/byteorder (newer files) says "little".
    private Dictionary<string, StoredTensor> ReadZip()
    {
        var entries = ZipDirectory.Read(file);
        var pickles = entries.Values.Where(e => e.Name.EndsWith('/' + Pickle)).ToArray();
        if (pickles is not [var pickle])
            throw file.Refuse(
                $"the zip should hold one {Pickle} in a folder, as torch.save writes it, and holds {pickles.Length}");
        var folder = pickle.Name[..^Pickle.Length];
        if (entries.ContainsKey(folder + "constants.pkl"))
            throw file.Refuse("the zip is a TorchScript program, expected tensors as torch.save writes them");
        if (entries.TryGetValue(folder + "byteorder", out var order)
            && !(order.Length == 6 && file.Read(order.Offset, 6, "byteorder").AsSpan().SequenceEqual("little"u8)))
            throw file.Refuse("the byteorder in the zip should be little and is not");
        if (pickle.ComputeCrc(file) != pickle.Crc)
            throw file.Refuse($"{Refusal.Quote(pickle.Name)} does not match its checksum in the zip");
        var root = new Unpickler(new(file, pickle.Offset, pickle.Offset + pickle.Length)).Read();
        return Tensors(root, storage =>
        {
            var (key, size) = (Refusal.Quote(storage.Key), storage.Type.ByteSize());
            if (!entries.TryGetValue($"{folder}data/{storage.Key}", out var entry))
                throw file.Refuse($"storage {key} of the pickle is not in the zip");
            return entry.Length == storage.Count * size
                ? entry.Offset
                : throw file.Refuse($"storage {key} has {entry.Length} bytes in the zip, expected {storage.Count} " +
                    $"elements of {size} bytes");
        });
    }

    // Pickles of a magic number, a version, facts about the machine, the object, the list of storages' keys; then for
    // each key the number of elements (8 bytes) and the elements.
    private Dictionary<string, StoredTensor> ReadLegacy()
    {
        var input = new PickleInput(file, 0, file.Length);
        var unpicklers = new Unpickler[5];
        object? Next(int i) => (unpicklers[i] = new(input)).Read();
        if (Next(0) is not BigInteger magic || magic != LegacyMagic)
            throw file.Refuse("the file does not begin with torch.save's magic number");
        if (Next(1) is not LegacyProtocol)
            throw file.Refuse($"the file is not of torch.save's protocol {LegacyProtocol}");
        if (Next(2) is not PickleDict machine || !IsLittleEndian(machine))
            throw file.Refuse("the file does not say that it was written by a little-endian machine with C types of " +
                "2, 4 and 4 bytes");
        var root = Next(3);
        if (Next(4) is not List<object?> keys || !keys.All(k => k is string))
            throw file.Refuse("the list of storages' keys is not a list of strings");
        if (unpicklers.Any(u => u.Protocol != unpicklers[0].Protocol))
            throw file.Refuse("the pickles are of different protocols");
        var offsets = LegacyOffsets(Storages(root), [.. keys.Cast<string>()], input.Position);
        return Tensors(root, storage => offsets[storage.Key]);
    }

    // torch.save gives the standard sizes of C types, which do not depend on the machine.
    private static bool IsLittleEndian(PickleDict machine) => machine.Count == 3
        && machine.GetValueOrDefault("little_endian") is true
        && machine.GetValueOrDefault("protocol_version") is LegacyProtocol
        && machine.GetValueOrDefault("type_sizes") is PickleDict { Count: 3 } sizes
        && sizes.GetValueOrDefault("short") is 2L
        && sizes.GetValueOrDefault("int") is 4L
        && sizes.GetValueOrDefault("long") is 4L;

    private Dictionary<string, long> LegacyOffsets(
        Dictionary<string, PickleStorage> storages, string[] keys, long position)
    {
        var offsets = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            var shown = Refusal.Quote(key);
            if (!storages.TryGetValue(key, out var storage) || !offsets.TryAdd(key, position + 8))
                throw file.Refuse(
                    $"the list of storages has key {shown}, which no tensor uses or which is there twice");
            var stored = BinaryPrimitives.ReadInt64LittleEndian(file.Read(position, 8, $"length of storage {shown}"));
            position += 8;
            var bytes = storage.Count * storage.Type.ByteSize();
            if (stored != storage.Count || bytes > file.Length - position)
                throw file.Refuse($"storage {shown} is given as {stored} elements, expected {storage.Count} in the " +
                    $"{file.Length - position} bytes that are left");
            position += bytes;
        }
        if (offsets.Count != storages.Count || position != file.Length)
            throw file.Refuse($"the file holds {offsets.Count} storages that end at byte {position}, expected " +
                $"{storages.Count} that end at byte {file.Length}");
        return offsets;
    }

    private Dictionary<string, PickleStorage> Storages(object? root)
    {
        var storages = new Dictionary<string, PickleStorage>(StringComparer.Ordinal);
        foreach (var (_, (storage, _, _)) in Entries(root))
        {
            if (!storages.TryAdd(storage.Key, storage) && storages[storage.Key] != storage)
                throw file.Refuse($"storage {Refusal.Quote(storage.Key)} is described in two ways");
        }
        return storages;
    }

    private IEnumerable<(string Name, PickleTensor Tensor)> Entries(object? root)
    {
        if (root is not PickleDict dict) throw file.Refuse("the pickle should be a dict of tensors and is not");
        foreach (var (key, value) in dict)
        {
            if (key is not string name || value is not PickleTensor tensor)
                throw file.Refuse($"entry {Refusal.Quote($"{key}")} of the pickle is not a tensor with a name");
            yield return (name, tensor);
        }
    }

    private Dictionary<string, StoredTensor> Tensors(object? root, Func<PickleStorage, long> offsetOf)
    {
        var tensors = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var (name, (storage, first, layout)) in Entries(root))
        {
            var offset = offsetOf(storage) + first * storage.Type.ByteSize();
            tensors.Add(name, new(file, name, storage.Type, layout.Sizes, offset, layout));
        }
        return tensors;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Models.Weights;

/// <summary>The directory of a zip file whose entries are all stored as they are, with zip64.</summary>
internal sealed class TorchFileZip
{
    private const uint EndMagic = 0x06054b50;
    private const uint End64Magic = 0x06064b50;
    private const uint Locator64Magic = 0x07064b50;
    private const uint EntryMagic = 0x02014b50;
    private const uint LocalMagic = 0x04034b50;
    private const int EndSize = 22;
    private const int EntrySize = 46;
    private const int LocalSize = 30;

    private readonly TorchFileMap map;
    private readonly Dictionary<string, (long Start, long Length)> entries = [];
    private long directory;

    public TorchFileZip(TorchFileMap map)
    {
        this.map = map;
        var (start, size, count) = FindDirectory();
        if (!map.Holds(start, size) || count > size / EntrySize || count < 0)
            throw map.Fail($"the zip directory names {count} entries in {size} bytes at byte {start}, the file has {map.Length}");
        directory = start;
        for (var (i, at) = (0L, start); i < count; i++) at += AddEntry(at, start + size);
    }

    /// <summary>Entries' byte ranges by name.</summary>
    public IReadOnlyDictionary<string, (long Start, long Length)> Entries => entries;

    private (long Start, long Size, long Count) FindDirectory()
    {
        var tail = new byte[Math.Min(map.Length, EndSize + ushort.MaxValue)];
        map.Read(map.Length - tail.Length, tail);
        for (var at = tail.Length - EndSize; at >= 0; at--)
        {
            var end = tail.AsSpan(at);
            if (U32(end, 0) != EndMagic || U16(end, 20) != end.Length - EndSize) continue;
            var small = (Start: (long)U32(end, 16), Size: (long)U32(end, 12), Count: (long)U16(end, 10));
            var large = small.Start == uint.MaxValue || small.Size == uint.MaxValue || small.Count == ushort.MaxValue;
            return large ? FindDirectory64(map.Length - tail.Length + at) : small;
        }
        throw map.Fail("the zip directory is missing, expected it at the end of the file, which may be truncated");
    }

    private (long Start, long Size, long Count) FindDirectory64(long end)
    {
        var locator = Take(end - 20, 20, "the zip64 locator");
        if (U32(locator, 0) != Locator64Magic) throw map.Fail("the zip64 locator is missing before the end of the zip directory");
        var record = Take(I64(locator, 8), 56, "the zip64 end of the directory");
        if (U32(record, 0) != End64Magic) throw map.Fail("the zip64 end of the directory is not where its locator says");
        return (I64(record, 48), I64(record, 40), I64(record, 32));
    }

    /// <summary>Adds the entry at <paramref name="at"/> and returns the size of its record.</summary>
    private long AddEntry(long at, long end)
    {
        var head = Take(at, EntrySize, "a zip entry");
        var size = EntrySize + U16(head, 28) + U16(head, 30) + U16(head, 32);
        if (U32(head, 0) != EntryMagic || size > end - at) throw map.Fail($"the zip directory has no valid entry at byte {at}");
        var text = Take(at + EntrySize, size - EntrySize, "a zip entry");
        var name = Encoding.UTF8.GetString(text.AsSpan(0, U16(head, 28)));
        if (U16(head, 10) != 0 || (U16(head, 8) & 1) != 0)
            throw map.Fail($"zip entry {TorchFileMap.Quote(name)} is compressed or encrypted, expected it stored as it is");
        var sizes = Sizes64(head, text.AsSpan(U16(head, 28), U16(head, 30)), name);
        if (sizes.Packed != sizes.Full)
            throw map.Fail($"zip entry {TorchFileMap.Quote(name)} has {sizes.Packed} bytes stored, expected {sizes.Full}");
        if (!entries.TryAdd(name, (DataStart(sizes.Local, sizes.Full, name), sizes.Full)))
            throw map.Fail($"zip entry {TorchFileMap.Quote(name)} is there twice");
        return size;
    }

    /// <summary>Sizes and place of an entry, out of its zip64 field where the record has no room for them.</summary>
    private (long Full, long Packed, long Local) Sizes64(byte[] head, ReadOnlySpan<byte> extra, string name)
    {
        ReadOnlySpan<byte> field = [];
        while (extra.Length >= 4)
        {
            var length = Math.Min(U16(extra, 2), extra.Length - 4);
            if (U16(extra, 0) == 1) field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }
        var full = Wide(U32(head, 24), ref field, name);
        var packed = Wide(U32(head, 20), ref field, name);
        return (full, packed, Wide(U32(head, 42), ref field, name));
    }

    private long Wide(uint value, ref ReadOnlySpan<byte> field, string name)
    {
        if (value != uint.MaxValue) return value;
        if (field.Length < 8) throw map.Fail($"zip entry {TorchFileMap.Quote(name)} lacks a zip64 size");
        var wide = I64(field, 0);
        field = field[8..];
        return wide;
    }

    private long DataStart(long local, long length, string name)
    {
        var head = Take(local, LocalSize, $"zip entry {TorchFileMap.Quote(name)}");
        var start = local + LocalSize + U16(head, 26) + U16(head, 28);
        if (U32(head, 0) != LocalMagic || U16(head, 8) != 0)
            throw map.Fail($"zip entry {TorchFileMap.Quote(name)} has no valid header at byte {local}");
        if (length < 0 || start > directory || length > directory - start)
            throw map.Fail($"zip entry {TorchFileMap.Quote(name)} has {length} bytes at byte {start}, expected them before byte {directory}");
        return start;
    }

    private byte[] Take(long at, int size, string what)
    {
        if (!map.Holds(at, size)) throw map.Fail($"{what} has {size} bytes at byte {at}, the file has {map.Length}");
        var bytes = new byte[size];
        map.Read(at, bytes);
        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}

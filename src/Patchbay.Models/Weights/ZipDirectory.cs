using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Models.Weights;

/// <summary>A stored (not compressed) file inside a zip.</summary>
/// <param name="Name">Its path in the archive.</param>
/// <param name="Offset">Where its bytes begin in the zip.</param>
/// <param name="Length">How many they are.</param>
/// <param name="Crc">CRC-32 of them, as the archive says.</param>
internal sealed record ZipEntry(string Name, long Offset, long Length, uint Crc);

/// <summary>
/// Reads the directory of a zip or zip64 file as PyTorch writes it: one disk, entries stored, one directly after another,
/// then the directory, then the end record. So no length in a header can be changed without being noticed.
/// </summary>
internal static class ZipDirectory
{
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const uint CentralSignature = 0x02014b50, LocalSignature = 0x04034b50, DescriptorSignature = 0x08074b50;
    private const int EndLength = 22, End64Length = 56, Locator64Length = 20, CentralLength = 46, LocalLength = 30;
    private const int LongestDirectory = 64 << 20, LongestName = 1024;

    public static Dictionary<string, ZipEntry> Read(MappedFile file)
    {
        var (count, size, offset) = Locate(file);
        if (size > LongestDirectory || count > size / CentralLength)
            throw Refusal.Of(file.Path, $"the zip's directory is given as {count} entries in {size} bytes, which cannot be");
        var directory = new byte[size];
        file.Read(offset, directory, "zip's directory");
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        var extents = new List<(long Begin, ZipEntry Entry, bool HasDescriptor)>();
        var at = 0;
        for (var i = 0L; i < count; i++)
        {
            var extent = Entry(file, directory, ref at, offset);
            extents.Add(extent);
            if (!entries.TryAdd(extent.Entry.Name, extent.Entry))
                throw Refusal.Of(file.Path, $"the zip holds {Refusal.Quote(extent.Entry.Name)} twice");
        }
        if (at != size) throw Refusal.Of(file.Path, $"the zip's directory has {size} bytes, but its entries end at byte {at}");
        CheckCover(file, extents, offset);
        return entries;
    }

    // An entry ends where the next one begins; between them may stand a descriptor (checksum and lengths, 32 or 64 bits).
    private static void CheckCover(MappedFile file, List<(long Begin, ZipEntry Entry, bool HasDescriptor)> extents, long end)
    {
        Span<byte> signature = stackalloc byte[4];
        foreach (var (begin, entry, hasDescriptor) in extents.OrderByDescending(e => e.Begin))
        {
            var gap = end - (entry.Offset + entry.Length);
            if (hasDescriptor && gap is 16 or 24) file.Read(entry.Offset + entry.Length, signature, "zip's data descriptor");
            if (hasDescriptor ? gap is not (16 or 24) || U32(signature, 0) != DescriptorSignature : gap != 0)
            {
                throw Refusal.Of(file.Path, $"{Refusal.Quote(entry.Name)} in the zip ends at byte {entry.Offset + entry.Length}, " +
                    $"but what follows it begins at byte {end}");
            }
            end = begin;
        }
        if (end != 0) throw Refusal.Of(file.Path, $"the zip begins at byte {end} of the file, expected 0");
    }

    // The end record is the last thing in the file (a comment may follow it); in a zip64 two more records stand before it.
    private static (long Count, long Size, long Offset) Locate(MappedFile file)
    {
        var tail = new byte[(int)Math.Min(file.Length, EndLength + ushort.MaxValue)];
        file.Read(file.Length - tail.Length, tail, "zip's end");
        var at = tail.Length - EndLength;
        while (at >= 0 && !(U32(tail, at) == EndSignature && at + EndLength + U16(tail, at + 20) == tail.Length)) at--;
        if (at < 0) throw Refusal.Of(file.Path, "the zip has no end record, so that it is not a zip or was cut off");
        long count = U16(tail, at + 10), size = U32(tail, at + 12), offset = U32(tail, at + 16);
        if (U32(tail, at + 4) != 0 || U16(tail, at + 8) != count) throw Refusal.Of(file.Path, "the zip is a part of several");
        var end = file.Length - tail.Length + at;
        if (at >= Locator64Length && U32(tail, at - Locator64Length) == Locator64Signature)
        {
            var large = Locate64(file, tail.AsSpan(at - Locator64Length, Locator64Length), end - Locator64Length);
            if ((count != ushort.MaxValue && count != large.Count) || (size != uint.MaxValue && size != large.Size)
                || (offset != uint.MaxValue && offset != large.Offset))
                throw Refusal.Of(file.Path, "the zip's two end records contradict each other");
            (count, size, offset) = large;
            end -= Locator64Length + End64Length;
        }
        if (size > end || offset != end - size)
        {
            throw Refusal.Of(file.Path,
                $"the zip's directory is given as {size} bytes at byte {offset}, expected to end at byte {end}");
        }
        return (count, size, offset);
    }

    private static (long Count, long Size, long Offset) Locate64(MappedFile file, ReadOnlySpan<byte> locator, long end)
    {
        Span<byte> record = stackalloc byte[End64Length];
        file.Read(Math.Max(0, end - End64Length), record, "zip64 end record");
        if (I64(locator, 8) != end - End64Length || U32(locator, 4) != 0 || U32(locator, 16) != 1
            || U32(record, 0) != End64Signature || I64(record, 4) != End64Length - 12
            || U32(record, 16) != 0 || U32(record, 20) != 0 || I64(record, 24) != I64(record, 32)
            || I64(record, 32) < 0 || I64(record, 40) < 0)
            throw Refusal.Of(file.Path, "the zip64 end record is not as a zip of one part has it");
        return (I64(record, 32), I64(record, 40), I64(record, 48));
    }

    private static (long Begin, ZipEntry Entry, bool HasDescriptor) Entry(MappedFile file, byte[] directory, ref int at, long directoryOffset)
    {
        if (directory.Length - at < CentralLength || U32(directory, at) != CentralSignature)
            throw Refusal.Of(file.Path, $"the zip's directory has no entry at byte {at}");
        var head = directory.AsSpan(at, CentralLength);
        int nameLength = U16(head, 28), extraLength = U16(head, 30), total = CentralLength + nameLength + extraLength + U16(head, 32);
        if (directory.Length - at < total || nameLength > LongestName)
            throw Refusal.Of(file.Path, $"the entry at byte {at} of the zip's directory is longer than the directory");
        var rawName = directory.AsSpan(at + CentralLength, nameLength);
        var name = Encoding.UTF8.GetString(rawName);
        var (flags, method) = (U16(head, 8), U16(head, 10));
        long packed = U32(head, 20), length = U32(head, 24), local = U32(head, 42);
        ReadExtra64(directory.AsSpan(at + CentralLength + nameLength, extraLength), ref length, ref packed, ref local);
        if (method != 0 || packed != length || (flags & 1) != 0 || U16(head, 34) != 0)
        {
            throw Refusal.Of(file.Path, $"{Refusal.Quote(name)} in the zip is compressed or encrypted (method {method}), " +
                "expected stored as PyTorch does");
        }
        at += total;
        var start = DataStart(file, name, rawName, local, directoryOffset);
        if (length < 0 || length > directoryOffset - start)
            throw Refusal.Of(file.Path, $"{Refusal.Quote(name)} in the zip is given as {length} bytes at byte {start}, beyond the data");
        return (local, new(name, start, length, U32(head, 16)), (flags & 8) != 0);
    }

    private static long DataStart(MappedFile file, string name, ReadOnlySpan<byte> rawName, long local, long directoryOffset)
    {
        if (local < 0 || local > directoryOffset - LocalLength - rawName.Length)
            throw Refusal.Of(file.Path, $"{Refusal.Quote(name)} in the zip is given at byte {local}, beyond the data");
        var head = new byte[LocalLength + rawName.Length];
        file.Read(local, head, "zip's local header");
        if (U32(head, 0) != LocalSignature || U16(head, 8) != 0 || U16(head, 26) != rawName.Length
            || !rawName.SequenceEqual(head.AsSpan(LocalLength)))
            throw Refusal.Of(file.Path, $"{Refusal.Quote(name)} in the zip has no header of that name at byte {local}");
        return local + head.Length + U16(head, 28);
    }

    // Zip64's extra field holds, in this order, those of the three that did not fit into 32 bits.
    private static void ReadExtra64(ReadOnlySpan<byte> extra, ref long length, ref long packed, ref long local)
    {
        while (extra.Length >= 4)
        {
            var (id, size) = (U16(extra, 0), Math.Min(U16(extra, 2), extra.Length - 4));
            var body = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            if (id != 1) continue;
            length = Next(length, ref body);
            packed = Next(packed, ref body);
            local = Next(local, ref body);
        }

        static long Next(long value, ref ReadOnlySpan<byte> body)
        {
            if (value != uint.MaxValue || body.Length < 8) return value;
            value = I64(body, 0);
            body = body[8..];
            return value;
        }
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}

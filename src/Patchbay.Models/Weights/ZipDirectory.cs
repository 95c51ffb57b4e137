using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Models.Weights;

/// <summary>A stored (not compressed) file inside a zip.</summary>
/// <param name="Name">Its path in the archive.</param>
/// <param name="Begin">Where its local header begins in the zip.</param>
/// <param name="Offset">Where its bytes begin in the zip.</param>
/// <param name="Length">How many they are.</param>
/// <param name="Crc">CRC-32 of them, as the archive says.</param>
/// <param name="HasDescriptor">Whether checksum and lengths are repeated behind its bytes.</param>
internal sealed record ZipEntry(string Name, long Begin, long Offset, long Length, uint Crc, bool HasDescriptor)
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(i =>
        Enumerable.Range(0, 8).Aggregate((uint)i, (crc, _) => (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1))];

    /// <summary>Where its bytes end.</summary>
    public long End => Offset + Length;

    /// <summary>CRC-32 of the bytes as they are (reflected polynomial 0xEDB88320).</summary>
    public uint ComputeCrc(OpenFile file)
    {
        var crc = uint.MaxValue;
        var buffer = new byte[Math.Min(Length, 1 << 16)];
        for (var at = Offset; at < End; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(End - at, buffer.Length));
            file.Read(at, part, "checksummed part");
            foreach (var b in part) crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
        }
        return ~crc;
    }
}

/// <summary>Reads the directory of a zip or zip64 file as PyTorch writes it: one disk, entries stored, one directly
/// after another, then the directory, then the end record. So no length can be changed without being noticed.</summary>
internal static class ZipDirectory
{
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const uint CentralSignature = 0x02014b50, LocalSignature = 0x04034b50, DescriptorSignature = 0x08074b50;
    private const int EndLength = 22, End64Length = 56, Locator64Length = 20, CentralLength = 46, LocalLength = 30;
    private const int LongestDirectory = 64 << 20, LongestName = 1024;

    public static Dictionary<string, ZipEntry> Read(OpenFile file)
    {
        var (count, size, offset) = Locate(file);
        if (size > LongestDirectory || count > size / CentralLength)
            throw file.Refuse($"the zip's directory is given as {count} entries in {size} bytes, which cannot be");
        var directory = file.Read(offset, size, "zip's directory");
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        var at = 0;
        for (var i = 0L; i < count; i++)
        {
            var entry = Entry(file, directory, ref at, offset);
            if (!entries.TryAdd(entry.Name, entry))
                throw file.Refuse($"the zip holds {Refusal.Quote(entry.Name)} twice");
        }
        if (at != size) throw file.Refuse($"the zip's directory has {size} bytes, but its entries end at byte {at}");
        CheckCover(file, entries.Values, offset);
        return entries;
    }

    // An entry ends where the next one begins; between them may stand a descriptor (checksum and lengths, 32 or 64
    // bits).
    private static void CheckCover(OpenFile file, IEnumerable<ZipEntry> entries, long end)
    {
        foreach (var entry in entries.OrderByDescending(e => e.Begin))
        {
            if (entry.HasDescriptor ? !IsDescriptor(file, entry, end - entry.End) : end != entry.End)
                throw file.Refuse($"{Refusal.Quote(entry.Name)} in the zip ends at byte {entry.End}, but what " +
                    $"follows it begins at byte {end}");
            end = entry.Begin;
        }
        if (end != 0) throw file.Refuse($"the zip begins at byte {end} of the file, expected 0");
    }

    private static bool IsDescriptor(OpenFile file, ZipEntry entry, long length)
    {
        if (length is not (16 or 24)) return false;
        var descriptor = file.Read(entry.End, length, "zip's data descriptor");
        var (packed, unpacked) = length == 16
            ? (U32(descriptor, 8), U32(descriptor, 12))
            : (I64(descriptor, 8), I64(descriptor, 16));
        return U32(descriptor, 0) == DescriptorSignature && U32(descriptor, 4) == entry.Crc
            && packed == entry.Length && unpacked == entry.Length;
    }

    // The end record is the last thing in the file (a comment may follow it); in a zip64 two more records stand before
    // it.
    private static (long Count, long Size, long Offset) Locate(OpenFile file)
    {
        var longest = Math.Min(file.Length, EndLength + ushort.MaxValue);
        var tail = file.Read(file.Length - longest, longest, "zip's end");
        var at = tail.Length - EndLength;
        while (at >= 0 && !(U32(tail, at) == EndSignature && at + EndLength + U16(tail, at + 20) == tail.Length)) at--;
        if (at < 0) throw file.Refuse("the zip has no end record, so that it is not a zip or was cut off");
        long count = U16(tail, at + 10), size = U32(tail, at + 12), offset = U32(tail, at + 16);
        if (U32(tail, at + 4) != 0 || U16(tail, at + 8) != count) throw file.Refuse("the zip is a part of several");
        var end = file.Length - tail.Length + at;
        if (at >= Locator64Length && U32(tail, at - Locator64Length) == Locator64Signature)
        {
            var large = Locate64(file, tail.AsSpan(at - Locator64Length, Locator64Length), end - Locator64Length);
            if ((count != ushort.MaxValue && count != large.Count) || (size != uint.MaxValue && size != large.Size)
                || (offset != uint.MaxValue && offset != large.Offset))
                throw file.Refuse("the zip's two end records contradict each other");
            (count, size, offset) = large;
            end -= Locator64Length + End64Length;
        }
        if (size > end || offset != end - size)
            throw file.Refuse(
                $"the zip's directory is given as {size} bytes at byte {offset}, expected to end at byte {end}");
        return (count, size, offset);
    }

    private static (long Count, long Size, long Offset) Locate64(OpenFile file, ReadOnlySpan<byte> locator, long end)
    {
        var record = file.Read(Math.Max(0, end - End64Length), End64Length, "zip64 end record");
        if (I64(locator, 8) != end - End64Length || U32(locator, 4) != 0 || U32(locator, 16) != 1
            || U32(record, 0) != End64Signature || I64(record, 4) != End64Length - 12
            || U32(record, 16) != 0 || U32(record, 20) != 0 || I64(record, 24) != I64(record, 32)
            || I64(record, 32) < 0 || I64(record, 40) < 0)
            throw file.Refuse("the zip64 end record is not as a zip of one part has it");
        return (I64(record, 32), I64(record, 40), I64(record, 48));
    }

    private static ZipEntry Entry(OpenFile file, byte[] directory, ref int at, long directoryOffset)
    {
        if (directory.Length - at < CentralLength || U32(directory, at) != CentralSignature)
            throw file.Refuse($"the zip's directory has no entry at byte {at}");
        var head = directory.AsSpan(at, CentralLength);
        int nameLength = U16(head, 28), extraLength = U16(head, 30), commentLength = U16(head, 32);
        var total = CentralLength + nameLength + extraLength + commentLength;
        if (directory.Length - at < total || nameLength > LongestName)
            throw file.Refuse($"the entry at byte {at} of the zip's directory is longer than the directory");
        var rawName = directory.AsSpan(at + CentralLength, nameLength);
        var name = Encoding.UTF8.GetString(rawName);
        var (flags, method) = (U16(head, 8), U16(head, 10));
        long packed = U32(head, 20), length = U32(head, 24), local = U32(head, 42);
        ReadExtra64(directory.AsSpan(at + CentralLength + nameLength, extraLength), ref length, ref packed, ref local);
        var shown = Refusal.Quote(name);
        if (method != 0 || packed != length || (flags & 1) != 0 || U16(head, 34) != 0)
            throw file.Refuse($"{shown} in the zip is compressed or encrypted (method {method}), expected stored as " +
                "PyTorch does");
        at += total;
        var start = DataStart(file, shown, head, rawName, local, directoryOffset);
        if (length < 0 || length > directoryOffset - start)
            throw file.Refuse($"{shown} in the zip is given as {length} bytes at byte {start}, beyond the data");
        return new(name, local, start, length, U32(head, 16), (flags & 8) != 0);
    }

    // The header before the data repeats what the directory says; checksum and lengths may be left to the descriptor.
    private static long DataStart(
        OpenFile file, string shown, ReadOnlySpan<byte> central, ReadOnlySpan<byte> rawName, long local, long end)
    {
        if (local < 0 || local > end - LocalLength - rawName.Length)
            throw file.Refuse($"{shown} in the zip is given at byte {local}, beyond the data");
        var head = file.Read(local, LocalLength + rawName.Length, "zip's local header");
        // From byte 4 (version) to 13 (date) as from byte 6 on in the directory; then checksum and two lengths.
        Span<byte> constants = head.AsSpan(4, 10), sums = head.AsSpan(14, 12);
        if (U32(head, 0) != LocalSignature || !constants.SequenceEqual(central.Slice(6, 10))
            || !(sums.SequenceEqual(central.Slice(16, 12)) || !sums.ContainsAnyExcept((byte)0))
            || U16(head, 26) != rawName.Length || !rawName.SequenceEqual(head.AsSpan(LocalLength)))
            throw file.Refuse($"{shown} in the zip has no header of its own at byte {local}");
        var start = local + head.Length + U16(head, 28);
        CheckPadding(file, shown, start - U16(head, 28), U16(head, 28));
        return start;
    }

    // PyTorch fills up to an aligned place with an extra field "FB" of Zs.
    private static void CheckPadding(OpenFile file, string shown, long offset, int length)
    {
        var extra = file.Read(offset, length, "zip's extra field");
        for (var at = 0; at < length;)
        {
            var body = length - at >= 4 ? U16(extra, at + 2) : length;
            if (body > length - at - 4 || (extra.AsSpan(at).StartsWith("FB"u8)
                && extra.AsSpan(at + 4, body).ContainsAnyExcept((byte)'Z')))
                throw file.Refuse($"{shown} in the zip has a damaged extra field at byte {offset + at}");
            at += 4 + body;
        }
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

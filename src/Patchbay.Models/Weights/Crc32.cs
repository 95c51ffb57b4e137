namespace Patchbay.Models.Weights;

/// <summary>The CRC-32 of zip files (reflected polynomial 0xEDB88320).</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(Entry)];

    /// <summary>Checksum of a part of a file.</summary>
    public static uint Of(MappedFile file, long offset, long length)
    {
        var crc = uint.MaxValue;
        var buffer = new byte[Math.Min(length, 1 << 16)];
        while (length > 0)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(length, buffer.Length));
            file.Read(offset, part, "checksummed part");
            foreach (var b in part) crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
            offset += part.Length;
            length -= part.Length;
        }
        return ~crc;
    }

    private static uint Entry(int i)
    {
        var entry = (uint)i;
        for (var bit = 0; bit < 8; bit++) entry = (entry & 1) != 0 ? 0xEDB88320 ^ (entry >> 1) : entry >> 1;
        return entry;
    }
}

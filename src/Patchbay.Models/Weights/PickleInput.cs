using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Models.Weights;

/// <summary>A part of a mapped file, read forward; nothing is read or allocated beyond what the part holds.</summary>
internal sealed class PickleInput
{
    /// <summary>Longest string or byte string that is read.</summary>
    public const int LongestText = 1 << 16;

    private const int LongestLine = 256;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly TorchFileMap map;
    private readonly long end;
    private readonly byte[] buffer;
    private long bufferStart;
    private int at;
    private int filled;

    public PickleInput(TorchFileMap map, string part, long start, long length)
    {
        (this.map, Part, bufferStart, end) = (map, part, start, start + length);
        buffer = new byte[(int)Math.Min(length, LongestText)];
    }

    /// <summary>What is read, for error messages.</summary>
    public string Part { get; set; }

    /// <summary>Where in the file the next byte lies.</summary>
    public long Position => bufferStart + at;

    /// <summary>Bytes left.</summary>
    public long Left => end - Position;

    /// <summary>An error in this part of the file.</summary>
    public InvalidDataException Fail(string text) => map.Fail($"{Part} has {text}");

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public byte[] Bytes(long count) => Take(count).ToArray();

    public string Text(long count)
    {
        try
        {
            return Utf8.GetString(Take(count));
        }
        catch (DecoderFallbackException)
        {
            throw Fail($"a string before byte {Position} that is not UTF-8");
        }
    }

    /// <summary>A line of ASCII letters, as GLOBAL has two.</summary>
    public string Line()
    {
        var line = new StringBuilder();
        for (var c = Byte(); c != '\n'; c = Byte())
        {
            if (line.Length == LongestLine) throw Fail($"a name longer than {LongestLine} bytes before byte {Position}");
            line.Append((char)c);
        }
        return line.ToString();
    }

    /// <summary>A little-endian two's complement integer of up to 16 bytes.</summary>
    public object Integer(long count)
    {
        if (count > 16) throw Fail($"an integer of {count} bytes at byte {Position}, expected at most 16");
        var bytes = Take(count);
        var value = count > 0 && (bytes[^1] & 0x80) != 0 ? Int128.NegativeOne : Int128.Zero;
        for (var i = (int)count - 1; i >= 0; i--) value = (value << 8) | bytes[i];
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : (object)value;
    }

    /// <summary>Skips bytes that something else reads.</summary>
    public void Skip(long count)
    {
        if (count < 0 || count > Left) throw Fail($"{count} bytes expected at byte {Position} and {Left} found");
        (bufferStart, at, filled) = (Position + count, 0, 0);
    }

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > Left) throw Fail($"{count} bytes expected at byte {Position} and {Left} found");
        if (count > LongestText) throw Fail($"a string of {count} bytes at byte {Position}, expected at most {LongestText}");
        if (count > filled - at) Refill();
        at += (int)count;
        return buffer.AsSpan(at - (int)count, (int)count);
    }

    private void Refill()
    {
        (bufferStart, at) = (Position, 0);
        filled = (int)Math.Min(buffer.Length, end - bufferStart);
        map.Read(bufferStart, buffer.AsSpan(0, filled));
    }
}

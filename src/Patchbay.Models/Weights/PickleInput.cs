using System.Text;

namespace Patchbay.Models.Weights;

/// <summary>The bytes of a pickle, read forward through a small buffer.</summary>
internal sealed class PickleInput(MappedFile file, long start, long end)
{
    /// <summary>Most bytes that <see cref="Take"/> gives at once: a string in a pickle may not be longer.</summary>
    public const int Longest = 1 << 16;

    private readonly byte[] buffer = new byte[(int)Math.Min(Longest, Math.Max(0, end - start))];
    private int position, filled;
    private long bufferOffset = start;

    public string Path => file.Path;

    /// <summary>Where in the file the next byte is.</summary>
    public long Position => bufferOffset + position;

    public byte Next() => Take(1)[0];

    /// <summary>The next bytes; valid until the next call.</summary>
    public ReadOnlySpan<byte> Take(long count)
    {
        if (count > Longest)
            throw Refusal.Of(Path, $"the pickle has a string of {count} bytes at byte {Position}, expected at most {Longest}");
        if (count > filled - position) Refill(count);
        position += (int)count;
        return buffer.AsSpan(position - (int)count, (int)count);
    }

    /// <summary>The text up to the next line feed, at most 200 bytes of it.</summary>
    public string Line()
    {
        var line = new StringBuilder();
        for (var b = Next(); b != '\n'; b = Next())
        {
            if (line.Length == 200) throw Refusal.Of(Path, $"the pickle has a name that does not end at byte {Position}");
            line.Append((char)b);
        }
        return line.ToString();
    }

    private void Refill(long needed)
    {
        if (needed > end - Position) throw Refusal.Of(Path, $"the pickle is cut off at byte {end}");
        bufferOffset = Position;
        position = 0;
        filled = (int)Math.Min(buffer.Length, end - bufferOffset);
        file.Read(bufferOffset, buffer.AsSpan(0, filled), "pickle");
    }
}

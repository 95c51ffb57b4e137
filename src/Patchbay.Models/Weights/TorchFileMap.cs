using System.IO.MemoryMappedFiles;

namespace Patchbay.Models.Weights;

/// <summary>A file mapped into memory, read only; every read is checked against its length.</summary>
internal sealed class TorchFileMap : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;

    public TorchFileMap(string path)
    {
        if (!System.IO.File.Exists(path)) throw new FileNotFoundException($"{Path.GetFileName(path)} does not exist.", path);
        File = Path.GetFileName(path);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            Length = stream.Length;
            if (Length == 0) throw Fail("the file is empty, expected a PyTorch checkpoint");
            map = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            view = map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The file's name, without its folder.</summary>
    public string File { get; }

    /// <summary>The file's length in bytes.</summary>
    public long Length { get; }

    /// <summary>An error in this file; <paramref name="text"/> is a sentence without its full stop.</summary>
    public InvalidDataException Fail(string text) => new($"{File}: {text}.");

    /// <summary>Text out of the file as an error may show it: short, in quotes, without control characters.</summary>
    public static string Quote(string text)
    {
        var shown = text.Length <= 200 ? text : text[..200] + "...";
        return "\"" + string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + "\"";
    }

    /// <summary>Whether <paramref name="count"/> bytes at <paramref name="offset"/> lie inside the file.</summary>
    public bool Holds(long offset, long count) => offset >= 0 && count >= 0 && offset <= Length && count <= Length - offset;

    /// <summary>Copies bytes out of the file.</summary>
    public void Read(long offset, Span<byte> destination) => Gather(offset, destination.Length, 1, 0, destination);

    /// <summary>Copies <paramref name="pieces"/> pieces of <paramref name="size"/> bytes, each <paramref name="step"/>
    /// bytes after the one before.</summary>
    public unsafe void Gather(long offset, int size, int pieces, long step, Span<byte> destination)
    {
        if (pieces == 0 || size == 0) return;
        var span = checked(((pieces - 1) * step) + size);
        if (step < 0 || !Holds(offset, span)) throw Fail($"bytes {offset} to {offset + span} were asked of {Length}");
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            var from = start + view.PointerOffset + offset;
            for (var i = 0; i < pieces; i++)
                new ReadOnlySpan<byte>(from + (i * step), size).CopyTo(destination.Slice(i * size, size));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    public void Dispose()
    {
        view.Dispose();
        map.Dispose();
    }
}

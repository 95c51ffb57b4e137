using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Patchbay.Models.Weights;

/// <summary>
/// A file open for reading at any place. Headers are read (<see cref="Read"/>); tensors are mapped one window at a time
/// (<see cref="Map"/>), so that the pages of a large checkpoint do not stay in the process.
/// </summary>
internal sealed class MappedFile : IDisposable
{
    private readonly SafeFileHandle handle;
    private readonly Lazy<MemoryMappedFile> mapping;

    public MappedFile(string path)
    {
        Path = path;
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Length = RandomAccess.GetLength(handle);
        mapping = new(() => MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true));
    }

    public string Path { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> on;
    /// <paramref name="what"/> says what they are, for the error where the file is too short.</summary>
    public void Read(long offset, Span<byte> destination, string what)
    {
        if (offset < 0 || offset > Length - destination.Length)
        {
            throw Refusal.Of(
                Path, $"the {what} should be {destination.Length} bytes at byte {offset}, but the file has {Length} bytes");
        }
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(handle, destination, offset);
            if (count == 0) throw Refusal.Of(Path, $"the file became shorter than {Length} bytes while it was read");
            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>Maps <paramref name="length"/> bytes from <paramref name="offset"/> on, both checked by the caller.</summary>
    public MappedWindow Map(long offset, long length)
    {
        // Touching a mapped page beyond the end of a file ends the process: a file that shrank is refused first.
        if (RandomAccess.GetLength(handle) < offset + length)
            throw Refusal.Of(Path, $"the file became shorter than {offset + length} bytes while it was read");
        return new(mapping.Value.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read));
    }

    public void Dispose()
    {
        if (mapping.IsValueCreated) mapping.Value.Dispose();
        handle.Dispose();
    }
}

/// <summary>A part of a file in memory, until disposed.</summary>
internal sealed class MappedWindow(MemoryMappedViewAccessor view) : IDisposable
{
    /// <summary>Copies the bytes from <paramref name="offset"/>, counted from the window's first byte.</summary>
    public void Read(long offset, Span<byte> destination) =>
        view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(view.PointerOffset + offset), destination);

    public void Dispose() => view.Dispose();
}

using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Patchbay.Models.Weights;

/// <summary>A file mapped into memory, read only.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private readonly byte* start;

    public MappedFile(string path)
    {
        Path = path;
        Name = System.IO.Path.GetFileName(path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Length = stream.Length;
        if (Length == 0) return; // an empty file cannot be mapped
        map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += view.PointerOffset;
    }

    public string Path { get; }

    /// <summary>File name without its folder, for error messages.</summary>
    public string Name { get; }

    public long Length { get; }

    /// <summary>Bytes of the file.</summary>
    /// <exception cref="InvalidDataException">They are not all in the file.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(view is null && Length > 0, this);
        if (offset < 0 || count < 0 || offset > Length - count)
            throw new InvalidDataException($"{Name}: expected {count} bytes at offset {offset}, found the end of the file at {Length}");
        return new ReadOnlySpan<byte>(start + offset, count);
    }

    /// <summary>Tells the system that these bytes will not be read again soon, so that a file being loaded does not stay in
    /// the process's memory beside what was made of it.</summary>
    public void Forget(long offset, long count)
    {
        const int Page = 4096, DontNeed = 4;
        var first = (offset + Page - 1) / Page * Page;
        var whole = (offset + count) / Page * Page - first;
        if (whole > 0 && OperatingSystem.IsLinux()) _ = Advise((nint)(start + first), (nuint)whole, DontNeed);
    }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint length, int advice);

    public void Dispose()
    {
        view?.SafeMemoryMappedViewHandle.ReleasePointer();
        view?.Dispose();
        map?.Dispose();
    }
}

/// <summary>A tensor whose elements lie one after the other in a mapped file.</summary>
internal sealed class MappedTensor(MappedFile file, long offset) : StoredTensor
{
    /// <inheritdoc/>
    public override void CopyTo(long first, Span<byte> destination)
    {
        file.Bytes(offset + first * ElementSize, destination.Length).CopyTo(destination);
        file.Forget(offset + first * ElementSize, destination.Length);
    }
}

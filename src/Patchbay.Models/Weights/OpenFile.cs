using Microsoft.Win32.SafeHandles;

namespace Patchbay.Models.Weights;

/// <summary>A file open for reading at any place. It is read and not mapped: touching a mapped page of a file that
/// became shorter ends the process.</summary>
internal sealed class OpenFile : IDisposable
{
    private readonly SafeFileHandle handle;

    public OpenFile(string path)
    {
        Path = path;
        if (FileKind.OtherThanFile(path) is { } other) throw Refuse($"expected a file, found {other}");
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Length = RandomAccess.GetLength(handle);
    }

    public string Path { get; }

    /// <summary>Bytes that it had when it was opened.</summary>
    public long Length { get; }

    /// <summary>The exception that says what is wrong with this file.</summary>
    public InvalidDataException Refuse(string what) => Refusal.Because(Path, what);

    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> on;
    /// <paramref name="what"/> says what they are, for the error where the file is too short.</summary>
    public void Read(long offset, Span<byte> destination, string what)
    {
        if (offset < 0 || offset > Length - destination.Length)
            throw Refuse(
                $"the {what} should be {destination.Length} bytes at byte {offset}, but the file has {Length} bytes");
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(handle, destination, offset);
            if (count == 0) throw Refuse($"the file became shorter than {Length} bytes while it was read");
            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>The bytes from <paramref name="offset"/> on, likewise.</summary>
    public byte[] Read(long offset, long length, string what)
    {
        var bytes = new byte[length];
        Read(offset, bytes, what);
        return bytes;
    }

    public void Dispose() => handle.Dispose();
}

/// <summary>Opening in more than one step.</summary>
internal static class Opening
{
    /// <summary>What <paramref name="make"/> makes of an open file; where that fails, the file is closed.</summary>
    public static TMade CloseOnError<TFile, TMade>(TFile file, Func<TFile, TMade> make) where TFile : IDisposable
    {
        try
        {
            return make(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}

namespace Patchbay.Tasks;

/// <summary>Files that people name: looked at before they are read, so that a pipe or a device is not waited for and a
/// huge file takes no memory.</summary>
public static class InputFile
{
    /// <summary>Most bytes of a file that is read whole, where its reader says nothing else: 256 MiB.</summary>
    public const long MostBytes = 256L << 20;

    /// <summary>Refuses what is no file, or a larger one than its reader takes.</summary>
    /// <param name="path">The path, as messages name it.</param>
    /// <param name="most">Most bytes that it may have.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is a folder, a device, a pipe, or too large.</exception>
    public static void Require(string path, long most = long.MaxValue)
    {
        if (FileKind.OtherThanFile(path) is { } other) throw Refusal.Unexpected(path, "a file", other);
        if (!File.Exists(path)) throw new FileNotFoundException($"there is no file {path}", path);
        if (most == long.MaxValue) return;
        using var handle = File.OpenHandle(path); // FileInfo tells a link's own length
        var length = RandomAccess.GetLength(handle);
        if (length > most)
            throw Refusal.Unexpected(path, $"a file of at most {most >> 20} MiB",
                $"one of {Math.Ceiling(length / 10485.76) / 100} MiB");
    }

    /// <summary>The whole of a file.</summary>
    /// <inheritdoc cref="Require"/>
    public static byte[] Bytes(string path, long most = MostBytes)
    {
        Require(path, most);
        return File.ReadAllBytes(path);
    }

    /// <summary>The whole of a text file.</summary>
    /// <inheritdoc cref="Require"/>
    public static string Text(string path, long most = MostBytes)
    {
        Require(path, most);
        return File.ReadAllText(path);
    }
}

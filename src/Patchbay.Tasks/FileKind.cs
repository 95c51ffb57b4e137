using System.Runtime.InteropServices;

namespace Patchbay;

/// <summary>What stands at a path. Opening a pipe waits for who writes to it, and a device may never end, so that it is
/// asked before; .NET tells neither from a file. Compiled into each room that opens files which people name.</summary>
internal static partial class FileKind
{
    private const int WorkingDirectory = -100, TypeOnly = 1, ModeOffset = 28, KindMask = 0xF000;
    private const int NotThere = 2, LinksWithoutEnd = 40; // errno

    /// <summary>"a folder", "a device", "a pipe" or "a socket", links followed, or a link that cannot be; null where it
    /// is a file, where nothing is there, or where the system cannot be asked.</summary>
    public static string? OtherThanFile(string path)
    {
        if (Directory.Exists(path)) return "a folder";
        if (!OperatingSystem.IsLinux()) return null;
        var facts = new byte[256]; // struct statx, the same on every processor
        if (Statx(WorkingDirectory, path, 0, TypeOnly, facts) != 0)
            return Marshal.GetLastPInvokeError() switch
            {
                LinksWithoutEnd => "a link that leads back to itself",
                NotThere when new FileInfo(path).LinkTarget is { } target => $"a link to {target}, which is not there",
                _ => null,
            };
        return (BitConverter.ToUInt16(facts, ModeOffset) & KindMask) switch
        {
            0x2000 or 0x6000 => "a device",
            0x1000 => "a pipe",
            0xC000 => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Statx(int folder, string path, int flags, uint wanted, byte[] facts);
}

using System.Buffers.Binary;
using System.Text;

namespace Patchbay.Models.Libtorch;

/// <summary>The versions that a shared library (ELF, 64 bits, little endian) needs of the libraries it is linked with:
/// its section .gnu.version_r, a list of files (Elf64_Verneed) with a list of versions each (Elf64_Vernaux). The
/// dynamic linker refuses a library for a version that is absent, unless the need is marked as weak.</summary>
public static class VersionNeed
{
    private const uint VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 0x2;              // VER_FLG_WEAK

    /// <summary>Marks the need of a version as weak, in place.</summary>
    /// <param name="library">The whole file.</param>
    /// <param name="version">E.g. "GLIBCXX_3.4.32".</param>
    /// <returns>Whether anything was changed: false where there is no such need, or where it is weak already.</returns>
    /// <exception cref="InvalidDataException">It is no such library, or it ends too soon.</exception>
    public static bool MakeWeak(Span<byte> library, string version)
    {
        try
        {
            return MarkIn(library, Encoding.ASCII.GetBytes(version + "\0"));
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new InvalidDataException(
                $"a shared library of {library.Length} bytes ends before what its headers point to: "
                + "the file is cut short");
        }
    }

    private static bool MarkIn(Span<byte> library, ReadOnlySpan<byte> version)
    {
        if (library.Length < 64 || !library[..6].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new InvalidDataException(
                "expected a shared library (ELF, 64 bits, little endian), found another kind of file");
        var sections = Offset(library, 0x28);
        int size = U16(library, 0x3a), count = U16(library, 0x3c);
        var changed = false;
        for (var s = 0; s < count; s++)
        {
            var header = library.Slice(sections + s * size, 64);
            if (U32(header, 4) != VersionNeeds) continue;
            var names = library.Slice(sections + (int)U32(header, 40) * size, 64);
            changed |= MarkIn(library[Offset(header, 24)..], (int)U32(header, 44), library[Offset(names, 24)..],
                version);
        }
        return changed;
    }

    // Marks in a section, which begins at needs and tells of so many files.
    private static bool MarkIn(Span<byte> needs, int files, ReadOnlySpan<byte> names, ReadOnlySpan<byte> version)
    {
        var changed = false;
        for (int file = 0, at = 0; file < files; file++, at += (int)U32(needs, at + 12))
        {
            var entry = at + (int)U32(needs, at + 8);
            for (var left = U16(needs, at + 2); left > 0; left--, entry += (int)U32(needs, entry + 12))
            {
                var flags = U16(needs, entry + 4);
                if ((flags & Weak) != 0 || !names[(int)U32(needs, entry + 8)..].StartsWith(version)) continue;
                BinaryPrimitives.WriteUInt16LittleEndian(needs[(entry + 4)..], (ushort)(flags | Weak));
                changed = true;
            }
        }
        return changed;
    }

    private static int Offset(ReadOnlySpan<byte> bytes, int at) =>
        (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]));

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}

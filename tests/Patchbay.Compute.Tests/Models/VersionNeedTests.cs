using System.Text;
using Patchbay.Models.Libtorch;
using TorchSharp;

namespace Patchbay.Models.Tests;

/// <summary>Marking the need of a version as weak, on a small library made here and on TorchSharp's native
/// half.</summary>
public class VersionNeedTests
{
    private const string Version = "GLIBCXX_3.4.32";

    [Fact]
    public void One_flag_of_the_version_asked_for_becomes_weak_and_nothing_else_changes()
    {
        var library = Library("GLIBC_2.2.5", Version, "CXXABI_1.3");
        var before = library.ToArray();
        Assert.True(VersionNeed.MakeWeak(library, Version));
        int[] changed = [.. Enumerable.Range(0, library.Length).Where(i => library[i] != before[i])];
        Assert.Equal((0, 2), (before[Assert.Single(changed)], library[changed[0]]));
    }

    [Fact]
    public void A_library_whose_need_is_weak_already_is_left_alone()
    {
        var library = Library(Version);
        Assert.True(VersionNeed.MakeWeak(library, Version));
        var once = library.ToArray();
        Assert.False(VersionNeed.MakeWeak(library, Version));
        Assert.Equal(once, library);
    }

    [Theory]
    [InlineData("GLIBC_2.2.5")]
    [InlineData("GLIBCXX_3.4.3")]  // the beginning of the one asked for
    [InlineData("GLIBCXX_3.4.321")]
    public void A_library_without_the_need_is_left_alone(string other)
    {
        var library = Library(other);
        var before = library.ToArray();
        Assert.False(VersionNeed.MakeWeak(library, Version));
        Assert.Equal(before, library);
    }

    [Fact]
    public void A_library_cut_anywhere_is_marked_or_refused_with_a_sentence()
    {
        var whole = Library("GLIBC_2.2.5", Version);
        var refused = 0;
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = whole[..length];
            if (Record.Exception(() => VersionNeed.MakeWeak(cut, Version)) is not { } e) continue;
            refused++;
            Assert.IsType<InvalidDataException>(e);
            Assert.Matches("cut short|expected a shared library", e.Message);
        }
        Assert.True(refused > whole.Length / 2);
    }

    [Fact]
    public void TorchSharps_native_half_has_exactly_one_such_need_and_the_packages_own_file_is_as_it_was()
    {
        var half = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        var library = File.ReadAllBytes(half);
        var marked = library.ToArray();
        Assert.True(VersionNeed.MakeWeak(marked, Version),
            "the file in the output folder is the package's, with its need unmarked");
        Assert.Single(Enumerable.Range(0, library.Length), i => library[i] != marked[i]);
        // and it loads here, whatever the system
        Assert.Equal(3.0, torch.tensor(new[] { 1.0, 2.0 }).sum().item<double>());
    }

    [Fact]
    public void Where_the_system_lacks_the_version_it_is_told()
    {
        torch.zeros(1).Dispose();
        var runtime = File.ReadLines("/proc/self/maps")
            .First(l => l.Contains("/libstdc++.so", StringComparison.Ordinal));
        var provided = Encoding.Latin1.GetString(
            File.ReadAllBytes(runtime[runtime.IndexOf('/', StringComparison.Ordinal)..]));
        Assert.Equal(provided.Contains(Version + "\0", StringComparison.Ordinal) ? null : Version,
            OlderSystems.AbsentVersion);
    }

    /// <summary>An ELF file with a version_r section that needs the versions given of one library, and the
    /// names.</summary>
    private static byte[] Library(params string[] versions)
    {
        const int Sections = 64, Needs = Sections + 2 * 64;
        var names = Encoding.ASCII.GetBytes("\0libx.so\0" + string.Concat(versions.Select(v => v + "\0")));
        var namesAt = Needs + 16 + 16 * versions.Length;
        var file = new byte[namesAt + names.Length];
        using var writer = new BinaryWriter(new MemoryStream(file));
        writer.Write("\u007fELF"u8);
        writer.Write([2, 1]);
        At(0x28); writer.Write((long)Sections);
        At(0x3a); writer.Write((short)64); writer.Write((short)2);
        Section(0, type: 0x6ffffffe, offset: Needs, link: 1, info: 1);
        Section(1, type: 3, offset: namesAt, link: 0, info: 0);
        At(Needs); writer.Write((short)1); writer.Write((short)versions.Length); writer.Write(1);
        writer.Write(16); writer.Write(0);
        for (int i = 0, name = 9; i < versions.Length; name += versions[i++].Length + 1)
        {
            writer.Write(0); writer.Write((short)0); writer.Write((short)(i + 2)); writer.Write(name);
            writer.Write(i < versions.Length - 1 ? 16 : 0);
        }
        At(namesAt); writer.Write(names);
        return file;

        void At(int position) => writer.Seek(position, SeekOrigin.Begin);

        void Section(int index, uint type, long offset, int link, int info)
        {
            At(Sections + index * 64 + 4); writer.Write(type);
            At(Sections + index * 64 + 24); writer.Write(offset);
            At(Sections + index * 64 + 40); writer.Write(link); writer.Write(info);
        }
    }
}

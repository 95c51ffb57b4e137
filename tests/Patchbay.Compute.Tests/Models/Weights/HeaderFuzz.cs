using System.Diagnostics;

namespace Patchbay.Models.Tests.Weights;

/// <summary>Opens a checkpoint again and again while its files are changed.</summary>
internal sealed class HeaderFuzz : IDisposable
{
    private const long MostBytes = 4 << 20;
    private readonly ScratchFolder folder = new();
    private readonly string open, description;
    private readonly string[] entries;

    /// <param name="write">Writes the checkpoint and returns the path inside the folder that is opened.</param>
    public HeaderFuzz(Func<ScratchFolder, string> write)
    {
        open = write(folder);
        entries = Entries();
        using var checkpoint = Checkpoint.Open(open);
        description = Loaded.Describe(checkpoint);
    }

    public int Refused { get; private set; }

    public int Identical { get; private set; }

    /// <summary>Accepted with another description: as consistent as the first one, but not the same.</summary>
    public int Different { get; private set; }

    public string LastDifferent { get; private set; } = "";

    public byte[] Bytes(string file) => File.ReadAllBytes(folder[file]);

    public void Write(string file, byte[] bytes) => File.WriteAllBytes(folder[file], bytes);

    /// <summary>Writes one byte, opens, writes the old byte back; says whether the checkpoint was accepted.</summary>
    public bool TryByte(string file, int position, byte value)
    {
        using var stream = new FileStream(folder[file], FileMode.Open, FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete, 1);
        stream.Position = position;
        var old = (byte)stream.ReadByte();
        stream.Position = position;
        stream.WriteByte(value);
        stream.Flush();
        try
        {
            return TryOpen($"{file}, byte {position}: {old:X2} -> {value:X2}");
        }
        finally
        {
            stream.Position = position;
            stream.WriteByte(old);
        }
    }

    /// <summary>Opens: refused with one sentence, in bounded memory, or accepted; anything else fails the
    /// test.</summary>
    public bool TryOpen(string what)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var checkpoint = Checkpoint.Open(open);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytes, what);
            if (Loaded.Describe(checkpoint) == description) Identical++;
            else
            {
                Different++;
                LastDifferent = what;
            }
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or FileNotFoundException or DirectoryNotFoundException)
        {
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytes, what);
            Loaded.AssertOneSentence(e, folder.Path);
            Refused++;
            return false;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Opening failed in another way ({what}).", e);
        }
    }

    /// <summary>Checks that opening has left no file behind.</summary>
    public void AssertNothingWritten()
    {
        Assert.Equal(entries, Entries());
        Assert.False(File.Exists("pickle-was-executed"));
    }

    private string[] Entries() => [.. Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)];

    public void Dispose() => folder.Dispose();
}

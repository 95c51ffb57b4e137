using System.Security.Cryptography;

namespace Patchbay.Journal;

/// <summary>An artifact that comes in chunks, one a line; inside a transaction.</summary>
internal sealed class ArtifactImport(ArtifactStore store, string hash, long length) : IDisposable
{
    private readonly IncrementalHash sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long next;

    public string Hash => hash;

    public long Length => length;

    /// <summary>Whether the journal had it before.</summary>
    public bool Known { get; } = store.Contains(hash);

    /// <summary>Takes the next chunk.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Take(long number, byte[] data)
    {
        var expected = Math.Min(ArtifactStore.ChunkBytes, length - number * ArtifactStore.ChunkBytes);
        if (number != next || data.Length != expected) throw new RefusedLine($"chunk {number} of artifact {hash} comes out of turn, or is cut short");
        next++;
        sum.AppendData(data);
        if (!Known && data.Length > 0) store.InsertChunk(hash, number, data);
        if (next < ArtifactStore.Chunks(length)) return false;
        if (Convert.ToHexStringLower(sum.GetHashAndReset()) != hash) throw new RefusedLine($"artifact {hash} is not what was put in");
        if (!Known) store.Finish(hash, length);
        return true;
    }

    public void Dispose() => sum.Dispose();
}

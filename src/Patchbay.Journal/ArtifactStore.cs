using System.Security.Cryptography;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>Blobs in the journal's file, such as prompt files, named by their SHA-256. What is put twice is kept
/// once.</summary>
public sealed class ArtifactStore
{
    /// <summary>Bytes of a chunk, a row of the table.</summary>
    internal const int ChunkBytes = 1 << 20;

    // Chunks of a transaction: other writers do not wait long, and the write-ahead log stays small.
    private const int ChunksAtOnce = 16;
    private readonly JournalDatabase database;

    internal ArtifactStore(JournalDatabase database) => this.database = database;

    /// <summary>Hashes of all artifacts, in their own order.</summary>
    public IReadOnlyList<string> All() =>
        database.Rows("SELECT hash FROM artifact ORDER BY hash", row => row.GetString(0));

    /// <summary>Whether there is one of this hash.</summary>
    public bool Contains(string hash) => LengthOf(hash) >= 0;

    /// <summary>Keeps bytes.</summary>
    /// <returns>Their SHA-256 in lower-case hexadecimal digits.</returns>
    /// <exception cref="JournalException">The journal does not work; the artifact is not there then.</exception>
    public string Put(ReadOnlySpan<byte> content)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return Put(stream);
    }

    /// <summary>Keeps what a stream holds from its position on.</summary>
    /// <param name="content">Is read twice where it can be set back, and copied to a temporary file where not.</param>
    /// <returns>Its SHA-256 in lower-case hexadecimal digits.</returns>
    /// <exception cref="JournalException">The journal does not work; the artifact is not there then.</exception>
    public string Put(Stream content)
    {
        if (!content.CanSeek)
        {
            using var copy = new FileStream(Path.GetTempFileName(), new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.ReadWrite,
                Options = FileOptions.DeleteOnClose,
            });
            content.CopyTo(copy);
            copy.Position = 0;
            return Put(copy);
        }
        var start = content.Position;
        var length = content.Length - start;
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        if (Contains(hash)) return hash;
        content.Position = start;
        Write(hash, content, length);
        return hash;
    }

    /// <summary>An artifact's bytes.</summary>
    /// <exception cref="FileNotFoundException">There is none of this hash.</exception>
    /// <exception cref="JournalException">It is damaged, or the journal does not work.</exception>
    public byte[] Get(string hash)
    {
        using var content = new MemoryStream((int)Math.Max(0, LengthOf(hash)));
        CopyTo(hash, content);
        return content.ToArray();
    }

    /// <summary>Writes an artifact's bytes to a stream. What was written before an exception is not to be
    /// used.</summary>
    /// <exception cref="FileNotFoundException">There is none of this hash.</exception>
    /// <exception cref="JournalException">It is damaged, or the journal does not work.</exception>
    public void CopyTo(string hash, Stream destination)
    {
        var length = LengthOf(hash);
        if (length < 0) throw new FileNotFoundException($"there is no artifact {hash} in journal {database.Place}");
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var number = 0; number < Chunks(length); number++)
        {
            var chunk = Chunk(hash, number) ?? throw Damaged(hash);
            sum.AppendData(chunk);
            destination.Write(chunk);
        }
        if (Convert.ToHexStringLower(sum.GetHashAndReset()) != hash) throw Damaged(hash);
    }

    /// <summary>How many chunks an artifact of so many bytes has.</summary>
    internal static long Chunks(long length) => (length + ChunkBytes - 1) / ChunkBytes;

    /// <summary>An artifact's length in bytes; -1 where there is none of this hash.</summary>
    internal long LengthOf(string hash) =>
        database.Scalar("SELECT length FROM artifact WHERE hash = @0", hash) is long length ? length : -1;

    /// <summary>A chunk, unchecked; null where it is missing.</summary>
    internal byte[]? Chunk(string hash, long number) =>
        database.Scalar("SELECT data FROM artifact_chunk WHERE hash = @0 AND number = @1", hash, number) as byte[];

    /// <summary>Adds a chunk; inside a transaction.</summary>
    internal void InsertChunk(string hash, long number, byte[] data) => database.Execute(
        "INSERT INTO artifact_chunk (hash, number, data) VALUES (@0, @1, @2) "
        + "ON CONFLICT (hash, number) DO UPDATE SET data = excluded.data", hash, number, data);

    /// <summary>Makes an artifact of its chunks; inside a transaction.</summary>
    internal void Finish(string hash, long length) =>
        database.Execute("INSERT INTO artifact (hash, length) VALUES (@0, @1) ON CONFLICT DO NOTHING", hash, length);

    private void Write(string hash, Stream content, long length)
    {
        var chunks = Chunks(length);
        long next = 0;
        do
        {
            var data = new List<byte[]>(); // read before the transaction begins: nobody waits for it
            for (var number = next; number < Math.Min(chunks, next + ChunksAtOnce); number++)
            {
                data.Add(new byte[(int)Math.Min(ChunkBytes, length - number * ChunkBytes)]);
                content.ReadExactly(data[^1]);
            }
            database.Transaction(() =>
            {
                foreach (var chunk in data) InsertChunk(hash, next++, chunk);
                if (next == chunks) Finish(hash, length);
            });
        }
        while (next < chunks);
    }

    private JournalException Damaged(string hash) => new(JournalFault.Corrupt,
        $"artifact {hash} in journal {database.Place} is not what was written: "
        + "restore the journal from a copy, or import the artifact from an export");
}

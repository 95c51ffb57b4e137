using System.Security.Cryptography;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>Blobs in the journal's file, named by their SHA-256, in pieces of a mebibyte: what is put twice is stored once.</summary>
/// <param name="journal">The journal.</param>
public sealed class ArtifactStore(SqliteJournal journal)
{
    private const int Piece = 1 << 20;

    /// <summary>Names of all artifacts.</summary>
    public IReadOnlyList<string> Names() => journal.Try(() =>
    {
        using var reader = journal.Command("SELECT hash FROM artifact WHERE part = 0 ORDER BY hash").ExecuteReader();
        var names = new List<string>();
        while (reader.Read()) names.Add(reader.GetString(0));
        return names;
    });

    /// <summary>Stores a blob; its name, 64 hexadecimal digits.</summary>
    public string Put(byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        journal.Write(() =>
        {
            if ((long)journal.Command("SELECT count(*) FROM artifact WHERE hash = @hash AND part = 0", ("@hash", hash)).ExecuteScalar()! > 0) return false;
            for (var part = 0; part == 0 || part * Piece < content.Length; part++)
            {
                journal.Command("INSERT INTO artifact (hash, part, content) VALUES (@hash, @part, @content)",
                    ("@hash", hash), ("@part", part), ("@content", content[(part * Piece)..Math.Min(content.Length, (part + 1) * Piece)])).ExecuteNonQuery();
            }
            return true;
        });
        return hash;
    }

    /// <summary>A blob, or null where there is none of that name.</summary>
    /// <exception cref="JournalException">What is stored is not what was put.</exception>
    public byte[]? Get(string hash)
    {
        var content = journal.Try(() =>
        {
            using var reader = journal.Command("SELECT content FROM artifact WHERE hash = @hash ORDER BY part", ("@hash", hash)).ExecuteReader();
            using var all = new MemoryStream();
            var any = false;
            for (; reader.Read(); any = true) all.Write(reader.GetFieldValue<byte[]>(0));
            return any ? all.ToArray() : null;
        });
        return content is null || Convert.ToHexStringLower(SHA256.HashData(content)) == hash ? content
            : throw new JournalException(JournalFault.Corrupt, $"{journal.Path}: artifact {hash[..12]} is not what was written: restore it from a backup");
    }
}

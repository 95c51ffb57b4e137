using Npgsql;
using Patchbay.Sweeps;

namespace Patchbay.Journal;

/// <summary>A journal on the same disk or server as another, gone with its owner: for measurements.</summary>
public sealed class ScratchJournal : IDisposable
{
    private readonly string name = $"bench_{Guid.NewGuid():N}";
    private readonly JournalPlace beside;
    private readonly string folder;

    /// <summary>Makes one.</summary>
    /// <param name="beside">The other journal; not touched.</param>
    /// <param name="folder">Its data folder.</param>
    /// <exception cref="JournalException">The server cannot be used.</exception>
    public ScratchJournal(JournalPlace beside, string folder)
    {
        this.beside = beside;
        this.folder = Path.Combine(folder, name);
        Directory.CreateDirectory(this.folder);
        Place = beside.File is null ? beside.InSchema(name) : JournalPlace.Of(Path.Combine(this.folder, "journal.db"));
        Run($"CREATE SCHEMA {name}");
    }

    /// <summary>Where it is.</summary>
    public JournalPlace Place { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Run($"DROP SCHEMA {name} CASCADE");
        Directory.Delete(folder, recursive: true);
    }

    private void Run(string sql)
    {
        if (beside.File is not null) return;
        try
        {
            using var connection = new NpgsqlConnection(beside.ConnectionString);
            connection.Open();
            using var command = new NpgsqlCommand(sql, connection);
            command.ExecuteNonQuery();
        }
        catch (NpgsqlException e)
        {
            throw JournalFaults.Of(e, beside);
        }
    }
}

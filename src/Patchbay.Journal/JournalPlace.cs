using Npgsql;

namespace Patchbay.Journal;

/// <summary>Where a journal is: a file of SQLite, or a database of PostgreSQL.</summary>
public sealed class JournalPlace
{
    /// <summary>Names a file that holds nothing but the password of the database.</summary>
    public const string PasswordFileVariable = "PATCHBAY_JOURNAL_PASSWORD_FILE";

    private const string Form = "postgres://USER@HOST:PORT/DATABASE or 'Host=...;Username=...;Database=...'";
    private readonly NpgsqlConnectionStringBuilder? database;

    private readonly string? source;

    private JournalPlace(string? file, NpgsqlConnectionStringBuilder? database, string? source = null) =>
        (File, this.database, this.source) = (file, database, source);

    /// <summary>Full path of the file of SQLite; null where it is a database of PostgreSQL.</summary>
    public string? File { get; }

    /// <summary>A journal in a file.</summary>
    public static JournalPlace Of(string file) => new(Path.GetFullPath(file), null);

    /// <summary>A journal in a database of PostgreSQL. A password that the text does not hold is taken from the file
    /// that <see cref="PasswordFileVariable"/> names, else, by the driver, from PGPASSWORD or the file PGPASSFILE (as
    /// libpq reads it).</summary>
    /// <param name="text">"postgres://user@host:port/database?sslmode=require", or "Host=...;Database=...".</param>
    /// <param name="source">The option or variable that holds the text, for messages, which never repeat it.</param>
    /// <param name="mayHoldPassword">Whether others cannot see the text.</param>
    /// <exception cref="InvalidDataException">It is neither, or holds a password that others can see.</exception>
    public static JournalPlace OfDatabase(string text, string source, bool mayHoldPassword)
    {
        NpgsqlConnectionStringBuilder database;
        try
        {
            database = text.Contains("://", StringComparison.Ordinal) ? OfUri(new Uri(text)) : new(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{source}: expected {Form}, found a text of another form", e);
        }
        if (string.IsNullOrEmpty(database.Host) || string.IsNullOrEmpty(database.Database))
            throw new InvalidDataException($"{source}: expected {Form}, found no "
                + (string.IsNullOrEmpty(database.Host) ? "host" : "database"));
        if (!mayHoldPassword && !string.IsNullOrEmpty(database.Password))
            throw new InvalidDataException($"{source} holds a password, which everybody on this machine can see: put "
                + $"it in PGPASSWORD, or in a file that {PasswordFileVariable} or PGPASSFILE names");
        if (string.IsNullOrEmpty(database.Password)
            && Environment.GetEnvironmentVariable(PasswordFileVariable) is { Length: > 0 } file)
            database.Password = ReadPassword(file);
        database.ApplicationName ??= $"patchbay {Environment.MachineName}:{Environment.ProcessId}";
        if (!database.ContainsKey("Command Timeout")) database.CommandTimeout = 60; // a busy database is waited for
        if (database.KeepAlive == 0) database.KeepAlive = 5; // a cut-off server is noticed
        database.Options = $"{database.Options} -c synchronous_commit=on".Trim(); // what is recorded is on the disk
        return new(null, database, source);
    }

    /// <summary>The same database of PostgreSQL, with the tables of a schema.</summary>
    internal JournalPlace InSchema(string schema) =>
        new(null, new NpgsqlConnectionStringBuilder(ConnectionString) { SearchPath = schema }, source);

    /// <summary>For Akka.Persistence.Sql, and never to be shown: it may hold a password.</summary>
    public string ConnectionString => database?.ConnectionString ?? $"Data Source={File};Default Timeout=60";

    /// <summary>As people read it; without a password.</summary>
    public override string ToString() => File ?? $"postgres://{(database!.Username is { Length: > 0 } user
        ? $"{user}@" : "")}{database.Host}:{database.Port}/{database.Database}";

    /// <summary>The same with the option or variable that names it, for what is wrong with it.</summary>
    internal string Named => source is null ? $"{this}" : $"{this} ({source})";

    private static NpgsqlConnectionStringBuilder OfUri(Uri uri)
    {
        if (uri.Scheme is not ("postgres" or "postgresql")) throw new FormatException();
        var user = uri.UserInfo.Split(':', 2);
        var database = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : NpgsqlConnection.DefaultPort,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
        };
        if (user[0].Length > 0) database.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) database.Password = Uri.UnescapeDataString(user[1]);
        foreach (var option in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = option.Split('=', 2);
            database[parts[0] == "sslmode" ? "SSL Mode" : parts[0]] = Uri.UnescapeDataString(parts[^1])
                .Replace("-", "", StringComparison.Ordinal); // verify-full is libpq's word for VerifyFull
        }
        return database;
    }

    private static string ReadPassword(string file)
    {
        try
        {
            return System.IO.File.ReadAllText(file).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{PasswordFileVariable}: {file} cannot be read: name a file that holds the "
                + "password of the journal's database", e);
        }
    }
}

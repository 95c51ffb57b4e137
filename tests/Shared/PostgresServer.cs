using System.Diagnostics;
using System.Globalization;
using Patchbay.Journal;

namespace Patchbay.Tests;

/// <summary>A PostgreSQL server of a test's own, on a free port of this machine: Debian's, where it is
/// installed.</summary>
internal sealed class PostgresServer : IDisposable
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"patchbay-postgres-{Guid.NewGuid():N}");
    private readonly int port = FreePorts.Two();
    private readonly string address;

    /// <summary>Makes one and starts it.</summary>
    /// <param name="address">Where it listens; anybody on that network may use it.</param>
    public PostgresServer(string address = "127.0.0.1")
    {
        this.address = address;
        Directory.CreateDirectory(folder);
        Own(folder);
        Postgres("initdb", "-D", Data, "-U", "patchbay", "-A", "trust", "-E", "UTF8", "--no-locale", "-k");
        File.AppendAllText(Path.Combine(Data, "pg_hba.conf"), "host all all samenet trust\n");
        Start();
    }

    /// <summary>Folder of the server's programs, or null.</summary>
    public static string? Programs { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(f => Path.Combine(f, "bin"))
            .Where(f => File.Exists(Path.Combine(f, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault() : null;

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => Path.Combine(folder, "data");

    /// <summary>Makes a database.</summary>
    /// <returns>What --journal takes.</returns>
    public string NewDatabase()
    {
        var name = $"j{Guid.NewGuid():N}";
        Sql("postgres", $"CREATE DATABASE {name}");
        return At(name);
    }

    /// <summary>What --journal takes, for a database and a user.</summary>
    public string At(string database, string user = "patchbay") => $"postgres://{user}@{address}:{port}/{database}";

    /// <summary>Runs statements; what they give.</summary>
    /// <param name="database">Its name, or what --journal takes.</param>
    /// <param name="sql">The statements.</param>
    public string Sql(string database, string sql) => Run(Path.Combine(Programs!, "psql"),
        ["-h", address, "-p", Text(port), "-U", "patchbay", "-v", "ON_ERROR_STOP=1", "-qAtc", sql,
            database[(database.LastIndexOf('/') + 1)..]]);

    /// <summary>Makes a database from a backup of another.</summary>
    /// <param name="database">What --journal takes.</param>
    /// <returns>The same, of the new one.</returns>
    public string Restored(string database)
    {
        var (file, restored) = (Path.Combine(folder, $"{Guid.NewGuid():N}.sql"), NewDatabase());
        string[] server = ["-h", address, "-p", Text(port), "-U", "patchbay"];
        Run(Path.Combine(Programs!, "pg_dump"), [.. server, "-f", file, database[(database.LastIndexOf('/') + 1)..]]);
        Run(Path.Combine(Programs!, "psql"),
            [.. server, "-v", "ON_ERROR_STOP=1", "-q", "-f", file, restored[(restored.LastIndexOf('/') + 1)..]]);
        return restored;
    }

    /// <summary>Makes a folder beside its own.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(folder, name)).FullName;

    /// <summary>Gives it a folder.</summary>
    public static void Own(string place)
    {
        if (IsRoot) Run("chown", ["postgres", place]);
    }

    /// <summary>Starts it, where it was killed.</summary>
    public void Start()
    {
        for (var left = 20; ; left--)
        {
            try
            {
                Postgres("pg_ctl", "-D", Data, "-w", "-l", Path.Combine(folder, "log"), "-o",
                    $"-p {Text(port)} -k {folder} -c listen_addresses={address}", "start");
                return;
            }
            catch (InvalidOperationException) when (left > 0)
            {
                Thread.Sleep(250); // what the killed one left is not gone yet
            }
        }
    }

    /// <summary>kill -9, also of the processes that serve connections: they would answer for a moment yet.</summary>
    public void Kill()
    {
        var main = File.ReadLines(Path.Combine(Data, "postmaster.pid")).First();
        var serving = Run("pgrep", ["-P", main]).Split('\n');
        Run("kill", ["-9", main]);
        try
        {
            Run("kill", ["-9", .. serving]);
        }
        catch (InvalidOperationException)
        {
            // The process of a connection that was closed meanwhile is gone; the others are killed all the same.
        }
    }

    /// <summary>Ends it without ceremony: one that was killed before leaves processes that a proper end waits
    /// for.</summary>
    public void Dispose()
    {
        try
        {
            Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or FileNotFoundException)
        {
            // It is not up.
        }
        for (var left = 50; ; left--)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (IOException) when (left > 0)
            {
                Thread.Sleep(100); // its processes end a moment later
            }
        }
    }

    private static void Postgres(string program, params string[] arguments)
    {
        var file = Path.Combine(Programs!, program);
        if (IsRoot) Run("runuser", ["-u", "postgres", "--", file, .. arguments]); // it refuses to run as root
        else Run(file, arguments);
    }

    private static string Run(string file, string[] arguments)
    {
        var info = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        using var process = Process.Start(info)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(TimeSpan.FromMinutes(1)) || process.ExitCode != 0)
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} failed: {output.Result}"
                + errors.Result);
        return output.Result.TrimEnd('\n');
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A fact that needs PostgreSQL: skipped with a notice where it is not installed.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (PostgresServer.Programs is null) Skip = Notice;
    }

    internal const string Notice = "needs PostgreSQL (Debian: apt-get install postgresql)";
}

/// <summary>A theory that does.</summary>
internal sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute()
    {
        if (PostgresServer.Programs is null) Skip = PostgresFactAttribute.Notice;
    }
}

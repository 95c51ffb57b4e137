using System.CommandLine;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster.Membership;
using Patchbay.Journal;

namespace Patchbay.Cli.Arguments;

/// <summary>The folder that holds what `pbm` keeps from one run to the next: the journal of all sweeps.</summary>
internal sealed class DataFolder
{
    /// <summary>Environment variable that names the folder where --data is not given.</summary>
    public const string Variable = "PATCHBAY_DATA";

    /// <summary>Environment variable that names the journal's database where --journal is not given.</summary>
    public const string JournalVariable = "PATCHBAY_JOURNAL";

    /// <summary>Environment variable that names the node to speak to where --node is not given.</summary>
    public const string NodeVariable = "PATCHBAY_NODE";

    private const string Name = "--data", JournalName = "--journal", NodeName = "--node";

    // No default values of their own: the help page shows how the folder is found, not where it is for the one who
    // reads it.
    private readonly Option<string> data = new(Name)
    {
        Description = $"Folder of the journal (default: ${Variable}, else $XDG_DATA_HOME/patchbay, else "
            + "~/.local/share/patchbay)",
        HelpName = "FOLDER",
    };

    private readonly Option<string?> journal = new(JournalName)
    {
        Description = $"Journal in a database of PostgreSQL, postgres://USER@HOST:PORT/DATABASE (default: "
            + $"${JournalVariable}, else journal.db in the data folder)",
        HelpName = "DATABASE",
    };

    private readonly Option<NodeAddress?> node = CommonOptions.Parsed<NodeAddress?>(NodeName, "HOST:PORT",
        $"The node to speak to (default: ${NodeVariable}, else the one that serves the data folder)",
        NodeAddress.Parse);

    private readonly CertificateOptions certificate = new();

    /// <summary>For a command that only speaks to a node: which.</summary>
    public IEnumerable<Option> NodeOptions => [data, node, .. certificate.Options];

    /// <summary>For a command that reads a journal, or serves it: where it is.</summary>
    public IEnumerable<Option> JournalOptions => [data, journal];

    /// <summary>For a command that works with a journal, and with the node that serves it.</summary>
    public IEnumerable<Option> Options => [data, journal, node, .. certificate.Options];

    /// <summary>--data alone, for a command that reads what lies in the folder.</summary>
    public Option Folder => data;

    /// <summary>The node that the command line or $PATCHBAY_NODE names; null where neither names one.</summary>
    /// <exception cref="InvalidDataException">The certificate or the token cannot be used, or the variable holds no
    /// address.</exception>
    public (NodeAddress Address, HttpClient Http)? Node(Call call)
    {
        var name = call.Get(node) is null ? NodeVariable : NodeName;
        if ((call.Get(node) ?? OfVariable()) is not { } address) return null;
        var shown = certificate.Read(call);
        if (!address.IsLoopback && shown is null) throw new InvalidDataException(
            $"{name} {address} is another machine, which asks for the cluster's certificate: --certificate FILE");
        return (address, NodeClient.Create(address, shown, certificate.Token(call)));
    }

    private static NodeAddress? OfVariable()
    {
        if (Environment.GetEnvironmentVariable(NodeVariable) is not { Length: > 0 } given) return null;
        try
        {
            return NodeAddress.Parse(given);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{NodeVariable}: {e.Message}", e);
        }
    }

    /// <summary>The folder that a command works with.</summary>
    /// <exception cref="InvalidDataException">It is a file.</exception>
    public string Chosen(Call call) => Checked(call.Get(data) ?? Default(), NameOf(call));

    /// <summary>How the folder was given: "--data", "PATCHBAY_DATA", or neither.</summary>
    public string NameOf(Call call) => call.Get(data) is not null ? Name
        : Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } ? Variable : "the data folder";

    /// <summary>Where the journal is that a command works with: the database that --journal or $PATCHBAY_JOURNAL names,
    /// else a file in the folder.</summary>
    /// <exception cref="InvalidDataException">The name of the database cannot be understood.</exception>
    public JournalPlace Journal(Call call) => call.Get(journal) is { } given
        ? JournalPlace.OfDatabase(given, JournalName, mayHoldPassword: false) : JournalOf(Chosen(call));

    /// <summary>The journal that a command works with, open.</summary>
    /// <param name="call">The command.</param>
    /// <param name="readOnly">Whether nothing is to be changed.</param>
    /// <exception cref="FileNotFoundException">It is only to be read, and there is none.</exception>
    public SqlJournal Open(Call call, bool readOnly)
    {
        var place = Journal(call);
        if (readOnly && place.File is { } file && !File.Exists(file) && NameOf(call) == Variable)
            throw new FileNotFoundException($"there is no journal {file}, where {Variable} has it", file);
        return SqlJournal.Open(place, readOnly);
    }

    /// <summary>A data folder, or a refusal of what is a file.</summary>
    /// <exception cref="InvalidDataException">It is a file.</exception>
    public static string Checked(string folder, string name = Name) => !File.Exists(folder) ? folder
        : throw new InvalidDataException($"{name}: expected a folder, found the file {folder}");

    /// <summary>A command to be typed next, for the same data folder: "sweep show a-1" becomes "pbm sweep show a-1",
    /// with --data, --journal and --node where the command line now run has them.</summary>
    public static string Command(ParseResult now, string words)
    {
        var given = from option in now.CommandResult.Command.Options
                    where option.Name is Name or JournalName or NodeName or "--certificate" or "--token-file"
                    let result = now.GetResult(option)
                    where result is { Implicit: false, Tokens: [_] }
                    select $" {option.Name} {Quoted(result.Tokens[0].Value)}";
        return $"pbm {words}{string.Concat(given)}";
    }

    /// <summary>A word as a shell takes it: in quotes where it has characters with a meaning of their own.</summary>
    private static string Quoted(string word) => word.Length > 0
        && word.All(c => char.IsAsciiLetterOrDigit(c) || "/._-+:,@%=".Contains(c))
        ? word : $"'{word.Replace("'", "'\\''")}'";

    /// <summary>The folder where none is given: $PATCHBAY_DATA, $XDG_DATA_HOME/patchbay or
    /// ~/.local/share/patchbay.</summary>
    public static string Default()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } own) return own;
        // The XDG specification has relative paths ignored.
        if (Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data))
            return Path.Combine(data, "patchbay");
        return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share",
            "patchbay");
    }

    /// <summary>Where the journal of a data folder is, where no option says so: the database that $PATCHBAY_JOURNAL
    /// names, else a file in it.</summary>
    /// <exception cref="InvalidDataException">The name of the database cannot be understood.</exception>
    public static JournalPlace JournalOf(string folder) =>
        Environment.GetEnvironmentVariable(JournalVariable) is { Length: > 0 } database
            ? JournalPlace.OfDatabase(database, JournalVariable, mayHoldPassword: true)
            : JournalPlace.Of(JournalFile(folder));

    /// <summary>The journal's file in a data folder.</summary>
    public static string JournalFile(string folder) => Path.Combine(folder, "journal.db");
}

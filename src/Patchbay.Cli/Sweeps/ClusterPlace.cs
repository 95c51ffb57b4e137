using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster;
using Patchbay.Cluster.Membership;
using Patchbay.Journal;

namespace Patchbay.Cli.Sweeps;

/// <summary>A node's place in a cluster.</summary>
/// <param name="Address">Where others reach it.</param>
/// <param name="Seeds">Nodes that it joins; none where it is a cluster of its own.</param>
/// <param name="Roles">What it does there.</param>
/// <param name="Certificate">The cluster's; null where only this machine reaches it.</param>
/// <param name="Token">What clients of other machines may show instead, or null.</param>
/// <param name="Devices">Devices for models; null for all that the machine has.</param>
internal sealed record ClusterPlace(NodeAddress Address, IReadOnlyList<NodeAddress> Seeds, IReadOnlyList<string> Roles,
    ClusterCertificate? Certificate, string? Token, IReadOnlyList<string>? Devices = null)
{
    /// <summary>Whether the node was in that cluster before.</summary>
    public bool JoinsAnew { get; init; }

    /// <summary>A cluster of one's own, which no other machine reaches.</summary>
    public static ClusterPlace Own { get; } = new(NodeAddress.Own, [], ClusterOptions.AllRoles, null, null);
}

/// <summary>Options of `pbm node run` that say which cluster it is of, and where.</summary>
internal sealed class ClusterPlaceOptions
{
    private readonly Option<string> hostname = new("--hostname")
    {
        Description = "Name or address by which other machines reach this one; takes --certificate",
        HelpName = "HOST",
        DefaultValueFactory = _ => NodeAddress.Own.Host,
    };
    private readonly Option<int> port = CommonOptions.Parsed("--port", "PORT",
        "Port of its control API, and the one before its actor system's; 0 for any that are free",
        text => NodeAddress.ParsePort(text, least: 0), NodeAddress.DefaultPort);
    private readonly Option<IReadOnlyList<NodeAddress>?> seeds = CommonOptions.ListOf("--seed", "HOST:PORT",
        "A node of the cluster to join; may be given again. The first one named, which may be this node itself, begins "
        + "the cluster where there is none", NodeAddress.Parse);
    private readonly Option<IReadOnlyList<string>?> roles = CommonOptions.ListOf("--roles", "ROLE,..",
        $"What it does: {string.Join(", ", ClusterOptions.AllRoles)} (default: all)", Role);
    private readonly Option<IReadOnlyList<string>?> devices = CommonOptions.ListOf("--devices", "DEVICE,..",
        "Devices for models, each with --memory: cpu, cuda:N, or cuda for all GPUs (default: cpu,cuda)", Lists.Device);
    private readonly CertificateOptions certificate = new();

    /// <summary>The options, to be added to a command.</summary>
    public IEnumerable<Option> Options => [hostname, port, seeds, roles, devices, .. certificate.Options];

    /// <summary>The place that a command's options give.</summary>
    /// <exception cref="InvalidDataException">They do not fit each other, or the journal.</exception>
    public ClusterPlace Of(Call call, JournalPlace journal)
    {
        var own = new NodeAddress(call.Get(hostname), call.Get(port));
        var joined = call.Get(seeds) ?? [];
        var others = joined.Where(seed => seed != own).ToArray();
        if (Uri.CheckHostName(own.Host) == UriHostNameType.Unknown)
            throw new InvalidDataException($"--hostname: expected a name or an address, found '{own.Host}'");
        if (joined.Count > 0 && own.Port == 0)
            throw new InvalidDataException("--port: expected one that the others know, found 0");
        foreach (var seed in others) seed.CheckReachable(own, journal, "--seed");
        var shown = certificate.Read(call);
        if (!own.IsLoopback && shown is null) throw new InvalidDataException(
            $"--hostname {own.Host}: other machines reach it, so that it needs the cluster's certificate: "
            + "--certificate FILE, which 'pbm cluster certificate --out FILE' makes");
        return new(own, joined, call.Get(roles) ?? ClusterOptions.AllRoles, shown, certificate.Token(call),
            call.Get(devices));
    }

    private static string Role(string text) => ClusterOptions.AllRoles.Contains(text) ? text
        : throw new FormatException($"expected {string.Join(" or ", ClusterOptions.AllRoles)}, found '{text}'");
}

/// <summary>Options for who shows that it is of a cluster.</summary>
internal sealed class CertificateOptions
{
    private const string Variable = "PATCHBAY_CERTIFICATE", TokenVariable = "PATCHBAY_TOKEN_FILE";

    private readonly Option<string?> certificate = new("--certificate")
    {
        Description = $"The cluster's certificate, the same for all of it (default: ${Variable})",
        HelpName = "FILE",
    };
    private readonly Option<string?> token = new("--token-file")
    {
        Description = $"File with a token that the API takes from who has no certificate (default: ${TokenVariable})",
        HelpName = "FILE",
    };

    /// <summary>The options, to be added to a command.</summary>
    public IEnumerable<Option> Options => [certificate, token];

    /// <summary>The certificate, or null.</summary>
    /// <exception cref="InvalidDataException">It cannot be used.</exception>
    public ClusterCertificate? Read(Call call) => Named(call.Get(certificate), Variable) is { } path
        ? ClusterCertificate.Read(path) : null;

    /// <summary>The token, or null.</summary>
    /// <exception cref="InvalidDataException">The file holds none.</exception>
    public string? Token(Call call)
    {
        if (Named(call.Get(token), TokenVariable) is not { } path) return null;
        if (!Path.Exists(path)) throw new InvalidDataException($"--token-file: there is no file {path}");
        const int Least = 16;
        return InputFile.Text(path, 1 << 20).Trim() is { Length: >= Least } read ? read
            : throw new InvalidDataException(
                $"--token-file: expected at least {Least} characters in {path}, found fewer");
    }

    private static string? Named(string? given, string variable) =>
        (given ?? Environment.GetEnvironmentVariable(variable)) is { Length: > 0 } path ? path : null;
}

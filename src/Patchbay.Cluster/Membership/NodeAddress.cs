using System.Globalization;
using System.Net;
using Patchbay.Journal;

namespace Patchbay.Cluster.Membership;

/// <summary>Where a node is reached: its API at a port, its actor system at the port after it.</summary>
/// <param name="Host">Name or address of its machine, as others reach it.</param>
/// <param name="Port">Port of its API; 0 for any that is free, and then for its actor system as well.</param>
public sealed record NodeAddress(string Host, int Port)
{
    /// <summary>The port of a node's API unless told otherwise.</summary>
    public const int DefaultPort = 9110;

    private const int Highest = IPEndPoint.MaxPort - 1; // the actor system's is one more

    /// <summary>A node that only this machine reaches, at any port.</summary>
    public static NodeAddress Own { get; } = new("127.0.0.1", 0);

    /// <summary>The port of its actor system.</summary>
    public int ActorPort => Port == 0 ? 0 : Port + 1;

    /// <summary>Whether only its own machine reaches it.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address)
        && IPAddress.IsLoopback(address));

    /// <summary>Reads "HOST:PORT" or "HOST".</summary>
    /// <exception cref="FormatException">It is neither; the message says what was expected.</exception>
    public static NodeAddress Parse(string text)
    {
        var colon = text.EndsWith(']') ? -1 : text.LastIndexOf(':');
        var host = colon < 0 ? text : text[..colon];
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw new FormatException($"expected HOST or HOST:PORT, found '{text}'");
        return new(host, colon < 0 ? DefaultPort : ParsePort(text[(colon + 1)..], least: 1));
    }

    /// <summary>Reads a port.</summary>
    /// <param name="text">"9110".</param>
    /// <param name="least">0 where any that is free may be meant.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static int ParsePort(string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port >= least && port <= Highest ? port
            : throw new FormatException($"expected a port from {least} to {Highest}, found '{text}'");

    /// <summary>A node that another is to join must be on the same machine, or else reach back, and share a
    /// database.</summary>
    /// <param name="own">Address of the one that joins.</param>
    /// <param name="journal">Its journal.</param>
    /// <param name="option">How this address was given: "--seed".</param>
    /// <exception cref="InvalidDataException">It is not; the message says what is missing.</exception>
    public void CheckReachable(NodeAddress own, JournalPlace journal, string option)
    {
        if (IsLoopback) return;
        if (own.IsLoopback) throw new InvalidDataException($"{option} {this} is another machine, which cannot reach "
            + $"this node at {own.Host}: say with --hostname where it can");
        if (journal.File is { } file) throw new InvalidDataException(
            $"--journal: nodes on several machines share a database of PostgreSQL, found the file {file}");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Host}:{Port.ToString(CultureInfo.InvariantCulture)}";
}

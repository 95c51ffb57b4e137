using System.Globalization;

namespace Patchbay.Cluster;

/// <summary>Names of nodes: host, process and when it started, so that a node can tell at once that another one of its
/// machine is dead, and no name comes twice.</summary>
public static class NodeIdentity
{
    /// <summary>This process.</summary>
    public static string Own { get; } = $"{Host}:{Environment.ProcessId}:{StartOf(Environment.ProcessId) ?? "0"}";

    private static string Host => Environment.MachineName.Replace(':', '-');

    /// <summary>Whether a node is certainly gone: it was a process of this machine that no longer runs.</summary>
    public static bool IsGone(string node)
    {
        var parts = node.Split(':');
        return parts.Length == 3 && parts[0] == Host && int.TryParse(parts[1], NumberStyles.None,
            CultureInfo.InvariantCulture, out var process)
            && StartOf(process) != parts[2];
    }

    /// <summary>When a process started, in the kernel's ticks since it booted; null where there is none, or where the
    /// kernel does not tell.</summary>
    private static string? StartOf(int process)
    {
        try
        {
            // Field 22; the second field, the name, is in parentheses and may hold blanks.
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}

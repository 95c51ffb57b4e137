using Akka.Configuration;

namespace Patchbay.Cluster.Operating;

/// <summary>Settings of a node's actor system: cluster-config/akka.conf, which is part of this program, and over it an
/// operator's own file.</summary>
public static class NodeConfig
{
    /// <summary>The settings that are part of this program, as HOCON.</summary>
    internal static string Own()
    {
        using var stream = typeof(NodeConfig).Assembly.GetManifestResourceStream("akka.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>An operator's file.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not HOCON: the message names it.</exception>
    public static Config Read(string path)
    {
        try
        {
            return ConfigurationFactory.ParseString(File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"the node's settings are missing: there is no file {path}", e);
        }
#pragma warning disable CA1031 // Akka's reader has no exception of its own: it fails in many ways.
        catch (Exception e) when (e is not (IOException or UnauthorizedAccessException))
#pragma warning restore CA1031
        {
            throw new InvalidDataException($"{path} is not HOCON: {e.Message}", e);
        }
    }
}

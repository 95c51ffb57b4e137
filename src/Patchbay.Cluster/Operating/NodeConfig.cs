using System.Globalization;
using Akka.Configuration;
using Patchbay.Tasks;

namespace Patchbay.Cluster.Operating;

/// <summary>Settings of a node's actor system: cluster-config/akka.conf, which is part of this program, and over it an
/// operator's own file.</summary>
public static class NodeConfig
{
    private const long LongestFile = 1 << 20;

    /// <summary>The settings that are part of this program, as HOCON.</summary>
    internal static string Own()
    {
        using var stream = typeof(NodeConfig).Assembly.GetManifestResourceStream("akka.conf")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>What follows of how a node is to run, as HOCON.</summary>
    internal static string Of(ClusterOptions options) =>
        $$"""
        akka.remote.dot-netty.tcp {
          hostname = "{{options.Address.Host}}"
          port = {{options.Address.ActorPort.ToString(CultureInfo.InvariantCulture)}}
          enable-ssl = {{(options.Certificate is null ? "off" : "on")}}
        }
        akka.cluster {
          roles = [{{string.Join(", ", options.Roles)}}]
          app-version = "{{options.Code}}"
          {{(options.JoinsAnew ? "seed-node-timeout = 15s # its cluster is up, most likely" : "")}}
        }
        """;

    /// <summary>What an operator's file says of the node itself, under patchbay.node: options of `pbm node run` by
    /// their names; of a list the items, separated by commas.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Read"/>.</exception>
    public static IReadOnlyDictionary<string, string> NodeOptions(string path)
    {
        var node = Read(path).GetConfig("patchbay.node");
        if (node is null || node.IsEmpty) return new Dictionary<string, string>();
        return node.Root.GetObject().Items.ToDictionary(
            item => item.Key, item => item.Value.IsArray() ? string.Join(',', item.Value.GetStringList())
                : item.Value.GetString());
    }

    /// <summary>An operator's file.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not HOCON: the message names it.</exception>
    public static Config Read(string path)
    {
        try
        {
            var text = InputFile.Text(path, LongestFile);
            return Unclosed(text) is not { } mistake ? ConfigurationFactory.ParseString(text)
                : throw new InvalidDataException($"{path} is not HOCON: {mistake}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"the node's settings are missing: there is no file {path}", e);
        }
#pragma warning disable CA1031 // Akka's reader has no exception of its own: it fails in many ways, all the text's.
        catch (Exception e) when (e is not (IOException or UnauthorizedAccessException or InvalidDataException))
#pragma warning restore CA1031
        {
            throw new InvalidDataException($"{path} is not HOCON: {e.Message}", e);
        }
    }

    // Akka's reader takes what it can of a text whose brackets do not match, and says nothing.
    private static string? Unclosed(string text)
    {
        var open = new Stack<(char Closing, int Line)>();
        var quoted = false;
        foreach (var (index, line) in text.Split('\n').Index())
        {
            for (var at = 0; at < line.Length; at++)
            {
                var c = line[at];
                if (c == '"') quoted = !quoted;
                else if (quoted) at += c == '\\' ? 1 : 0;
                else if (c == '#' || line.AsSpan(at).StartsWith("//")) break;
                else if (c is '{' or '[') open.Push((c == '{' ? '}' : ']', index + 1));
                else if (c is '}' or ']' && !(open.TryPop(out var last) && last.Closing == c))
                    return $"line {index + 1}: '{c}' closes nothing";
            }
        }
        return quoted ? "a quotation mark has no other" : open.TryPop(out var left)
            ? $"what line {left.Line} opens lacks its '{left.Closing}'" : null;
    }
}

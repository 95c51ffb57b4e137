using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace Patchbay.Pure.Tests.Kubernetes;

/// <summary>What a folder of k8s/ would install, read into Kubernetes's types.</summary>
internal sealed class Installation
{
    private static readonly ConcurrentDictionary<string, Installation> Known = new();

    private Installation(string folder)
    {
        Text = Kubectl.Render(Repository.PathOf("k8s", folder));
        Objects = Read(Text);
    }

    public string Text { get; }

    public IReadOnlyList<object> Objects { get; }

    public V1StatefulSet Set => One<V1StatefulSet>();

    public V1PodSpec Pod => Set.Spec.Template.Spec;

    public V1Container Node => Assert.Single(Pod.Containers);

    /// <summary>The port of the node's API; its actor system has the next.</summary>
    public int Port => int.Parse(Argument("port"));

    /// <summary>Environment variables that have a value of their own.</summary>
    public IReadOnlyDictionary<string, string> Settings => (Node.EnvFrom ?? [])
        .SelectMany(from => ConfigMap(from.ConfigMapRef.Name).Data)
        .Concat(from one in Node.Env where one.Value is not null select KeyValuePair.Create(one.Name, one.Value))
        .ToDictionary();

    public static Installation Of(string folder) => Known.GetOrAdd(folder, f => new(f));

    /// <summary>Reads documents; a field or kind that Kubernetes does not know is refused.</summary>
    public static IReadOnlyList<object> Read(string text) => KubernetesYaml.LoadAllFromString(text, strict: true);

    /// <summary>The only object of a kind.</summary>
    public T One<T>() => Assert.Single(Objects.OfType<T>());

    public V1ConfigMap ConfigMap(string name) =>
        Assert.Single(Objects.OfType<V1ConfigMap>(), map => map.Metadata.Name == name);

    /// <summary>The value of an option that is given once.</summary>
    public string Argument(string option) => Assert.Single(Arguments(option));

    /// <summary>All values of an option.</summary>
    public IReadOnlyList<string> Arguments(string option) =>
        [.. from text in Node.Args where text.StartsWith($"--{option}=", StringComparison.Ordinal)
            select text[(option.Length + 3)..]];
}

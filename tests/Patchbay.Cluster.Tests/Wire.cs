using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Patchbay.Cluster.Tests;

/// <summary>Settings with which a node writes and reads every message, though none leaves it, and what it wrote. One
/// test at a time.</summary>
internal static class Wire
{
    /// <summary>HOCON for a node.</summary>
    public const string Settings = """
        akka.actor {
          serialize-messages = on
          serializers {
            messages = "Patchbay.Cluster.Tests.Wire+Counting, Patchbay.Cluster.Tests"
            json = "Patchbay.Cluster.Tests.Wire+ByReference, Patchbay.Cluster.Tests"
          }
        }
        """;

    /// <summary>How often each kind of message was read.</summary>
    public static ConcurrentDictionary<string, int> Read { get; } = [];

    /// <summary>Types of ours that went without a serializer of their own.</summary>
    public static ConcurrentDictionary<string, int> Strays { get; } = [];

    public sealed class Counting(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        private readonly MessageSerializer messages = new(system);

        public override int Identifier => messages.Identifier;

        public override string Manifest(object o) => messages.Manifest(o);

        public override byte[] ToBinary(object obj) => messages.ToBinary(obj);

        public override object FromBinary(byte[] bytes, string manifest)
        {
            Read.AddOrUpdate(manifest, 1, (_, count) => count + 1);
            return messages.FromBinary(bytes, manifest);
        }
    }

    /// <summary>Akka.NET's own messages within a node, which have no form in bytes, pass as they are.</summary>
#pragma warning disable CS9113 // Akka.NET gives the serializer "json" settings.
    public sealed class ByReference(ExtendedActorSystem system, Config unused) : Serializer(system)
#pragma warning restore CS9113
    {
        private static readonly ConcurrentDictionary<long, object> Held = [];
        private static long last;

        public override int Identifier => 1;

        public override bool IncludeManifest => false;

        public override byte[] ToBinary(object obj)
        {
            var type = obj.GetType().FullName!;
            if (type.Contains("Patchbay.", StringComparison.Ordinal))
                Strays.AddOrUpdate(type, 1, (_, count) => count + 1);
            var number = Interlocked.Increment(ref last);
            Held[number] = obj;
            return BitConverter.GetBytes(number);
        }

        public override object FromBinary(byte[] bytes, Type type) =>
            Held.TryRemove(BitConverter.ToInt64(bytes), out var held) ? held : throw new KeyNotFoundException();
    }
}

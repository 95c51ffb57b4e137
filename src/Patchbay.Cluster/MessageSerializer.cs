using System.Collections.Frozen;
using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>The messages that pass between nodes, as JSON under a fixed name for each kind and form. What is not in its
/// list is neither written nor read, and no .NET type is ever named: bytes from a peer become one of these records or
/// an error, which costs that message and nothing else.</summary>
public sealed class MessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    // A message that changes its form gets another number; nodes of both versions may be up at a time.
    private static readonly (string Manifest, JsonTypeInfo Type)[] Kinds =
    [
        ("sweep-order/1", MessageJson.Default.SweepOrder),
        ("sweep-answer/1", MessageJson.Default.SweepAnswer),
        ("wake-sweep/1", MessageJson.Default.WakeSweep),
        ("model-report/1", MessageJson.Default.ModelReport),
        ("unit-outcome/1", MessageJson.Default.UnitOutcome),
        ("serve-sweep/1", MessageJson.Default.ServeSweep),
        ("run-unit/1", MessageJson.Default.RunUnit),
        ("outcome-taken/1", MessageJson.Default.OutcomeTaken),
        ("load-model/1", MessageJson.Default.LoadModel),
        ("offer/1", MessageJson.Default.OfferMessage),
        ("unload-models/1", MessageJson.Default.UnloadModels),
        ("move-model/1", MessageJson.Default.MoveModel),
    ];

    private static readonly FrozenDictionary<string, JsonTypeInfo> ByManifest =
        Kinds.ToFrozenDictionary(k => k.Manifest, k => k.Type, StringComparer.Ordinal);

    private static readonly FrozenDictionary<Type, (string Manifest, JsonTypeInfo Type)> ByType =
        Kinds.ToFrozenDictionary(k => k.Type.Type);

    /// <inheritdoc/>
    public override int Identifier => 9111;

    /// <inheritdoc/>
    public override string Manifest(object o) => KindOf(o).Manifest;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is no message, or holds a command that none may hold.</exception>
    public override byte[] ToBinary(object obj)
    {
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(obj, KindOf(obj).Type);
        }
        catch (NotSupportedException e)
        {
            throw new SerializationException($"{obj.GetType().Name} cannot be sent: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is no message that this version knows.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        if (!ByManifest.TryGetValue(manifest, out var type)) throw new SerializationException(
            $"a message of a kind '{manifest}' came, which this Patchbay does not know: the node that sent it is of "
            + "another version");
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new SerializationException($"'{manifest}' is null");
        }
        catch (JsonException e)
        {
            throw new SerializationException($"a message '{manifest}' is not of its form: {e.Message}", e);
        }
    }

    private static (string Manifest, JsonTypeInfo Type) KindOf(object message) =>
        ByType.TryGetValue(message.GetType(), out var kind) ? kind : throw new SerializationException(
            $"{message.GetType().Name} is no message that passes between nodes");
}

/// <summary>Stands where Akka.NET would have Newtonsoft.Json write, and read, whatever .NET type is named.</summary>
/// <param name="system">Its actor system.</param>
/// <param name="unused">What Akka.NET has set for Newtonsoft.Json.</param>
#pragma warning disable CS9113 // Akka.NET gives the serializer "json" its settings.
public sealed class RefusingSerializer(ExtendedActorSystem system, Config unused) : Serializer(system)
#pragma warning restore CS9113
{
    /// <summary>The number of Akka.NET's own serializer for everything else, so that bytes meant for it come
    /// here.</summary>
    public override int Identifier => 1;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => throw new SerializationException(
        $"{obj.GetType().FullName} may not leave its node: it has no serializer, and none is guessed");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException(
        "a message came as Newtonsoft.Json writes it, with the name of a .NET type: Patchbay reads none such");
}

/// <summary>How messages are written as JSON. Doubles are written so that they are read back exactly, NaN as
/// "NaN".</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(SweepOrder))]
[JsonSerializable(typeof(SweepAnswer))]
[JsonSerializable(typeof(WakeSweep))]
[JsonSerializable(typeof(ModelReport))]
[JsonSerializable(typeof(UnitOutcome))]
[JsonSerializable(typeof(ServeSweep))]
[JsonSerializable(typeof(RunUnit))]
[JsonSerializable(typeof(OutcomeTaken))]
[JsonSerializable(typeof(LoadModel))]
[JsonSerializable(typeof(OfferMessage))]
[JsonSerializable(typeof(UnloadModels))]
[JsonSerializable(typeof(MoveModel))]
internal sealed partial class MessageJson : JsonSerializerContext;

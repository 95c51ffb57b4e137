using System.Text.Json;
using System.Text.Json.Nodes;
using Patchbay.Models.Tests.Weights;

namespace Patchbay.Models.Tests;

/// <summary>Every field of every family's config.json changed, left out, or misspelt: what is read is the same model,
/// or one that `pbm model inspect` describes otherwise, or it is refused in one sentence. Never other numbers without
/// a word.</summary>
public sealed class ConfigFuzzTests : IDisposable
{
    private static readonly string[] Values =
        ["null", "true", "false", "0", "1", "3", "-1", "1.5", "1e-9", "1e300", "\"x\"", "\"\"", "[]", "[1]", "{}",
        "\"gelu\"", "\"linear\"", "\"sliding_attention\""];

    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SharedTheory]
    [MemberData(nameof(FamilyTests.Checkpoints), MemberType = typeof(FamilyTests))]
    public void A_changed_configuration_is_the_same_or_is_described_otherwise_or_is_refused(
        string family, string config)
    {
        var text = File.ReadAllText(SharedFolder.PathOf("golden", "families", family, config));
        var own = Read(text)!;
        var (same, other, refused) = (0, 0, 0);
        foreach (var (what, mutated) in Mutations(JsonNode.Parse(text)!.AsObject()))
        {
            if (Read(mutated) is not { } read) refused++;
            else if (Numbers(read) == Numbers(own)) same++;
            else
            {
                Assert.True(Described(read) != Described(own), $"{what}: {Numbers(own)} became {Numbers(read)}");
                other++;
            }
        }
        Assert.True(Math.Min(other, refused) > 20, $"{same} the same, {other} others, {refused} refused");
    }

    private DecoderConfig? Read(string text)
    {
        try
        {
            return DecoderConfigFile.Read(folder.Write("config.json", text));
        }
        catch (InvalidDataException e)
        {
            Loaded.AssertOneSentence(e, folder.Path);
            return null;
        }
    }

    // All that the numbers of a model depend on.
    private static string Numbers(DecoderConfig config) => JsonSerializer.Serialize(
        config with { BeginId = null, EndIds = [], StoredDtype = null });

    // What people are shown of it.
    private static string Described(DecoderConfig c) => string.Join(", ", c.Features.Prepend($"{c.Architecture} "
        + $"{c.Layers} x {c.Heads} / {c.KeyValueHeads}, {c.Width}, {c.HeadWidth}, {c.FeedForward}, {c.Vocabulary}, "
        + $"{c.TiedEmbeddings}, {c.MaxPositions}"));

    private static IEnumerable<(string What, string Text)> Mutations(JsonObject config)
    {
        var paths = config.Select(f => (Object: (string?)null, f.Key)).Concat(config.Where(f => f.Value is JsonObject)
            .SelectMany(f => f.Value!.AsObject().Select(inner => (Object: (string?)f.Key, inner.Key)))).ToArray();
        foreach (var (within, name) in paths)
        {
            string Changed(Action<JsonObject> change)
            {
                var copy = config.DeepClone().AsObject();
                change(within is null ? copy : copy[within]!.AsObject());
                return copy.ToJsonString();
            }

            yield return ($"no {within} {name}", Changed(at => at.Remove(name)));
            yield return ($"{within} {name} misspelt", Changed(at =>
            {
                at.Remove(name, out var value);
                at[name + "s"] = value;
            }));
            foreach (var value in Values)
                yield return ($"{within} {name} is {value}", Changed(at => at[name] = JsonNode.Parse(value)));
            if ((within is null ? config : config[within]!.AsObject())[name] is JsonValue number
                && number.TryGetValue<double>(out var n))
                foreach (var other in (double[])[2 * n, n + 1, n / 2])
                    yield return ($"{within} {name} is {other}", Changed(at => at[name] = other));
        }
    }
}

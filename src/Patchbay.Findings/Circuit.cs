using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patchbay.Findings;

/// <summary>A head of a circuit, in one of its groups: the same head at another position is another.</summary>
/// <param name="Group">The chain's name of the group: "A".</param>
/// <param name="Head">Which head.</param>
public readonly record struct CircuitHead(string Group, Head Head);

/// <summary>A circuit: heads of the groups of a path-patching chain, each at its group's position.</summary>
[JsonConverter(typeof(CircuitConverter))]
public sealed class Circuit
{
    /// <summary>Groups of heads as the paper's files name them, by the chain's names.</summary>
    private static readonly Dictionary<string, string> PaperNames = new()
    {
        ["A"] = "value_fetcher",
        ["B"] = "pos_transmitter",
        ["C"] = "pos_detector",
        ["D"] = "struct_reader",
    };

    /// <summary>Makes a circuit.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="groups">Heads by the chain's names, strongest first; groups that are not there have none.</param>
    /// <exception cref="InvalidDataException">A group is not in the chain, or a head is twice in one.</exception>
    public Circuit(PathChain chain, IReadOnlyDictionary<string, IReadOnlyList<Head>> groups)
    {
        foreach (var (name, heads) in groups)
        {
            if (chain.Groups.All(g => g.Name != name))
                throw new InvalidDataException(
                    $"a circuit has a group '{name}'; expected {string.Join(", ", chain.Groups.Select(g => g.Name))}");
            if (heads.GroupBy(h => h).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw new InvalidDataException($"group {name} of a circuit has head {twice.Key} twice");
        }
        (Chain, Groups) = (chain, chain.Groups.ToDictionary(g => g.Name, g => groups.GetValueOrDefault(g.Name) ?? []));
    }

    /// <summary>The chain.</summary>
    public PathChain Chain { get; }

    /// <summary>Heads of every group of the chain.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Head>> Groups { get; }

    /// <summary>All heads, group by group in the chain's order.</summary>
    public IReadOnlyList<CircuitHead> Heads =>
        [.. Chain.Groups.SelectMany(g => Groups[g.Name].Select(h => new CircuitHead(g.Name, h)))];

    /// <summary>The heads that live at each named position.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Head>> AtPositions => Chain.Groups.GroupBy(g => g.Position)
        .ToDictionary(p => p.Key, p => (IReadOnlyList<Head>)[.. p.SelectMany(g => Groups[g.Name]).Distinct()]);

    /// <summary>The circuit on some prompts; see <see cref="PathChain.OnPrompts"/>.</summary>
    public Circuit OnPrompts(PromptSet prompts, bool both) => new(Chain.OnPrompts(prompts, both), Groups);

    /// <summary>The circuit without some heads.</summary>
    public Circuit Without(IEnumerable<CircuitHead> removed)
    {
        var gone = removed.ToHashSet();
        return new(Chain, Groups.ToDictionary(g => g.Key, g =>
            (IReadOnlyList<Head>)[.. g.Value.Where(h => !gone.Contains(new(g.Key, h)))]));
    }

    /// <summary>As many heads in every group, drawn uniformly, none twice at one position (method, section
    /// 4).</summary>
    /// <param name="layers">L of the model.</param>
    /// <param name="heads">H of the model.</param>
    /// <param name="random">Source of chance.</param>
    public Circuit Random(int layers, int heads, SplitMix64 random)
    {
        var drawn = new Dictionary<string, IReadOnlyList<Head>>();
        foreach (var position in Chain.Groups.GroupBy(g => g.Position))
        {
            var rest = Head.All(layers, heads).ToList();
            foreach (var group in position)
            {
                var own = new List<Head>();
                while (own.Count < Groups[group.Name].Count && rest.Count > 0)
                {
                    var pick = random.Below(rest.Count);
                    own.Add(rest[pick]);
                    rest.RemoveAt(pick);
                }
                drawn[group.Name] = own;
            }
        }
        return new(Chain, drawn);
    }

    /// <summary>Refuses heads that a model has not.</summary>
    /// <exception cref="InvalidDataException">There are some.</exception>
    public void Check(int layers, int heads)
    {
        foreach (var (group, head) in Heads.Where(h => h.Head.Layer >= layers || h.Head.Index >= heads))
        {
            throw new InvalidDataException(
                $"group {group} of the circuit has head {head}, but the model has {layers} layers of {heads} heads");
        }
    }

    /// <summary>As text, which is how studies give it: "A=5.3 5.1; B=".</summary>
    public override string ToString() => string.Join("; ", Groups.Select(g => $"{g.Key}={string.Join(' ', g.Value)}"));

    /// <summary>Reads <see cref="ToString"/>'s form.</summary>
    /// <exception cref="InvalidDataException">It is not of that form.</exception>
    public static Circuit Parse(PathChain chain, string text)
    {
        var groups = new Dictionary<string, IReadOnlyList<Head>>();
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=') is not [var name, var heads]
                || !groups.TryAdd(name.Trim(), Head.ParseAll(heads)))
                throw new InvalidDataException(
                    $"'{part}' is no group of a circuit; expected each group once, such as A=5.3 5.1");
        }
        return new(chain, groups);
    }

    /// <summary>A circuit file in the paper's form, {"value_fetcher": [[layer, head], ...], ...}, or with the chain's
    /// own names.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not of that form.</exception>
    public static Circuit Load(PathChain chain, string path)
    {
        var text = InputFile.Text(path);
        try
        {
            var lists = JsonSerializer.Deserialize<Dictionary<string, int[][]>>(text) ?? [];
            return new(chain, lists.ToDictionary(l => chain.Groups.FirstOrDefault(g => PaperName(g.Name) == l.Key)?.Name
                ?? l.Key,
                l => (IReadOnlyList<Head>)[.. l.Value.Select(pair => pair is [>= 0 and var layer, >= 0 and var head]
                    ? new Head(layer, head)
                    : throw new InvalidDataException(
                        $"group {l.Key} has [{string.Join(", ", pair)}], expected [layer, head]"))]));
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new InvalidDataException(
                $"{path}: expected {{\"group\": [[layer, head], ...], ...}}, found otherwise: "
                + (e is JsonException json ? $"line {json.LineNumber + 1} is not of that form" : e.Message));
        }
    }

    /// <summary>A group's name in the paper's files; its own where the paper has no such group.</summary>
    /// <param name="group">"A".</param>
    public static string PaperName(string group) => PaperNames.GetValueOrDefault(group, group);

    /// <summary>{"chain": "A@last; ...", "heads": {"A": ["5.3"], ...}}.</summary>
    private sealed class CircuitConverter : JsonConverter<Circuit>
    {
        public override Circuit Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var read = JsonSerializer.Deserialize<Form>(ref reader, options)!;
            return new(read.Chain, read.Heads.ToDictionary(g => g.Key, g => (IReadOnlyList<Head>)g.Value));
        }

        public override void Write(Utf8JsonWriter writer, Circuit value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(
            writer, new Form(value.Chain, value.Groups.ToDictionary(g => g.Key, g => g.Value.ToArray())), options);

        private sealed record Form(PathChain Chain, Dictionary<string, Head[]> Heads);
    }
}

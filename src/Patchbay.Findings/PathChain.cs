using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Patchbay.Findings;

/// <summary>Which projection of its receivers a path ends in.</summary>
public enum Composition
{
    /// <summary>Queries.</summary>
    Q,

    /// <summary>Keys.</summary>
    K,

    /// <summary>Values.</summary>
    V,
}

/// <summary>
/// One group of a path-patching chain: which senders are looked for, by their effect through which receivers.
/// </summary>
/// <param name="Name">"A".</param>
/// <param name="Title">What its heads do: "value fetcher".</param>
/// <param name="Position">Name of the senders' position, in prompt and counterfactual alike.</param>
/// <param name="ReceiversFrom">Group whose strongest heads receive, or null: the path goes straight to the
/// logits.</param>
/// <param name="Composition">Which projection of the receivers is replaced; ignored without receivers.</param>
public sealed record PathGroup(string Name, string Title, string Position, string? ReceiversFrom = null,
    Composition Composition = Composition.Q)
{
    /// <summary>Name and title: "A value fetcher"; the name alone where there is no title of its own.</summary>
    public string Titled(string between = " ") => Title == Name ? Name : $"{Name}{between}{Title}";
}

/// <summary>A chain of groups, discovered one after the other from the logits backwards. As text, which is how studies
/// give it, its groups are separated by semicolons: "A@last; B@last>A.q; C@query_label>B.v" says that A's senders at
/// position "last" go to the logits, B's through the queries of A's heads, and C's at "query_label" through the values
/// of B's. A title may follow a name: "A(value fetcher)@last".</summary>
/// <param name="Groups">In an order in which a group's receivers come before it.</param>
[JsonConverter(typeof(ChainConverter))]
public sealed partial record PathChain(IReadOnlyList<PathGroup> Groups)
{
    [GeneratedRegex(@"^(?<name>\w+)(\((?<title>[^()]+)\))?@(?<position>\w+)(>(?<from>\w+)\.(?<site>[qkv]))?$")]
    private static partial Regex GroupForm();

    /// <summary>Reads a chain.</summary>
    /// <exception cref="FormatException">It is none; the message says where.</exception>
    public static PathChain Parse(string text)
    {
        var groups = new List<PathGroup>();
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var form = GroupForm().Match(part);
            if (!form.Success) throw new FormatException($"'{part}' is not NAME@POSITION or NAME@POSITION>RECEIVERS.q");
            string? Of(string name) => form.Groups[name] is { Success: true, Value: var value } ? value : null;
            var (name, from) = (Of("name")!, Of("from"));
            if (groups.Any(g => g.Name == name)) throw new FormatException($"group {name} is there twice");
            if (from is not null && groups.All(g => g.Name != from))
                throw new FormatException($"group {from} must come before {name}, whose paths end in it");
            groups.Add(new(name, Of("title") ?? name, Of("position")!, from,
                Enum.Parse<Composition>(Of("site") ?? "q", ignoreCase: true)));
        }
        return groups.Count > 0 ? new(groups) : throw new FormatException("it has no group");
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join("; ", Groups.Select(g => g.Name + (g.Title == g.Name ? "" : $"({g.Title})") + $"@{g.Position}"
        + (g.ReceiversFrom is { } from ? $">{from}.{g.Composition.ToString().ToLowerInvariant()}" : "")));

    /// <summary>A group by its name.</summary>
    public PathGroup Group(string name) => Groups.First(g => g.Name == name);

    /// <summary>
    /// The entity-tracking circuit of Prakash et al., "Fine-Tuning Enhances Existing Mechanisms" (ICLR 2024), section
    /// 3: value fetchers, position transmitters, position detectors, structure readers.
    /// </summary>
    public static PathChain EntityTracking { get; } = new(
    [
        new("A", "value fetcher", PositionNames.Last),
        new("B", "position transmitter", PositionNames.Last, "A", Composition.Q),
        new("C", "position detector", PositionNames.QueryLabel, "B", Composition.V),
        new("D", "structure reader", PositionNames.PreviousQueryLabel, "C", Composition.V),
    ]);

    /// <summary>The chain with one name for positions that fall together in every prompt, so that a head of several
    /// groups is there once.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="both">Whether they must fall together in every counterfactual too.</param>
    public PathChain OnPrompts(PromptSet prompts, bool both)
    {
        bool Together(string a, string b) => prompts.Prompts.All(p =>
            Same(p.Clean, a, b) && (!both || Same(p.Counterfactual, a, b)));
        return new([.. Groups.Select(group => group with
        {
            Position = Groups.First(other => Together(other.Position, group.Position)).Position,
        })]);

        static bool Same(TokenSequence sequence, string a, string b) => a == b
            || (sequence.Positions.TryGetValue(a, out var at) && sequence.Positions.TryGetValue(b, out var other)
                && at == other);
    }

    /// <summary>The named groups of this chain, and those whose heads they need as receivers unless given, in
    /// order.</summary>
    /// <exception cref="InvalidDataException">A name is not in the chain.</exception>
    public IReadOnlyList<PathGroup> Select(IReadOnlyList<string> names, bool receiversGiven)
    {
        var unknown = names.FirstOrDefault(n => Groups.All(g => g.Name != n));
        if (unknown is not null)
            throw new InvalidDataException($"there is no group '{unknown}' in this chain; expected "
                + $"{string.Join(", ", Groups.Select(g => g.Name))}");
        var wanted = names.ToHashSet();
        foreach (var group in Groups.Reverse())
            if (!receiversGiven && wanted.Contains(group.Name) && group.ReceiversFrom is { } from) wanted.Add(from);
        return [.. Groups.Where(g => wanted.Contains(g.Name))];
    }

    private sealed class ChainConverter : JsonConverter<PathChain>
    {
        public override PathChain Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, PathChain value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}

namespace Patchbay.Findings;

/// <summary>What tells groups of heads at one position apart: where they look. A head belongs to the group to whose
/// named positions it attends most. As text "A=object_*; B=query_label"; several names are separated by blanks, and
/// NAME_* are all of that beginning.</summary>
/// <param name="Looks">Names of positions by the group that looks there.</param>
public sealed record AttentionSplit(IReadOnlyDictionary<string, IReadOnlyList<string>> Looks)
{
    /// <summary>That of the entity-tracking chain, whose groups A and B are both at the last token: value fetchers look
    /// at objects, position transmitters at the label in the question.</summary>
    public const string EntityTracking = "A=object_*; B=query_label";

    /// <summary>Reads one; nothing of an empty text.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static AttentionSplit Parse(string text)
    {
        var looks = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split('=', StringSplitOptions.TrimEntries);
            if (sides is not [{ Length: > 0 } group, { Length: > 0 } names]
                || !looks.TryAdd(group, names.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
                throw new FormatException($"'{part}' is not GROUP=POSITION, each group once");
        }
        return new(looks);
    }

    /// <summary>Positions of a chain at which several groups are, with those groups.</summary>
    public static IReadOnlyList<IGrouping<string, PathGroup>> Shared(PathChain chain) =>
        [.. chain.Groups.GroupBy(g => g.Position).Where(g => g.Count() > 1)];

    /// <summary>Whether a position is meant by a name, which may be NAME_*.</summary>
    public static bool IsNamed(string position, string name) => position == name
        || (name.EndsWith('*') && position.StartsWith(name[..^1], StringComparison.Ordinal));

    /// <summary>The circuit whose heads at a position that several groups share are of the group to which they attend
    /// most; elsewhere of the only group.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="heads">Heads by position, in groups of <see cref="Elimination.Places"/>.</param>
    /// <param name="attention">Attention of a head of a position to a group's names.</param>
    public static Circuit Apply(PathChain chain, Circuit heads, Func<string, Head, string, double> attention)
    {
        PathGroup Of(string position, Head head) =>
            chain.Groups.Where(g => g.Position == position).ToArray() is [var only] ? only
                : chain.Groups.Where(g => g.Position == position)
                    .MaxBy(g => attention(position, head, g.Name))!;
        var groups = chain.Groups.ToDictionary(g => g.Name, _ => new List<Head>());
        foreach (var (position, head) in heads.Heads.Select(h => (h.Group, h.Head)))
            groups[Of(position, head).Name].Add(head);
        return new(chain, groups.ToDictionary(g => g.Key, g => (IReadOnlyList<Head>)g.Value));
    }
}

using System.Globalization;

namespace Patchbay.Experiments;

/// <summary>Positions of a prompt by names for one or several: "last", a named position; "object_*", all whose names
/// begin so; "object+1", the object of the segment after the one that is asked for (entity tracking).</summary>
internal static class PositionSets
{
    /// <summary>Positions that a name stands for, rising; none where the prompt has none.</summary>
    public static int[] Of(TokenSequence prompt, string name)
    {
        if (Relative(name) is var (kind, offset) && kind is not null)
            return AskedSegment(prompt) is { } asked && prompt.Positions.TryGetValue($"{kind}_{asked + offset}",
                out var there) ? [there] : [];
        return [.. prompt.Positions.Where(p => IsNamed(p.Key, name)).Select(p => p.Value).Order()];
    }

    /// <summary>Whether a position is meant by a name, which may be NAME_*.</summary>
    public static bool IsNamed(string position, string name) => position == name
        || (name.EndsWith('*') && position.StartsWith(name[..^1], StringComparison.Ordinal));

    /// <summary>The segment whose label is asked for; null where a prompt has none.</summary>
    public static int? AskedSegment(TokenSequence prompt)
    {
        if (!prompt.Positions.TryGetValue(PositionNames.PreviousQueryLabel, out var label)) return null;
        for (var k = 0; prompt.Positions.TryGetValue($"label_{k}", out var at); k++)
            if (at == label) return k;
        return null;
    }

    /// <summary>The objects of a prompt, by segment.</summary>
    public static int[] Objects(TokenSequence prompt)
    {
        var objects = new List<int>();
        while (prompt.Positions.TryGetValue($"object_{objects.Count}", out var at)) objects.Add(prompt.Ids[at]);
        return [.. objects];
    }

    /// <summary>Positions that a name stands for in every prompt alike.</summary>
    /// <exception cref="InvalidDataException">They differ, or there are none.</exception>
    public static int[] OfAll(IReadOnlyList<Prompt> prompts, string name)
    {
        var first = Of(prompts[0].Clean, name);
        if (first.Length == 0)
            throw new InvalidDataException($"{prompts[0].Origin}: expected positions '{name}', found none.");
        return prompts.FirstOrDefault(p => !Of(p.Clean, name).SequenceEqual(first)) is not { } other ? first
            : throw new InvalidDataException($"{other.Origin}: expected '{name}' where {prompts[0].Origin} has them, "
                + $"at {string.Join(", ", first)}, found {string.Join(", ", Of(other.Clean, name))}.");
    }

    private static (string? Kind, int Offset) Relative(string name) =>
        name.Split('+') is [{ Length: > 0 } kind, var by]
            && int.TryParse(by, NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? (kind, offset)
            : (null, 0);

    /// <summary>Every pair of an attending position and an earlier one that it may not see, each of as many prompts as
    /// there are: fewer of one prompt are filled up with its first.</summary>
    /// <param name="prompts">Prompts of which each has one such pair at least.</param>
    /// <param name="attending">Name of the attending positions.</param>
    /// <param name="seen">Name of those that they may not see.</param>
    public static IReadOnlyList<(Positions Query, Positions Key)> Pairs(
        IReadOnlyList<Prompt> prompts, string attending, string seen)
    {
        (int, int)[][] pairs = [.. prompts.Select(p => Pairs(p, attending, seen))];
        return [.. Enumerable.Range(0, pairs.Max(p => p.Length)).Select(i =>
        {
            (int Query, int Key)[] each = [.. pairs.Select(own => i < own.Length ? own[i] : own[0])];
            Positions query = [.. each.Select(p => p.Query)], key = [.. each.Select(p => p.Key)];
            return (query, key);
        })];
    }

    /// <summary>Pairs of one prompt; none where it lacks a position or none is before the other.</summary>
    public static (int Query, int Key)[] Pairs(Prompt prompt, string attending, string seen) =>
        [.. from query in Of(prompt.Clean, attending)
            from key in Of(prompt.Clean, seen)
            where key < query
            select (query, key)];
}

using System.Globalization;

namespace Patchbay.Findings;

/// <summary>Prompts that a stage's scores are not the mean of, because their answers have no usable probability there:
/// 0 in the clean run, so that nothing can be told relative to it.</summary>
/// <param name="Stage">Id of the stage.</param>
/// <param name="Prompts">Their indices among the task's prompts, from 0, in order.</param>
/// <param name="Of">How many prompts the stage ran.</param>
public sealed record LeftOutPrompts(string Stage, IReadOnlyList<int> Prompts, int Of)
{
    /// <summary>Those of every stage that left some out, in the plan's order.</summary>
    public static IReadOnlyList<LeftOutPrompts> Find(SweepState state) =>
        [.. state.InOrder.Select(OfStage).OfType<LeftOutPrompts>()];

    /// <summary>A sentence for all stages of a sweep that left the same prompts out; none where none did.</summary>
    public static IReadOnlyList<string> Sentences(SweepState state) =>
    [
        .. from same in Find(state).GroupBy(f => (Prompts: Text(f.Prompts), f.Of))
           let count = same.First().Prompts.Count
           select $"{count} of {same.Key.Of} prompts {(count == 1 ? "is" : "are")} left out of "
               + $"{string.Join(", ", same.Select(f => f.Stage))}, for the answer has no usable probability there: "
               + $"{(count == 1 ? "prompt" : "prompts")} {same.Key.Prompts}, counted from 0",
    ];

    /// <summary>Indices as text, those in a row as one: "0, 4-7".</summary>
    public static string Text(IReadOnlyList<int> prompts)
    {
        var parts = new List<string>();
        for (int first = 0, next; first < prompts.Count; first = next)
        {
            next = first + 1;
            while (next < prompts.Count && prompts[next] == prompts[next - 1] + 1) next++;
            parts.Add(next == first + 1 ? $"{prompts[first]}" : $"{prompts[first]}-{prompts[next - 1]}");
        }
        return string.Join(", ", parts);
    }

    private static LeftOutPrompts? OfStage(StageState stage)
    {
        if (!stage.Units.Values.Any(LeavesOut)) return null; // of a million results hardly one does
        InterventionResult[] results = [.. stage.Results.Select(r => r.Result)];
        if (results.FirstOrDefault(r => r.Detail?.LeftOut is not null).Item is not { } item) return null;
        int[] all = [.. results.SelectMany(r => Read(r.Detail?.LeftOut)).Distinct().Order()];
        // Batch by batch of the prompts, an item has a result.
        var of = results.Where(r => r.Item == item).Sum(r => r.Samples + Read(r.Detail?.LeftOut).Count());
        return new(stage.Stage.Id, all, of);
    }

    private static bool LeavesOut(UnitState unit)
    {
        foreach (ref readonly var result in unit.Results.AsSpan())
        {
            if (result.Detail?.LeftOut is not null) return true;
        }
        return false;
    }

    /// <summary>Reads <see cref="Text"/>'s form; none of null.</summary>
    private static IEnumerable<int> Read(string? text) =>
        from part in text?.Split(", ") ?? []
        let ends = part.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray()
        from index in Enumerable.Range(ends[0], ends[^1] - ends[0] + 1)
        select index;
}

namespace Patchbay.Report;

/// <summary>What was found, in sentences made from the numbers, with their uncertainty; and what was not
/// shown.</summary>
internal static class WordSections
{
    /// <summary>Null where nothing was found.</summary>
    public static Section? Found(ReportInput input)
    {
        string?[] said =
        [
            Accuracy(input), .. input.Groups.Select(g => Group(input, g)), Faithfulness(input),
        ];
        Block[] sentences = [.. said.OfType<string>().Select(s => new Paragraph(s))];
        if (sentences.Length == 0) return null;
        var more = input.Run.Missing.Count == 0 ? (Block[])[]
            : [new Note("The sweep is not complete: of what it has not come to nothing is said.")];
        return new("found", "What was found", "In words, from the numbers of the sections below.", "",
            [.. sentences, .. more]);
    }

    private static string? Accuracy(ReportInput input)
    {
        var asked = input.ModelsWith(m => m.Accuracy is not null);
        if (asked.Length == 0) return null;
        var (first, its) = (asked[0], asked[0].Accuracy!);
        var (low, high) = its.Right.Interval;
        var sentence = $"{first.Name} answers {Percent(its.Right.Share)} of {its.Right.Count} prompts right (95 % "
            + $"interval {Percent(low)} to {Percent(high)}).";
        var others = asked.Skip(1).Select(m => (m.Name, Difference: ReportInput.Difference(its.Right, its.Answers,
            m.Accuracy!.Right, m.Accuracy.Answers))).ToArray();
        string[] different = [.. others.Where(o => o.Difference.IsSignificant)
            .Select(o => $"{o.Name} by {Numbers.Tested(o.Difference)}")];
        string[] alike = [.. others.Where(o => !o.Difference.IsSignificant).Select(o => o.Name)];
        if (different.Length > 0) sentence += $" Different from it: {And(different)}.";
        if (alike.Length > 0) sentence += $" Of {And(alike)} these prompts show no difference from it.";
        return sentence;
    }

    /// <summary>How many heads each model's circuit has of a group, and how many of them are the base's.</summary>
    private static string? Group(ReportInput input, PathGroup group)
    {
        var models = input.ModelsWith(m => m.Scores.Any(s => s.Group.Name == group.Name));
        if (models.Length == 0) return null;
        var name = group.Title == group.Name ? $"head of group {group.Name}" : $"{group.Title} ({group.Name})";
        int CountOf(ModelFindings model) => model.Circuit.GetValueOrDefault(group.Name)?.Count ?? 0;
        if (models.All(m => CountOf(m) == 0))
        {
            var isNoise = models.All(m => m.Scores.First(s => s.Group.Name == group.Name).Significant().Count == 0);
            return $"No head passes as {Article(name)} {name} in {And([.. models.Select(m => m.Name)])}"
                + (isNoise ? ": none is significantly below zero among all heads (Benjamini-Hochberg, 5 %)." : ".");
        }
        var counts = models.Select(m => $"{(CountOf(m) == 0 ? "none" : $"{CountOf(m)}")} in {m.Name}");
        var sentence = $"{char.ToUpperInvariant(name[0])}{name[1..]}: {And([.. counts])}.";
        string[] shared = [.. models.Skip(1).SelectMany(m => CircuitSections.Overlaps([group], models[0], m))
            .Where(o => o.Overlap.First > 0)
            .Select(o => $"{o.Model} {(o.Overlap.Shared == 0 ? "none" : $"{o.Overlap.Shared}")}")];
        return shared.Length == 0 ? sentence
            : $"{sentence} Of the {CountOf(models[0])} of {models[0].Name}, so many are in the others: {And(shared)}.";
    }

    private static string? Faithfulness(ReportInput input)
    {
        var first = input.Findings.Models[0].Name;
        string[] kept = [.. input.Findings.Circuits.Where(c => (c.CircuitOf, c.ElsewhereOwn) == (first, false))
            .Select(c => $"{Numbers.Share(c.Faithfulness, "0.00")} of the accuracy of {c.Model}")];
        return kept.Length == 0 ? null
            : $"The circuit of {first} alone, all other heads at their mean, keeps {And(kept)}.";
    }

    private static string Percent(double share) => $"{100 * share:0} %";

    private static string Article(string noun) => "aeiou".Contains(char.ToLowerInvariant(noun[0])) ? "an" : "a";

    private static string And(string[] words) => words.Length < 2 ? string.Concat(words)
        : $"{string.Join(", ", words[..^1])} and {words[^1]}";
}

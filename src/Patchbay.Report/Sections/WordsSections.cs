namespace Patchbay.Report;

/// <summary>What was found in sentences made from the numbers, with their uncertainty, and what was not shown. A
/// statement names the intervention that it is of, and nothing is said of what chance alone would do.</summary>
internal static class WordsSections
{
    // Kinds of the paper's experiments, by what each shows.
    private static readonly (string Kind, string Shows)[] Evidence =
    [
        (Kinds.PathPatching, "which heads matter"), (Kinds.Circuit, "whether a circuit suffices"),
        (Kinds.Minimality, "whether each of its heads is needed"), (Kinds.Dcm, "what heads carry"),
        (Kinds.Cmap, "whether fine-tuned heads improve the base"), (Kinds.Knockout, "which way information goes"),
    ];

    /// <summary>The section; null where nothing was found yet.</summary>
    public static Section? Found(ReportInput input)
    {
        string[] found = [.. Accuracy(input), .. Heads(input), .. Minimal(input), .. Circuits(input), .. Pruned(input),
            .. Carried(input), .. Patched(input), .. Forbidden(input)];
        if (found.Length == 0) return null;
        var lacking = Evidence.Where(e => input.Run.Plan.Stages.All(s => s.Kind != e.Kind)).Select(e =>
            $"{e.Shows} ({e.Kind})").ToArray();
        return new("found", "What was found", "In words; every number is in its section below, with how it was "
            + "measured. Significant is what is below 5 %: of answers to the same prompts by McNemar's exact test, of "
            + "heads by Benjamini and Hochberg over all heads of the group.", "",
            [
                new Statements(found),
                .. lacking.Length == 0 ? Array.Empty<Block>()
                    : [new Note($"Not shown, because the study did not ask: {string.Join("; ", lacking)}.")],
                .. input.Run.Missing.Count == 0 ? Array.Empty<Block>()
                    : [new Note("The sweep is not complete: of what it has not come to, nothing is said.")],
            ]);
    }

    private static IEnumerable<string> Accuracy(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Accuracy is not null);
        if (models.FirstOrDefault() is not { Accuracy: { } own } first) yield break;
        yield return $"{first.Name} answers {Of(own.Right)} of {own.Right.Count} prompts.";
        var others = models.Skip(1).Select(m => (m.Name, Difference: ReportInput.Difference(own.Right, own.Answers,
            m.Accuracy!.Right, m.Accuracy.Answers))).ToArray();
        foreach (var (verdict, isIt) in new (string, Func<ShareDifference, bool>)[]
        {
            ("more than " + first.Name, d => d.IsSignificant && d.Value > 0),
            ("fewer than " + first.Name, d => d.IsSignificant && d.Value < 0),
        })
            if (others.Where(o => isIt(o.Difference)).ToArray() is { Length: > 0 } some)
                yield return $"{List(some.Select(o => $"{o.Name} ({Numbers.Tested(o.Difference)})"))} "
                    + $"answer{(some.Length == 1 ? "s" : "")} {verdict}.";
        if (others.Where(o => !o.Difference.IsSignificant).ToArray() is { Length: > 0 } same)
            yield return $"Of {List(same.Select(o => $"{o.Name} ({Numbers.Difference(o.Difference.Value)}, "
                + $"{Numbers.P(o.Difference.P)})"))} no difference from {first.Name} is shown.";
    }

    private static IEnumerable<string> Heads(ReportInput input)
    {
        foreach (var group in input.Groups)
        {
            var each = input.Findings.Models.Select(m => (m.Name, Scores: m.Scores.FirstOrDefault(s => s.IsComplete
                && s.Group.Name == group.Name))).Where(m => m.Scores is not null)
                .Select(m => (m.Name, m.Scores, Heads: m.Scores!.Significant())).ToArray();
            if (each.Length == 0) continue;
            var titled = $"{group.Titled(", ")}, path patching";
            if (each.All(m => m.Heads.Count == 0))
            {
                yield return $"{titled}: no head is significantly below zero in {List(each.Select(m => m.Name))}.";
                continue;
            }
            var (name, scores, heads) = each[0];
            var strongest = heads.Count == 0 ? ""
                : $", the strongest {heads[0]} ({Numbers.Score(scores![heads[0]], scores.StandardErrors[heads[0].Layer,
                    heads[0].Index])} of the answer's probability)";
            var rest = each.Skip(1).Select(m => m.Heads.Count == 0 ? $"{m.Name} has none"
                : heads.Count == 0 ? $"{m.Name} has {m.Heads.Count}"
                : $"{m.Name} has {m.Heads.Count}, {m.Heads.Intersect(heads).Count()} of {name}'s among them");
            yield return $"{titled}: {SweepText.Count(heads.Count, "head")} of {name} significantly below "
                + $"zero{strongest}{string.Concat(rest.Select(r => "; " + r))}.";
        }
    }

    private static IEnumerable<string> Minimal(ReportInput input) =>
        from m in input.Findings.Models
        where m.Minimality.Count > 0
        let open = m.Minimality.Count(f => f.IsDecided == false)
        let groups = m.Minimality.GroupBy(f => f.Group)
            .Select(g => $"{g.Count(f => f.Kept)} of {g.Count()} in {g.Key}")
        select $"Of {m.Name}'s heads minimality keeps {List(groups)}"
            + (open == 0 ? "." : $"; of {open} these prompts do not decide it.");

    private static IEnumerable<string> Circuits(ReportInput input) =>
        from c in input.Findings.Circuits
        where c.Heads.Values.Sum() > 0
        let own = c.ElsewhereOwn ? ", judged at its own positions alone," : ""
        select $"The circuit of {c.CircuitOf} ({SweepText.Count(c.Heads.Values.Sum(), "head")}){own} answers "
            + $"{Of(c.Circuit)} in {c.Model}, which itself answers {Numbers.Share(c.Full.Share)}: faithfulness "
            + $"{Numbers.Share(c.Faithfulness, "0.00")}{Chance(c.Random)}.";

    private static IEnumerable<string> Pruned(ReportInput input) =>
        from p in input.Findings.Models.SelectMany(m => m.Pruned)
        let interval = p.FaithfulnessInterval
        select $"Leaving heads out one by one keeps {p.Circuit.Heads.Count} of {p.Steps.Count} in {p.Model}, which "
            + $"answer {Of(p.Judged)} of other prompts, the whole model {Numbers.Share(p.Full.Share)}: faithfulness "
            + $"{Numbers.Share(p.Faithfulness, "0.00")} ({interval.Low:0.00} to {interval.High:0.00})"
            + $"{Chance(p.Random)}.";

    private static IEnumerable<string> Carried(ReportInput input) =>
        from model in input.Findings.Models
        where model.Dcm.Count > 0
        let kept = model.Dcm.Where(d => d.Heads.Count > 0).Select(d => $"{d.Desideratum} in {d.Group} ("
            + $"{d.Heads.Count} of {d.GroupSize} heads, {Of(d.Test)} of held-out triples)").ToArray()
        let none = model.Dcm.Where(d => d.Heads.Count == 0).Select(d => $"{d.Desideratum} in {d.Group}").ToArray()
        select $"DCM in {model.Name} keeps heads for {(kept.Length == 0 ? "nothing" : List(kept))}"
            + (none.Length == 0 ? "." : $"; it keeps none for {List(none)}.");

    private static IEnumerable<string> Patched(ReportInput input)
    {
        foreach (var donor in input.Findings.Cmap.Where(c => c.Form == "output").GroupBy(c => c.Donor))
        {
            var sets = donor.Select(c => (Set: c, Difference: ReportInput.Difference(c.Floor, c.FloorAnswers, c.Patched,
                c.PatchedAnswers))).ToArray();
            var into = donor.First();
            var target = into.Target is { } t ? $"; {donor.Key} itself answers {Numbers.Share(t.Share)}" : "";
            var changed = sets.Where(s => s.Difference.IsSignificant).Select(s => $"{Name(s.Set)} to "
                + $"{Numbers.Share(s.Set.Patched.Share)} ({Numbers.Tested(s.Difference)})").ToArray();
            var same = sets.Where(s => !s.Difference.IsSignificant).Select(s => Name(s.Set)).ToArray();
            yield return $"Heads of {donor.Key} patched into {into.Into}, which answers "
                + $"{Numbers.Share(into.Floor.Share)}: {(changed.Length == 0 ? "" : $"{List(changed)}; ")}"
                + (same.Length == 0 ? "" : $"of {List(same)} no effect is shown") + $"{target}.";
        }
        static string Name(CmapFinding c) => c.Group == CmapFinding.Whole ? "the whole circuit" : c.Group;
    }

    private static IEnumerable<string> Forbidden(ReportInput input)
    {
        if (input.Findings.Models.FirstOrDefault(m => m.Knockouts.Count > 0) is not { } model) yield break;
        var each = model.Knockouts.Select(k => (Way: $"{k.From} → {k.To}".Replace('_', ' '), Curve: k,
            Difference: ReportInput.Difference(k.Unchanged, k.UnchangedAnswers, k.ByLayer[0], k.LayerAnswers[0])))
            .ToArray();
        var needed = each.Where(e => e.Difference.IsSignificant).Select(e =>
            $"{e.Way} leaves {Numbers.Share(e.Curve.ByLayer[0].Share)} ({Numbers.P(e.Difference.P)})").ToArray();
        var not = each.Where(e => !e.Difference.IsSignificant).Select(e => e.Way).ToArray();
        if (needed.Length > 0) yield return $"Attention forbidden in all layers of {model.Name}, which answers "
            + $"{Numbers.Share(each[0].Curve.Unchanged.Share)}: {List(needed)}.";
        if (not.Length > 0) yield return $"Of attention {List(not)} in {model.Name} no need is shown.";
    }

    private static string Chance(IReadOnlyList<Proportion> random) => random.Count == 0 ? ""
        : $"; random ones of its size answer {Numbers.Share(random.Average(r => r.Share))}";

    private static string Of(Proportion share) =>
        $"{Numbers.Share(share.Share)} ({share.Interval.Low:0.000} to {share.Interval.High:0.000})";

    /// <summary>"a", "a and b", "a, b and c".</summary>
    private static string List(IEnumerable<string> items) => items.ToArray() switch
    {
        [] => "nothing",
        [var only] => only,
        [.. var first, var last] => $"{string.Join(", ", first)} and {last}",
    };
}

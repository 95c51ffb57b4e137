namespace Patchbay.Report;

/// <summary>The sections about one head, in all models of a sweep that have it.</summary>
internal static class HeadSections
{
    /// <summary>All that the complete stages of a sweep, and path patching under way, say of a head.</summary>
    public static IReadOnlyList<Section> Of(ReportInput input, SweepState state, Head head) =>
    [
        .. new[]
        {
            Scores(input, state, head), Attention(input, head), Circuit(input, head), Masks(input, head),
            Patched(input, head), Knockouts(input, head),
        }.OfType<Section>(),
    ];

    private static Section? Scores(ReportInput input, SweepState state, Head head)
    {
        PathScores[][] scores = [.. state.Plan!.Models.Select(m => SweepResults.PathPatching(state, m.Name)
            .Where(s => s.Status != StageStatus.Waiting && IsOf(m, head)).Select(s => SweepResults.Scores(state, s))
            .Where(s => double.IsFinite(s[head])).ToArray())];
        if (scores.All(s => s.Length == 0)) return null;
        var rows = from g in input.Groups
                   from m in state.Plan.Models.Zip(scores)
                   let own = m.Second.FirstOrDefault(s => s.Group.Name == g.Name)
                   where own is not null
                   let isCircuit = input.Findings.Models.First(f => f.Name == m.First.Name).Circuit
                       .GetValueOrDefault(g.Name)?.Contains(head) == true
                   let isMeasured = own.Samples[head.Layer, head.Index] > 0
                   select (Cell[])
                   [
                       input.GroupCell(g.Name), m.First.Name,
                       isMeasured ? Numbers.Score(own[head], own.StandardErrors[head.Layer, head.Index]) : "0",
                       isMeasured ? Rank(own, head) : Numbers.None, isMeasured ? Numbers.P(own.P(head)) : Numbers.None,
                       isCircuit ? "in the circuit" : isMeasured ? "" : "at or above every receiver, not measured",
                   ];
        return new("scores", "Scores", "The head's score in every group: the mean relative change of the answer's "
            + "probability when its output comes from a counterfactual prompt, along the group's paths alone; strongly "
            + "negative means important. p: that the score is 0, by the t distribution.",
            "Wang et al. 2023; docs/method.md",
            [new ReportTable("", ["group", "model", ">score", ">rank", ">p", ""], rows)]);
    }

    private static string Rank(PathScores scores, Head head)
    {
        var measured = scores.Scores.Cast<double>().Where(double.IsFinite).ToArray();
        return $"{measured.Count(s => s < scores[head]) + 1} of {measured.Length}";
    }

    private static bool IsOf(PlannedModel model, Head head) => head.Layer < model.Layers && head.Index < model.Heads;

    private static Section? Attention(ReportInput input, Head head)
    {
        var found = (from m in input.Findings.Models
                     from a in m.Attention
                     where a.Head == head
                     select (Model: m.Name, Attention: a)).ToArray();
        if (found.Length == 0) return null;
        string[] positions = [.. found.SelectMany(f => f.Attention.Weights.Keys).Distinct().OrderBy(p => p == "other")];
        var rows = found.Select(f => (Cell[])[input.GroupCell(f.Attention.Group), f.Model, .. positions.Select(p =>
            f.Attention.Weights.TryGetValue(p, out var weight) ? Cell.Mean(weight) : Numbers.None)]);
        return new("attention", "Where it looks", "How much attention it pays from its group's position to each named "
            + "position, in the mean over prompts.", "",
            [new ReportTable("", ["group", "model", .. positions.Select(p => ">" + p.Replace('_', ' '))], rows)]);
    }

    private static Section? Circuit(ReportInput input, Head head)
    {
        Cell[][] rows = [.. from m in input.Findings.Models
                            from x in m.Minimality
                            where x.Head == head
                            select (Cell[])[input.GroupCell(x.Group), m.Name, Numbers.Share(x.Significance),
                                Cell.Share(x.Without), Cell.Share(x.WithoutBoth), x.Verdict]];
        return rows.Length == 0 ? null : new("minimality", "Minimality", "How much more often the circuit without some "
            + "partners answers than without it too.", "",
            [new ReportTable("", ["group", "model", ">significance", ">F(C∖K)", ">F(C∖(K+v))", ""], rows)]);
    }

    private static Section? Patched(ReportInput input, Head head)
    {
        Cell[][] rows = [.. from c in input.Findings.Cmap
                            where c.Which.Contains(head)
                            let change = ReportInput.Difference(c.Floor, c.FloorAnswers, c.Patched, c.PatchedAnswers)
                            select (Cell[])
                            [
                                $"{c.Donor} → {c.Into}", c.Form, c.Group == CmapFinding.Whole ? c.Group
                                    : input.GroupCell(c.Group),
                                $"{c.Heads}", Cell.Share(c.Floor), Cell.Share(c.Patched), Numbers.Interval(change),
                                Numbers.Significance(change.P),
                            ]];
        return rows.Length == 0 ? null : new("cmap", "Cross-model patching", "What a model answers when the "
            + "activations of a set of heads, this one among them, come from another model. The effect is the set's, "
            + "not the head's alone.", "Prakash et al. 2024; docs/method.md",
            [new ReportTable("", ["models", "what", "set", ">heads", ">without", ">with",
                ">95 % interval of the change", ">p"], rows)]);
    }

    // No head is knocked out alone: a pair of positions is cut in whole layers.
    private static Section? Knockouts(ReportInput input, Head head)
    {
        Cell[][] rows = [.. from m in input.Findings.Models
                            from g in input.Findings.Chain.Groups
                            where m.Circuit.GetValueOrDefault(g.Name)?.Contains(head) == true
                            from k in m.Knockouts
                            where k.From == g.Position && head.Layer < k.ByLayer.Count
                            let above = head.Layer + 1 < k.ByLayer.Count
                                ? (Share: k.ByLayer[head.Layer + 1], Answers: k.LayerAnswers[head.Layer + 1])
                                : (Share: k.Unchanged, Answers: k.UnchangedAnswers)
                            let change = ReportInput.Difference(above.Share, above.Answers, k.ByLayer[head.Layer],
                                k.LayerAnswers[head.Layer])
                            select (Cell[])
                            [
                                input.GroupCell(g.Name), m.Name, $"{k.From} → {k.To}".Replace('_', ' '),
                                Cell.Share(above.Share), Cell.Share(k.ByLayer[head.Layer]), Numbers.Interval(change),
                                Numbers.Significance(change.P),
                            ]];
        return rows.Length == 0 ? null : new("knockout", "Attention cut in its layer", "How often the model answers "
            + "when the position that the head attends from does not see another one: from the layer above the head's "
            + $"up, and from its own (layer {head.Layer}) up. The difference is its whole layer's, not the head's "
            + "alone.",
            "Geva et al. 2023; docs/method.md",
            [new ReportTable("", ["group", "model", "cut", ">from the layer above", ">from its layer",
                ">95 % interval of the change", ">p"], rows)]);
    }

    private static Section? Masks(ReportInput input, Head head)
    {
        Cell[][] rows = [.. from m in input.Findings.Models
                            from d in m.Dcm
                            where d.Heads.Contains(head)
                            select (Cell[])[input.GroupCell(d.Group), m.Name, d.Desideratum, Cell.Share(d.Test)]];
        return rows.Length == 0 ? null : new("dcm", "What it carries", "The pieces of information whose mask kept it, "
            + "with the accuracy on held-out triples when the heads that were kept are patched.", "",
            [new ReportTable("", ["group", "model", "information", ">accuracy"], rows)]);
    }
}

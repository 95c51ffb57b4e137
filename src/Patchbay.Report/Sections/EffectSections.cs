namespace Patchbay.Report;

/// <summary>The sections about answers: of models as they are, and as attention or heads are taken from them.
/// Each is null where nothing was found for it.</summary>
internal static class EffectSections
{
    /// <summary>How often each model answers, published beside measured, and which differ from the base.</summary>
    public static Section? Accuracy(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Accuracy is not null);
        if (models.Length == 0) return null;
        var all = models.Select(m => (m.Name, Accuracy: m.Accuracy!, Reference: PublishedFigures.ReferenceOf(m.Name)))
            .ToArray();
        var first = all[0].Accuracy;
        ShareDifference AgainstBase(AccuracyFinding a) =>
            ReportInput.Difference(first.Right, first.Answers, a.Right, a.Answers);
        var hasProbability = all.Any(m => double.IsFinite(m.Accuracy.Probability.Value));
        var rows = all.Select((m, i) => (Cell[])
        [
            m.Name, m.Reference is null ? Numbers.None : m.Reference + "-7b",
            Cell.Published(PublishedFigures.Accuracy(m.Reference)), Cell.Share(m.Accuracy.Right),
            .. hasProbability ? [Cell.Mean(m.Accuracy.Probability), Cell.Mean(m.Accuracy.Rank, "0.00")] : (Cell[])[],
            .. i > 0 && AgainstBase(m.Accuracy) is { } difference
                ? [Cell.Difference(difference), Numbers.Significance(difference.P)] : (Cell[])["", ""],
        ]);
        var bars = all.Select(m => Bar.Share(m.Name, m.Accuracy.Right) with
        { Published = PublishedFigures.Accuracy(m.Reference) });
        var picture = SvgBarChart.Draw(new("", "accuracy", [new("", [.. bars])]));
        var diamonds = all.Any(m => m.Reference is not null) ? "; diamonds are the published figures" : "";
        var prompts = SweepText.Count(first.Right.Count, "prompt");
        var test = ReportInput.TestOf(all.Skip(1).Select(m => AgainstBase(m.Accuracy)));
        return new("accuracy", "Accuracy",
            "The share of prompts whose answer is the most probable of all tokens at the last position.",
            "Prakash et al. 2024; docs/method.md",
            [
                new Figure($"Accuracy on {prompts}, with 95 % Wilson intervals{diamonds}.",
                    [new("accuracy", "Accuracy by model", picture)], 1),
                new ReportTable("Accuracy, published and measured. Quieter: 95 % intervals; ± standard errors.",
                    ["model", "published as", ">published (7B)", ">measured",
                        .. hasProbability ? [">p(answer)", ">rank"] : (string[])[], ">against base", "significance"],
                    rows),
                .. all.Length > 1
                    ? [new Note($"Differences are from {all[0].Name}; significance by {test}.")] : (Block[])[],
            ],
            models.Select(m => new { m.Name, m.Accuracy }));
    }

    /// <summary>Accuracy as attention is forbidden from a layer up.</summary>
    public static Section? Knockout(ReportInput input)
    {
        ModelFindings[] models = [.. input.Findings.Models
            .Select(m => m with { Knockouts = [.. m.Knockouts.Where(k => k.ByLayer.Count > 0)] })
            .Where(m => m.Knockouts.Count > 0)];
        if (models.Length == 0) return null;
        var rows = from m in models
                   from k in m.Knockouts
                   select (Cell[])[m.Name, Arrow(k), Cell.Share(k.Unchanged), Cell.Share(k.ByLayer[0]),
                       Numbers.Tested(Harm(k, 0)), HarmlessFrom(k) is { } layer ? $"{layer}" : Numbers.None];
        var test = ReportInput.TestOf(models.SelectMany(m => m.Knockouts).Select(k => Harm(k, 0)));
        return new("knockout", "Attention knockout", "Accuracy when no head from layer l upwards may attend from one "
            + "position to another; where it rises with l, what the position takes from the other has arrived below.",
            "Geva et al. 2023; Prakash et al. 2024, appendix; docs/method.md",
            [
                Figure.ByModel("Accuracy by the first layer in which attention is forbidden, with 95 % Wilson "
                    + "intervals. Grey: nothing forbidden.", "Attention knockout in", models, Curves),
                new ReportTable("Attention forbidden in all layers, and the first layer from which forbidding it makes "
                    + "no significant difference.",
                    ["model", "attention", ">unchanged", ">forbidden in all", "difference", ">harmless from layer"],
                    rows),
                .. SegmentTable(models),
                new Note($"Differences by the {test}; a layer counts as harmless from which on no p is below .05, "
                    + "without correction for the number of layers."),
            ],
            models.Select(m => new { m.Name, m.Knockouts }));
    }

    /// <summary>Whose object is answered with attention forbidden in all layers, where that was counted.</summary>
    private static Block[] SegmentTable(ModelFindings[] models)
    {
        var counted = models.SelectMany(m => m.Knockouts.Where(k => k.Segments.Count > 0)
            .Select(k => (m.Name, Curve: k))).ToArray();
        if (counted.Length == 0) return [];
        int[] offsets = [.. counted.SelectMany(c => c.Curve.Segments.Keys).Distinct().Order()];
        return
        [
            new ReportTable("Whose object is answered with attention forbidden in all layers: that of the segment "
                + "asked for (0), of the one after it (+1), and so on; the rest is no object of the prompt.",
                ["model", "attention", .. offsets.Select(d => $">{d:+0;-0;0}"), ">prompts"],
                counted.Select(c => (Cell[])[c.Name, Arrow(c.Curve),
                    .. offsets.Select(d => c.Curve.Segments.TryGetValue(d, out var share)
                        ? Numbers.Share(share.Share, "0.00") : Numbers.None),
                    $"{c.Curve.Unchanged.Count}"])),
        ];
    }

    private static string Arrow(KnockoutCurve curve) => $"{curve.From} → {curve.To}".Replace('_', ' ');

    /// <summary>Accuracy with attention forbidden from a layer up, less accuracy unchanged.</summary>
    private static ShareDifference Harm(KnockoutCurve curve, int layer) => ReportInput.Difference(
        curve.Unchanged, curve.UnchangedAnswers, curve.ByLayer[layer], curve.LayerAnswers[layer]);

    private static int? HarmlessFrom(KnockoutCurve curve)
    {
        var layers = Enumerable.Range(0, curve.ByLayer.Count).ToList();
        var first = layers.FindLastIndex(l => Harm(curve, l).IsSignificant) + 1;
        return first < layers.Count ? first : null;
    }

    private static XDocument Curves(ModelFindings model)
    {
        static LinePoint Point(int layer, Proportion p) => new(layer, p.Share, p.Interval.Low, p.Interval.High);
        var unchanged = model.Knockouts[0].Unchanged;
        var curves = model.Knockouts.Select((k, i) =>
            new LineSeries(Arrow(k), [.. k.ByLayer.Select((p, l) => Point(l, p))])
            { Color = i, Dots = model.Layers <= 40 });
        LineSeries level = new("", [Point(0, unchanged), Point(model.Layers - 1, unchanged)]);
        LinePanel panel = new(model.Name, [level, .. curves]) { Range = (0, 1) };
        return SvgLineChart.Draw(new($"Attention knockout in {model.Name}", "",
            "first layer in which attention is forbidden", [panel])
        { IsBare = true, PlotWidth = 270 });
    }

    /// <summary>Accuracy when heads are patched from the counterfactual prompts.</summary>
    public static Section? Patched(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Patched.Count > 0);
        if (models.Length == 0) return null;
        XDocument Bars(ModelFindings m)
        {
            var bars = m.Patched.Select(p => Bar.Share(p.Heads, p.Right) with { Color = input.Color(p.Heads) });
            return SvgBarChart.Draw(new(m.Name, "still right", [new("", [.. bars])])
            { Lines = m.Accuracy is { } a ? [new(a.Right.Share, "accuracy", IsDashed: false)] : [] });
        }
        var rows = from m in models
                   from p in m.Patched
                   select (Cell[])[m.Name, new(p.Heads, Group: input.Color(p.Heads)), p.Position.Replace('_', ' '),
                       Cell.Share(p.Right), Cell.Share(m.Accuracy?.Right), Cell.Mean(p.Change)];
        return new("patched", "Patched heads", "Heads are set to their activations on the counterfactual prompts; what "
            + "remains is how often the answer is still the clean prompt's, and how its probability changes.",
            "Zhang and Nanda 2024; docs/method.md",
            [
                Figure.ByModel("Share of prompts still answered as the clean prompt asks, with 95 % Wilson intervals. "
                    + "Solid line: nothing patched.", "Patched heads in", models, Bars),
                new ReportTable("Heads patched from the counterfactual prompts; change is relative, of the answer's "
                    + "probability, ± standard error.",
                    ["model", "heads", "position", ">still right", ">nothing patched", ">change"], rows),
            ],
            models.Select(m => new { m.Name, m.Patched }));
    }

    /// <summary>Attribution patching beside exact path patching.</summary>
    public static Section? Attribution(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Attribution.Count > 0);
        if (models.Length == 0) return null;
        Picture[] pictures =
        [
            .. from m in models
               from a in m.Attribution
               let exact = m.Scores.FirstOrDefault(s => s.Group.Name == a.Group)
               where exact is not null
               select new Picture($"{m.Name}-{a.Group}-{a.Form}", $"Attribution of {a.Group} in {m.Name}",
                   BesideExact($"{m.Name}, {a.Group}", a, exact, input.Color(a.Group))),
        ];
        var rows = from m in models
                   from a in m.Attribution
                   let found = new Proportion((int)Math.Round(a.Recall * a.TopK), a.TopK)
                   select (Cell[])[m.Name, input.GroupCell(a.Group), a.Form, Numbers.Share(a.RankCorrelation, "0.00"),
                       $"{a.TopK}", Cell.Share(found)];
        return new("attribution", "Attribution patching beside exact", "Attribution patching estimates every head's "
            + "score from one backward pass, gradient times difference of activations; rank correlation and recall say "
            + "how far it finds the heads that exact path patching finds.",
            "Nanda 2023; Kramár et al. 2024; docs/method.md",
            [
                .. pictures.Length > 0 ? [new Figure("Approximate against exact scores, a dot a head.", pictures, 4)]
                    : (Block[])[],
                new ReportTable("Rank: Spearman's correlation over heads that can score. Recall: share of the exact "
                    + "top k among the approximate top 2k.",
                    ["model", "group", "form", ">rank", ">k", ">recall"], rows),
            ],
            models.Select(m => new { m.Name, m.Attribution }));
    }

    private static XDocument BesideExact(string title, AttributionFinding approximate, PathScores exact, int? color)
    {
        var points = Head.All(Math.Min(exact.SenderLayers, approximate.Scores.GetLength(0)),
            approximate.Scores.GetLength(1)).Select(head => new ScatterPoint(head.ToString(), exact[head],
                approximate.Scores[head.Layer, head.Index], color));
        return SvgScatter.Draw(new(title, "exact", approximate.Form, [.. points]));
    }
}

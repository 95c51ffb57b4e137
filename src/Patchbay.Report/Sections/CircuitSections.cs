namespace Patchbay.Report;

/// <summary>The sections about circuits: how their heads were found, what they are, and where they look. Each is null
/// where nothing was found for it.</summary>
internal static class CircuitSections
{
    private const double MapSize = 256, KeptFrom = 0.01; // significance from which a head is kept

    /// <summary>Heat maps of all heads' scores, models side by side, the circuit's heads outlined.</summary>
    public static Section? PathPatching(ReportInput input)
    {
        PathGroup[] groups = [.. input.Groups.Where(g => input.Findings.Models.Any(m => Scores(m, g) is not null))];
        return groups.Length == 0 ? null : new("path-patching", "Path patching of every head",
            "A head's score is the mean relative change of the answer's probability, (p patched − p clean) / p "
                + "clean, when its output at the group's position comes from a counterfactual prompt, along the paths "
                + "to the group's receivers alone; strongly negative means important.",
            "Wang et al. 2023; Prakash et al. 2024, circuit discovery; docs/method.md",
            [.. groups.Select(g => Maps(input, g)), Strongest(input, groups), .. Summaries(input, groups)],
            input.ModelsWith(m => m.Scores.Count > 0).Select(m => new { m.Name, m.Scores }));
    }

    private static PathScores? Scores(ModelFindings model, PathGroup group) =>
        model.Scores.FirstOrDefault(s => s.Group.Name == group.Name);

    private static Figure Maps(ReportInput input, PathGroup path)
    {
        var maps = HeatMap.OnOneScale([.. from m in input.Findings.Models
                                          let scores = Scores(m, path)
                                          where scores is not null
                                          let heads = m.Circuit.GetValueOrDefault(path.Name) ?? []
                                          let note = heads.Count > 0 ? SweepText.Count(heads.Count, "head") : ""
                                          select new HeatMap(m.Name, note, scores.Scores)
                                          { StandardErrors = scores.StandardErrors, Marked = heads }]);
        var from = path.ReceiversFrom is { } receivers
            ? $"through {path.Composition.ToString().ToLowerInvariant()} of the strongest heads of {receivers}"
            : "straight to the logits";
        var position = path.Position == PositionNames.Last ? "last token" : path.Position.Replace('_', ' ');
        return new($"{path.Titled(", ")}: senders at the {position}, paths {from}. Layers downwards, heads "
            + "across; all models on one colour scale; outlined: the circuit's heads.",
            [.. maps.Select(map => new Picture($"{path.Name}-{map.Name}", $"Scores of {path.Name} in {map.Name}",
                SvgHeatMap.Picture(map, MapSize)))], 4);
    }

    private static ReportTable Strongest(ReportInput input, PathGroup[] groups)
    {
        string[] places = ["strongest", "second", "third", "fourth"];
        static string Published(ModelFindings model, PathGroup group) =>
            string.Join("  ", PublishedFigures.Strongest(PublishedFigures.ReferenceOf(model.Name), group.Name));
        var hasPublished = groups.Any(g => input.Findings.Models.Any(m => Published(m, g).Length > 0));
        var rows = from g in groups
                   from m in input.Findings.Models
                   let scores = Scores(m, g)
                   where scores is not null
                   let top = scores.Top(places.Length).Select(h => new Cell($"{h}",
                       Numbers.Score(scores.Scores[h.Layer, h.Index], scores.StandardErrors[h.Layer, h.Index])))
                   select (Cell[])[input.GroupCell(g.Name), m.Name, .. top, .. If(hasPublished, Published(m, g))];
        return new("Strongest heads (layer.head), with score and its standard error over prompts.",
            ["group", "model", .. places, .. If(hasPublished, "published (7B)")], rows);
    }

    /// <summary>The strongest heads' changes summarised otherwise: the mean has a long tail where a model is
    /// confidently wrong and a patch makes the answer many times likelier.</summary>
    private static Block[] Summaries(ReportInput input, PathGroup[] groups)
    {
        static string At(double[,]? numbers, Head head) =>
            numbers is null ? Numbers.None : Numbers.Share(numbers[head.Layer, head.Index], "0.0000");
        Cell[][] rows =
        [
            .. from g in groups
               from m in input.Findings.Models
               let scores = Scores(m, g)
               where scores is { OfRight: not null } or { Median: not null }
               from head in scores.Top(8)
               select (Cell[])[input.GroupCell(g.Name), m.Name, $"{head}", At(scores.Scores, head),
                   At(scores.OfRight, head), At(scores.Median, head), Numbers.P(scores.P(head))],
        ];
        return rows.Length == 0 ? [] : [new ReportTable("The strongest heads by other summaries of the same changes: "
            + "the mean over the prompts that the model answers right, and the median. p: that the score is 0, by "
            + "the t distribution; the circuit takes what Benjamini-Hochberg at 5 % leaves of all heads",
            ["group", "model", "head", ">score", ">where right", ">median", ">p"], rows) { IsFolded = true }];
    }

    private static string[] If(bool isShown, string text) => isShown ? [text] : [];

    /// <summary>Each model's circuit as a graph over positions and layers.</summary>
    public static Section? Circuits(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Circuit.Values.Any(heads => heads.Count > 0));
        if (models.Length == 0) return null;
        PathGroup[] groups = [.. input.Groups.Where(g => models.Any(m => m.Circuit.ContainsKey(g.Name)))];
        var sizes = models.Select(m => (Cell[])
        [
            m.Name,
            .. groups.Select(g => m.Circuit.GetValueOrDefault(g.Name) is { } own ? $"{own.Count}" : Numbers.None),
            $"{m.Circuit.Values.Sum(h => h.Count)}", PublishedSize(groups, PublishedFigures.ReferenceOf(m.Name)),
        ]);
        var heads = from m in models
                    from g in groups
                    where m.Circuit.GetValueOrDefault(g.Name) is { Count: > 0 }
                    select (Cell[])[m.Name, input.GroupCell(g.Name), string.Join("  ", m.Circuit[g.Name])];
        return new("circuits", "Circuits", "A model's circuit is its groups of heads, each found by the paths to the "
            + "heads of the group after it: D passes position to C, C to B, B to A, and A writes the answer.",
            "Prakash et al. 2024, figure 1",
            [
                Figure.ByModel("Circuits over positions and layers. A dot is a head with its number in the layer; "
                    + $"colours are groups: {string.Join(", ", groups.Select(g => g.Titled()))}. A curve "
                    + "leads from a head to each receiver in a higher layer, more clearly the stronger its score.",
                    "Circuit of", models, m => SvgCircuitGraph.Draw(Graph(input, m))),
                new ReportTable("Heads of each group, with the published circuit's beside them.",
                    ["model", .. groups.Select(g => ">" + g.Name), ">all", ">published (7B)"], sizes),
                new ReportTable("Every head of the circuits, layer.head, most negative first",
                    ["model", "group", "heads"], heads) { IsFolded = true },
            ],
            models.Select(m => new { m.Name, m.Circuit }));
    }

    private static Cell PublishedSize(PathGroup[] groups, string? reference)
    {
        var sizes = groups.Select(g => PublishedFigures.CircuitSize(reference, g.Name)).ToArray();
        return sizes.Any(s => s is null) ? Numbers.None : new Cell($"{sizes.Sum()}", string.Join(" + ", sizes));
    }

    private static CircuitGraph Graph(ReportInput input, ModelFindings model)
    {
        // The chain goes from the logits backwards, the prompt from left to right.
        CircuitLane[] lanes = [.. input.Groups
            .Select((g, i) => new CircuitLane(g.Name, i, g.Position.Replace('_', ' '))).Reverse()];
        var nodes = (from g in input.Groups.Index()
                     from head in model.Circuit.GetValueOrDefault(g.Item.Name) ?? []
                     let score = Scores(model, g.Item)?.Scores[head.Layer, head.Index] ?? double.NaN
                     let note = $" {g.Item.Title}{(double.IsNaN(score) ? "" : $": {Numbers.Share(score)}")}"
                     let node = new CircuitNode(head, lanes.Length - 1 - g.Index, note)
                     select (Group: g.Item, Score: score, Node: node)).ToArray();
        var edges = new List<CircuitEdge>();
        foreach (var (from, (group, score, node)) in nodes.Index())
        {
            var strongest = nodes.Where(n => n.Group == group).Min(n => n.Score);
            var strength = strongest < 0 ? score / strongest : 0.5;
            if (group.ReceiversFrom is null) edges.Add(new(from, null, strength));
            else edges.AddRange(nodes.Index().Where(to => to.Item.Group.Name == group.ReceiversFrom
                && to.Item.Node.Head.Layer > node.Head.Layer).Select(to => new CircuitEdge(from, to.Index, strength)));
        }
        return new(model.Name, lanes, model.Layers, [.. nodes.Select(n => n.Node)], edges);
    }

    /// <summary>How far the base's circuit is the fine-tuned models'.</summary>
    public static Section? Overlap(ReportInput input)
    {
        var (first, others) = (input.Findings.Models[0], input.Findings.Models.Skip(1));
        var overlaps = others.SelectMany(m => Overlaps(input.Groups, first, m)).ToArray();
        if (overlaps.Length == 0) return null;
        var different = others.Where(m => (m.Layers, m.Heads) != (first.Layers, first.Heads)).Select(m =>
            new Note($"{m.Name} has {m.Layers} layers of {m.Heads} heads and {first.Name} {first.Layers} of "
                + $"{first.Heads}: not compared."));
        return new("overlap", "Overlap of circuits",
            "Of two models' circuits, group by group, the share of each one's heads that are the other's too.",
            "Prakash et al. 2024, appendix; docs/method.md",
            [
                new ReportTable($"Overlap with the circuit of {first.Name}. Precision: share of its heads that the "
                    + "model's circuit has; recall: share of the model's that it has; rank: Spearman's correlation of "
                    + "all scores.",
                    ["model", "group", ">heads of base", ">heads of model", .. SharedHeadings, ">published (7B)"],
                    overlaps.Select(o => (Cell[])
                        [o.Model, input.GroupCell(o.Group), .. Cells(o.Overlap), Published(o)])),
                .. different,
            ],
            overlaps);
    }

    /// <summary>Headings of what <see cref="Cells"/> has after the two numbers of heads.</summary>
    public static readonly string[] SharedHeadings = [">shared", ">precision", ">recall", ">Jaccard", ">rank"];

    /// <summary>An overlap's figures: heads of the first and of the second, shared ones, and the shares.</summary>
    public static Cell[] Cells(CircuitOverlap overlap) =>
    [
        $"{overlap.First}", $"{overlap.Second}", $"{overlap.Shared}", Numbers.Share(overlap.Precision, "0.00"),
        Numbers.Share(overlap.Recall, "0.00"), Numbers.Share(overlap.Jaccard, "0.00"),
        Numbers.Share(overlap.RankCorrelation, "0.00"),
    ];

    /// <summary>Overlaps of two models' circuits, group by group; none where their shapes differ.</summary>
    public static IEnumerable<GroupOverlap> Overlaps(IReadOnlyList<PathGroup> groups, ModelFindings first,
        ModelFindings second) =>
        from g in groups
        where (first.Layers, first.Heads) == (second.Layers, second.Heads)
        let a = Scores(first, g)
        let b = Scores(second, g)
        let ofFirst = first.Circuit.GetValueOrDefault(g.Name) ?? []
        let ofSecond = second.Circuit.GetValueOrDefault(g.Name) ?? []
        where a is not null && b is not null && ofFirst.Count + ofSecond.Count > 0
        let overlap = CircuitOverlap.Of(a, [.. ofFirst], b, [.. ofSecond])
        select new GroupOverlap(second.Name, g.Name, overlap);

    private static Cell Published(GroupOverlap overlap) =>
        PublishedFigures.Overlap(PublishedFigures.ReferenceOf(overlap.Model), overlap.Group) is { } published
            ? new Cell(Numbers.Share(published.Precision, "0.00"), $"recall {Numbers.Share(published.Recall, "0.00")}")
            : Numbers.None;

    /// <summary>Where the circuit's heads look.</summary>
    public static Section? Attention(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Attention.Count > 0);
        if (models.Length == 0) return null;
        string[] positions = [.. models.SelectMany(m => m.Attention).SelectMany(a => a.Weights.Keys).Distinct()
            .OrderBy(p => p == "other")];
        string[] names = [.. positions.Select(p => p.Replace('_', ' '))];
        XDocument Matrix(ModelFindings model)
        {
            var groups = model.Attention.ToLookup(a => a.Group);
            string[] rows = [.. input.Groups.Select(g => g.Name).Where(groups.Contains)];
            var means = new double[rows.Length, positions.Length];
            foreach (var (r, group) in rows.Index())
                foreach (var (c, position) in positions.Index())
                    means[r, c] = groups[group].Average(a => a.Weights.GetValueOrDefault(position).Value);
            return SvgHeatMaps.Matrix(model.Name, [.. rows.Select(input.Titled)], names, means);
        }
        var heads = from m in models
                    from a in m.Attention
                    select (Cell[])[m.Name, input.GroupCell(a.Group), $"{a.Head}", .. positions.Select(p =>
                        a.Weights.TryGetValue(p, out var weight) ? Cell.Mean(weight) : Numbers.None)];
        return new("attention", "Where heads look", "How much attention a head pays from its group's position to each "
            + "named position of the prompt, in the mean over prompts.",
            "Prakash et al. 2024, circuit discovery; docs/method.md",
            [
                Figure.ByModel("Attention from the group's position to each named position, in the mean over the "
                    + "group's heads and over prompts; a row adds up to 1.", "Attention in", models, Matrix),
                new ReportTable("Every head, with standard errors over prompts",
                    ["model", "group", "head", .. names.Select(name => ">" + name)], heads) { IsFolded = true },
            ],
            models.Select(m => new { m.Name, m.Attention }));
    }

    /// <summary>Every candidate head's significance for its circuit.</summary>
    public static Section? Minimality(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Minimality.Count > 0);
        if (models.Length == 0) return null;
        PathGroup[] groups = [.. input.Groups.Where(g => models.Any(m => m.Minimality.Any(x => x.Group == g.Name)))];
        var kept = models.Select(m => (Cell[])[m.Name, .. groups.Select(g => Kept(m, g))]);
        var candidates = from m in models
                         from x in m.Minimality
                         select (Cell[])[m.Name, input.GroupCell(x.Group), $"{x.Head}", Cell.Share(x.Without),
                             Cell.Share(x.WithoutBoth), $"{x.Partners}", Significance(x), x.Verdict];
        return new("minimality", "Minimality", "A head v is kept when the circuit without some partners K answers "
            + "clearly more often than without K and v: F(C∖K) / F(C∖(K+v)) − 1 of at least 0.01, K being the "
            + "heads that most mask v's absence. Where the 95 % interval of that, by a paired bootstrap over "
            + "prompts, holds 0.01, the prompts do not decide it, and the number itself does.",
            "Wang et al. 2023; Prakash et al. 2024, circuit evaluation; docs/method.md",
            [
                Figure.ByModel("Significance of the candidates, group by group from the most to the least, in the "
                    + "groups' colours. Dashed: 0.01, from which a head is kept. Heads without which nothing is right "
                    + "are at the top.", "Significance in", models, m => Significance(input, m), 4),
                new ReportTable("Heads kept of the candidates; quieter: median significance.",
                    ["model", .. groups.Select(g => ">" + input.Titled(g.Name))], kept),
                new ReportTable("Every candidate", ["model", "group", "head", ">F(C∖K)", ">F(C∖(K+v))", ">partners",
                    ">significance", ""], candidates) { IsFolded = true },
            ],
            models.Select(m => new { m.Name, m.Minimality }));
    }

    private static Cell Significance(MinimalityFinding x) => new(Numbers.Share(x.Significance), x.Interval is { } i
        ? $"{Numbers.Share(i.Low)} to {Numbers.Share(i.High)}" : "");

    private static Cell Kept(ModelFindings model, PathGroup group)
    {
        MinimalityFinding[] heads =
            [.. model.Minimality.Where(x => x.Group == group.Name).OrderBy(x => x.Significance)];
        return heads.Length == 0 ? Numbers.None : new Cell($"{heads.Count(x => x.Kept)} of {heads.Length}"
            + (heads.Count(x => x.IsDecided == false) is > 0 and var open ? $", {open} not decided" : ""),
            Numbers.Share(heads[heads.Length / 2].Significance));
    }

    private static XDocument Significance(ReportInput input, ModelFindings model)
    {
        var finite = model.Minimality.Select(x => x.Significance).Where(double.IsFinite);
        var top = finite.DefaultIfEmpty(1).Max() * 1.05;
        var points = model.Minimality.OrderBy(x => input.Color(x.Group)).ThenByDescending(x => x.Significance)
            .Select((x, i) => new ScatterPoint($"{x.Head} {x.Group}, {x.Verdict}", i + 1,
                double.IsFinite(x.Significance) ? x.Significance : top, input.Color(x.Group)));
        return SvgScatter.Draw(new(model.Name, "candidate heads", "significance", [.. points])
        { Threshold = KeptFrom });
    }
}

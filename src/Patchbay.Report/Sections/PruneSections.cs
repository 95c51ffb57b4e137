namespace Patchbay.Report;

/// <summary>The section about circuits that backward elimination found; null where there are none.</summary>
internal static class PruneSections
{
    public static Section? Elimination(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Pruned.Count > 0);
        if (models.Length == 0) return null;
        var all = models.SelectMany(m => m.Pruned).ToArray();
        PathGroup[] groups = [.. input.Groups.Where(g => all.Any(p => p.Circuit.Groups.ContainsKey(g.Name)))];
        var placed = from p in all
                     from head in p.Placed
                     select (Cell[])[p.Model, $"{head.Head}", input.GroupCell(head.Group), Scores(head)];
        var steps = from p in all
                    from s in p.Steps
                    select (Cell[])[p.Model, s.Position.Replace('_', ' '), $"{s.Head}", Cell.Share(s.Without),
                        s.Kept ? "kept" : "left out"];
        return new("prune", "Circuits by elimination", "Heads are left out one after the other, those first whose "
            + "absence alone costs least, as long as what is left answers; every activation outside is its mean over "
            + "other prompts. Heads are searched on prompts apart from those that the circuit is judged on.",
            "docs/method.md",
            [
                Figure.ByModel("Accuracy along the elimination, on the prompts to search on, with 95 % Wilson "
                    + "intervals. Grey: accuracy without heads that had to stay.", "Elimination in", models, Course),
                new ReportTable("The circuits, on prompts apart. Beside faithfulness: its 95 % interval by a paired "
                    + "bootstrap over prompts; beside random: the mean's range over circuits with as many heads at "
                    + "each position.",
                    ["model", .. groups.Select(g => ">" + g.Name), ">start set", ">whole model", ">circuit",
                        ">faithfulness", ">random"], all.Select(p => Row(groups, p))),
                new ReportTable("What tells groups at one position apart: path patching of a head into the receivers "
                    + "of each (of the first: into the logits), ± standard error over prompts",
                    ["model", "head", "group", "path patching"], placed)
                { IsFolded = true },
                new ReportTable("Every head tried, in order: accuracy without it",
                    ["model", "position", "head", ">accuracy", ""], steps) { IsFolded = true },
            ],
            all.Select(p => new
            {
                p.Model,
                p.Circuit,
                p.Started,
                p.Steps,
                p.Placed,
                p.Full,
                p.Judged,
                p.Random,
                p.Faithfulness,
                p.FaithfulnessInterval,
            }));
    }

    private static string Scores(PlacedHead head) => string.Join(", ",
        head.Scores.Select(s => $"{s.Key} {Numbers.Share(s.Value.Value)} ± {s.Value.Error:0.000}"));

    private static Cell[] Row(PathGroup[] groups, PruneFinding found)
    {
        double[] random = [.. found.Random.Select(r => r.Share)];
        var interval = found.FaithfulnessInterval;
        return
        [
            found.Model, .. groups.Select(g => (Cell)$"{found.Circuit.Groups.GetValueOrDefault(g.Name)?.Count ?? 0}"),
            Cell.Share(found.Started), Cell.Share(found.Full), Cell.Share(found.Judged),
            new(Numbers.Share(found.Faithfulness, "0.00"), $"{interval.Low:0.00}–{interval.High:0.00}"),
            random.Length == 0 ? Numbers.None
                : new Cell(Numbers.Share(random.Average()), $"{random.Min():0.000}–{random.Max():0.000}"),
        ];
    }

    /// <summary>Accuracy by the number of heads tried: a line through what is left, dots at heads that stay.</summary>
    private static XDocument Course(ModelFindings model)
    {
        var found = model.Pruned[^1];
        var left = new List<LinePoint> { Point(0, found.Started) };
        var kept = new List<LinePoint>();
        foreach (var (i, step) in found.Steps.Index())
            (step.Kept ? kept : left).Add(Point(i + 1, step.Without));
        LinePanel panel = new(model.Name,
        [
            // Points of their own: no line leads through what was not taken.
            new("", [.. kept.SelectMany(p => new[] { p with { Low = null, High = null }, new(p.X, double.NaN) })])
            { Dots = true },
            new("left", left) { Color = 0 },
        ])
        { Range = (0, 1) };
        return SvgLineChart.Draw(new($"Elimination in {model.Name}", "", "heads tried", [panel])
        { IsBare = true, PlotWidth = 270 });
    }

    private static LinePoint Point(int x, Proportion p) => new(x, p.Share, p.Interval.Low, p.Interval.High);
}

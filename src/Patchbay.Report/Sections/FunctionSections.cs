namespace Patchbay.Report;

/// <summary>The sections about what groups of heads carry, and what fine-tuning made better of it. Each is null where
/// nothing was found for it.</summary>
internal static class FunctionSections
{
    /// <summary>Which heads of a group carry which information.</summary>
    public static Section? Dcm(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Dcm.Count > 0);
        if (models.Length == 0) return null;
        static ShareDifference AgainstWhole(DcmFinding d) =>
            ReportInput.Difference(d.AllHeads, d.AllHeadsAnswers, d.Test, d.TestAnswers);
        IEnumerable<Bar> Bars(DcmFinding d) =>
        [
            Bar.Share($"{d.Desideratum}, {d.Heads.Count} of {d.GroupSize}", d.Test) with
            { Color = input.Color(d.Group) },
            Bar.Share("whole group", d.AllHeads) with { Color = input.Color(d.Group), IsPale = true },
        ];
        var all = models.SelectMany(m => m.Dcm, (Model, Dcm) => (Model, Dcm)).ToArray();
        var rows = from x in all
                   let d = x.Dcm
                   let reference = PublishedFigures.ReferenceOf(x.Model.Name)
                   let published = PublishedFigures.DcmHeads(reference, d.Group, d.Desideratum)
                   select (Cell[])[x.Model.Name, input.GroupCell(d.Group), d.Desideratum, $"{d.Heads.Count}",
                       $"{d.GroupSize}", published is { } heads ? $"{heads}" : Numbers.None, Cell.Share(d.Test),
                       Cell.Share(d.AllHeads), Numbers.Tested(AgainstWhole(d))];
        var masks = all.Select(x => (Cell[])[x.Model.Name, input.GroupCell(x.Dcm.Group), x.Dcm.Desideratum,
            string.Join("  ", x.Dcm.Heads), string.Join("  ", x.Dcm.Mask.Select(v => Numbers.Share(v, "0.00")))]);
        return new("dcm", "What each group carries (DCM)", "Desiderata-based component masking trains a mask over a "
            + "group's heads such that patching few of them from a source prompt into a base prompt makes the model "
            + "answer what it should if they carry the information: the object's value, the box label's value, or its "
            + "position.", "Davies et al. 2023; Prakash et al. 2024, circuit functionality; docs/method.md",
            [
                Figure.ByModel("Accuracy on held-out triples when the kept heads (full colour) or the whole group "
                    + "(pale) are patched from source to base, with 95 % Wilson intervals.", "DCM in", models,
                    m => BarsByGroup(input, m, m.Dcm, d => d.Group, Bars)),
                new ReportTable("Heads kept by the mask, measured and published, and accuracy with them.",
                    ["model", "group", "desideratum", ">kept", ">of", ">published (7B)", ">kept heads", ">whole group",
                        "kept against whole"], rows),
                new Note("Kept heads and whole group are compared by "
                    + $"{ReportInput.TestOf(all.Select(x => AgainstWhole(x.Dcm)))}."),
                new ReportTable("Kept heads and the trained mask of every head of the group, before rounding; a head "
                    + "is kept where its mask is below a half", ["model", "group", "desideratum", "kept heads", "mask"],
                    masks) { IsFolded = true },
            ],
            models.Select(m => new { m.Name, m.Dcm }));
    }

    private static XDocument BarsByGroup<T>(ReportInput input, ModelFindings model, IEnumerable<T> findings,
        Func<T, string> groupOf, Func<T, IEnumerable<Bar>> bars) => SvgBarChart.Draw(new(model.Name,
            "accuracy on the desideratum",
            [.. findings.GroupBy(groupOf).Select(g => new BarGroup(input.Titled(g.Key), [.. g.SelectMany(bars)]))]));

    /// <summary>Whether the kept heads carry their information on fresh triples.</summary>
    public static Section? Functionality(ReportInput input)
    {
        var models = input.ModelsWith(m => m.Functionality.Count > 0);
        if (models.Length == 0) return null;
        IEnumerable<Bar> Bars(FunctionalityFinding f) =>
        [
            new(f.Desideratum, f.Mean.Value, f.Mean.Value - f.Mean.Error, f.Mean.Value + f.Mean.Error)
            {
                Color = input.Color(f.Group), Dots = [.. f.Seeds.Select(s => s.Share)],
            },
        ];
        // What was tested, a row each, with each model's finding, which may be missing.
        var keys = models.SelectMany(m => m.Functionality).Select(f => (f.Group, f.Desideratum)).Distinct();
        var rows = keys.Select(key => (key.Group, key.Desideratum, Findings: models.Select(m =>
            m.Functionality.FirstOrDefault(f => (f.Group, f.Desideratum) == key)).ToArray())).ToArray();
        // All models answer the same triples.
        static ShareDifference Difference(FunctionalityFinding first, FunctionalityFinding second) =>
            ReportInput.Difference(Pooled(first), first.Answers, Pooled(second), second.Answers);
        static Cell Mean(FunctionalityFinding? first, FunctionalityFinding? finding)
        {
            if (finding is null) return Numbers.None;
            var mean = Cell.Mean(finding.Mean);
            return first is null || finding == first ? mean
                : mean with { Aside = $"{mean.Aside}, {Numbers.P(Difference(first, finding).P)}" };
        }
        var differences = rows.Select(row => row.Findings.OfType<FunctionalityFinding>().ToArray())
            .SelectMany(found => found.Select(f => Difference(found[0], f)));
        var note = new Note($"p values are of the difference from {models[0].Name}, by "
            + $"{ReportInput.TestOf(differences)}, over the triples of all seeds; from .05 up it is not significant.");
        return new("functionality", "Functionality", "The heads that DCM kept are patched from source to base on "
            + "triples of seeds that the mask never saw; the share answered as the desideratum asks.",
            "Prakash et al. 2024, circuit functionality; docs/method.md",
            [
                Figure.ByModel("Accuracy on fresh triples with the kept heads patched: mean over seeds, ± one "
                    + "standard error; dots are single seeds.", "Functionality in", models,
                    m => BarsByGroup(input, m, m.Functionality, f => f.Group, Bars)),
                new ReportTable("Mean accuracy over seeds ± standard error.",
                    ["group", "desideratum", ">seeds", .. models.Select(m => ">" + m.Name)],
                    rows.Select(row => (Cell[])[input.GroupCell(row.Group), row.Desideratum,
                        $"{row.Findings.Max(f => f?.Seeds.Count ?? 0)}",
                        .. row.Findings.Select(f => Mean(row.Findings[0], f))])),
                .. models.Length > 1 ? [note] : (Block[])[],
            ],
            models.Select(m => new { m.Name, m.Functionality }));
    }

    /// <summary>All seeds' triples together.</summary>
    public static Proportion Pooled(FunctionalityFinding finding) =>
        new(finding.Seeds.Sum(s => s.Right), finding.Seeds.Sum(s => s.Count));

    /// <summary>What the fine-tuned models' activations do in the base.</summary>
    public static Section? Cmap(ReportInput input)
    {
        var all = input.Findings.Cmap;
        if (all.Count == 0) return null;
        var pairs = all.GroupBy(c => (c.Donor, c.Into)).Select(pair => pair.ToArray()).ToArray();
        return new("cmap", "What fine-tuning improved (CMAP)", "Cross-model activation patching runs the fine-tuned "
            + "model on a prompt and sets its activations of some heads into the base model on the same prompt; what "
            + "lifts the base's accuracy is what fine-tuning improved.",
            "Prakash et al. 2024, cross-model activation patching; docs/method.md",
            [
                new Figure("Accuracy of the base with a fine-tuned model's activations of a group or of the whole "
                    + "circuit, with 95 % Wilson intervals. Dashed line: the base's own accuracy, the floor; solid "
                    + "line: the fine-tuned model's, the target; diamonds are published.",
                    [.. pairs.Select(pair => CmapPicture(input, pair))], 2),
                new ReportTable("Accuracy with the donor's activations, published and measured. Closed: share of the "
                    + "way from floor to target.",
                    ["donor and base", "form", "group", ">heads", ">patched", ">published (7B)", ">closed",
                        ">above floor", "significance"], all.Select(c => CmapRow(input, c))),
                new ReportTable("Floors and targets: base and donor on the same prompts.",
                    ["donor and base", ">floor", ">target"],
                    pairs.Select(pair => pair[0]).Select(c => (Cell[])
                        [Arrow(c), Cell.Share(c.Floor), Cell.Share(c.Target)])),
                new Note("Patched and floor answer the same prompts; they are compared by "
                    + $"{ReportInput.TestOf(all.Select(AboveFloor))}."),
            ],
            all);
    }

    private static ShareDifference AboveFloor(CmapFinding c) =>
        ReportInput.Difference(c.Floor, c.FloorAnswers, c.Patched, c.PatchedAnswers);

    private static double? Published(CmapFinding c) =>
        c.Form == "output" && PublishedFigures.ReferenceOf(c.Into) == "llama"
            ? PublishedFigures.Cmap(PublishedFigures.ReferenceOf(c.Donor), c.Group) : null;

    private static string Arrow(CmapFinding c) => $"{c.Donor} → {c.Into}";

    private static Cell[] CmapRow(ReportInput input, CmapFinding c)
    {
        var way = c.Target is { } target ? target.Share - c.Floor.Share : 0;
        var closed = way > 0 ? (c.Patched.Share - c.Floor.Share) / way : double.NaN;
        var above = AboveFloor(c);
        return
        [
            Arrow(c), c.Form, c.Group == "circuit" ? "whole circuit" : input.GroupCell(c.Group), $"{c.Heads}",
            Cell.Share(c.Patched), Cell.Published(Published(c)), Numbers.Share(closed, "0 %"), Cell.Difference(above),
            Numbers.Significance(above.P),
        ];
    }

    private static Picture CmapPicture(ReportInput input, CmapFinding[] findings)
    {
        var (first, title) = (findings[0], $"{findings[0].Donor} into {findings[0].Into}");
        var groups = findings.GroupBy(c => c.Form).Select(form => new BarGroup($"{form.Key} form", [.. form.Select(c =>
            Bar.Share(c.Group == "circuit" ? "whole circuit" : c.Group, c.Patched) with
            {
                Color = input.Color(c.Group), Published = Published(c),
            })]));
        List<BarLine> lines = [new(first.Floor.Share, "floor", IsDashed: true)];
        if (first.Target is { } target) lines.Add(new(target.Share, "target", IsDashed: false));
        return new($"{first.Donor}-into-{first.Into}", title,
            SvgBarChart.Draw(new(title, "accuracy", [.. groups]) { Lines = lines }));
    }
}

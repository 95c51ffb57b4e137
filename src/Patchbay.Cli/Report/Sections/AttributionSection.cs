using Patchbay.Cli.Charts;

using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>Attribution patching beside exact path patching.</summary>
internal static class AttributionSection
{
    /// <summary>The section, or null where it was not run.</summary>
    public static Section? Of(ReportInput input)
    {
        var models = input.Findings.Models.Where(m => m.Attribution.Count > 0).ToArray();
        if (models.Length == 0) return null;
        Picture[] pictures =
        [
            .. from m in models
               from a in m.Attribution
               let exact = m.Scores.FirstOrDefault(s => s.Group.Name == a.Group)
               where exact is not null
               select new Picture($"{m.Name}-{a.Group}-{a.Form}", $"Attribution of {a.Group} in {m.Name}",
                   SvgScatter.Draw(Chart(input, m, a, exact))),
        ];
        return new("attribution", "Attribution patching beside exact",
            "Attribution patching estimates every head's score from one backward pass, gradient times difference of activations; rank correlation and recall "
                + "say how far it finds the heads that exact path patching finds.",
            "Nanda 2023; Kramár et al. 2024; docs/method.md",
            [
                .. pictures.Length > 0 ? [new Figure("Approximate against exact scores, a dot a head.", pictures, 4)] : (Block[])[],
                ReportTable.Of("Rank: Spearman's correlation over heads that can score. Recall: share of the exact top k among the approximate top 2k.",
                    ["model", "group", "form", ">rank", ">k", ">recall"], from m in models
                                                                         from a in m.Attribution
                                                                         select (Cell[])[m.Name, input.GroupCell(a.Group), a.Form,
                                                                             Numbers.Share(a.RankCorrelation, "0.00"), $"{a.TopK}",
                                                                             Numbers.Of(new Tasks.Proportion((int)Math.Round(a.Recall * a.TopK), a.TopK))]),
            ], models.Select(m => new { m.Name, m.Attribution }).ToArray());
    }

    private static Scatter Chart(ReportInput input, ModelFindings model, AttributionFinding finding, PathScores exact)
    {
        var points = from l in Enumerable.Range(0, Math.Min(exact.SenderLayers, finding.Scores.GetLength(0)))
                     from h in Enumerable.Range(0, finding.Scores.GetLength(1))
                     select new ScatterPoint($"{l}.{h}", exact.Scores[l, h], finding.Scores[l, h], input.Color(finding.Group));
        return new($"{model.Name}, {finding.Group}", "exact", finding.Form, [.. points]);
    }
}

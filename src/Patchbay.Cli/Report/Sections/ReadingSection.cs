using Patchbay.Findings;

namespace Patchbay.Cli.Report.Sections;

/// <summary>How errors and significance are meant, and where methods are from.</summary>
internal static class ReadingSection
{
    private static readonly (string Name, string Reference)[] References =
    [
        ("Prakash et al. 2024", PublishedFigures.Citation + ", arXiv 2402.14811"),
        ("Wang et al. 2023", "Wang, Variengien, Conmy, Shlegeris, Steinhardt: Interpretability in the Wild: a Circuit for Indirect Object Identification in "
            + "GPT-2 small. ICLR 2023, arXiv 2211.00593"),
        ("Davies et al. 2023", "Davies, Nadeau, Prakash, Rott Shaham, Bau: Discovering Variable Binding Circuitry with Desiderata. arXiv 2307.03637"),
        ("Geva et al. 2023", "Geva, Bastings, Filippova, Globerson: Dissecting Recall of Factual Associations in Auto-Regressive Language Models. EMNLP 2023, arXiv 2304.14767"),
        ("Nanda 2023", "Nanda: Attribution Patching: Activation Patching at Industrial Scale"),
        ("Kramár et al. 2024", "Kramár, Lieberum, Shah, Nanda: AtP*: An efficient and scalable method for localizing LLM behaviour to components. arXiv 2403.00745"),
        ("Zhang and Nanda 2024", "Zhang, Nanda: Towards Best Practices of Activation Patching in Language Models. ICLR 2024, arXiv 2309.16042"),
        ("Wilson 1927", "Wilson: Probable inference, the law of succession, and statistical inference. JASA 22"),
        ("McNemar 1947", "McNemar: Note on the sampling error of the difference between correlated proportions or percentages. Psychometrika 12"),
        ("Newcombe 1998", "Newcombe: Interval estimation for the difference between independent proportions; the same based on paired data. Statistics in Medicine 17"),
    ];

    /// <summary>The section, with the references that the others name.</summary>
    public static Section Of(IReadOnlyList<Section> others) => new("reading", "How to read this",
        "Every figure was counted or averaged over a sample of prompts; what stands beside it says how far chance alone would move it.", "",
        [
            new Paragraph("Intervals of shares are Wilson's, 95 %; of differences of shares, Newcombe's; ± is one standard error of a mean. Two answers to "
                + "the same prompts are compared by McNemar's exact test, "
                + "two shares counted on different prompts by the z test; both two-sided, significant below p = .05. Tests are not corrected for their "
                    + "number: of twenty comparisons of equals, one is expected to be significant."),
            new Paragraph("Colours of groups are Okabe and Ito's, colour scales of scores go from blue (negative) over the page's own colour to orange "
                + "(positive); both are told apart by all common kinds of colour vision. "
                + "Every dot, bar and cell names itself and its number when pointed at."),
            ReportTable.Of("References.", ["", ""], References.Where(r =>
                r.Name is "Wilson 1927" or "McNemar 1947" or "Newcombe 1998" || others.Any(s => s.Source.Contains(r.Name, StringComparison.Ordinal)))
                .Select(r => (Cell[])[r.Name, r.Reference])),
        ]);
}

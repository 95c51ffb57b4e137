namespace Patchbay.Cli.Report;

/// <summary>Sentences that several sections say.</summary>
internal static class ReportText
{
    /// <summary>Why published figures do not fit the tiny quartet.</summary>
    public const string StandIns = "The tiny quartet's models are not the paper's: they stand for its 7B models and are about two thousand times smaller. "
        + "Published figures are there to compare patterns, not to be met.";

    /// <summary>The paper, short.</summary>
    public const string Paper = "Prakash et al. 2024";
}

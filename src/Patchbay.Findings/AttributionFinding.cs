namespace Patchbay.Findings;

/// <summary>Attribution patching (gradient times difference of activations) beside exact path patching of the same
/// group, both the mean over all prompts, whichever summary the group's heads are chosen by.</summary>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Form">"gradient" or "integrated gradients".</param>
/// <param name="Scores">Approximate scores by [layer, head].</param>
/// <param name="RankCorrelation">Spearman's with the exact scores, over heads that can score.</param>
/// <param name="TopK">k.</param>
/// <param name="Recall">Share of the exact top k among the approximate top 2k.</param>
public sealed record AttributionFinding(string Group, string Form, double[,] Scores, double RankCorrelation, int TopK,
    double Recall)
{
    /// <summary>Name of a head's result.</summary>
    public static string Item(string group, string form, Head head) => $"{group} {form} {head}";

    /// <summary>What a complete stage found, beside the exact scores.</summary>
    public static IReadOnlyList<AttributionFinding> Read(SweepState state, StageState stage)
    {
        if (stage.Status != StageStatus.Completed) return [];
        var (p, recorded) = (stage.Stage.Parameters.As<AttributionParameters>(), new Recorded(stage));
        return
        [
            .. from id in stage.Stage.After
               let chosen = SweepResults.Scores(state, state.Stages[id])
               let exact = chosen.OfAll is { } all ? chosen with { Scores = all } : chosen
               let k = p.Top > 0 ? p.Top : state.Stages[id].Stage.Parameters.As<PathPatchingParameters>().Receivers
               from form in p.Forms
               select Compare(exact, Approximate(exact, form, recorded), form, k),
        ];
    }

    private static PathScores Approximate(PathScores exact, string form, Recorded recorded)
    {
        var scores = new double[exact.Scores.GetLength(0), exact.Scores.GetLength(1)];
        foreach (var head in Head.All(scores.GetLength(0), scores.GetLength(1)))
            scores[head.Layer, head.Index] = recorded[Item(exact.Group.Name, form, head)][0].Score;
        return exact with { Scores = scores };
    }

    private static AttributionFinding Compare(PathScores exact, PathScores approximate, string form, int k)
    {
        var top = exact.Top(k);
        Head[] able = [.. Head.All(exact.SenderLayers, exact.Scores.GetLength(1))];
        return new(exact.Group.Name, form == AttributionParameters.Gradient ? "gradient" : "integrated gradients",
            approximate.Scores,
            CircuitOverlap.Spearman([.. able.Select(h => exact[h])], [.. able.Select(h => approximate[h])]),
            top.Count, top.Intersect(approximate.Top(2 * k)).Count() / (double)top.Count);
    }
}

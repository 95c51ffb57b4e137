namespace Patchbay.Report;

/// <summary>One figure that two sweeps have: its part says what it is ("accuracy"), its name of what ("tiny-goat"). The
/// difference is second less first, null where there is no test of it.</summary>
internal sealed record ComparedFigure(string Part, string Name, double First, double Second,
    ShareDifference? Difference = null)
{
    /// <summary>How it was tested: "McNemar", "z", or "".</summary>
    public string Test => Difference is null ? "" : Difference.IsPaired ? "McNemar" : "z";
}

/// <summary>Findings of a model in the first sweep and of the one in the second that it is compared with.</summary>
internal sealed record ModelPair(ModelFindings First, ModelFindings Second)
{
    /// <summary>"tiny-goat", or both names where they differ.</summary>
    public string Name => First.Name == Second.Name ? First.Name : $"{First.Name} | {Second.Name}";
}

/// <summary>Two sweeps, figure by figure; overlaps are of the circuits of each pair of models. Answers can be paired
/// where both asked the same prompts; notes say what is not compared.</summary>
internal sealed record SweepComparison(RunFacts First, RunFacts Second, IReadOnlyList<ModelPair> Models,
    IReadOnlyList<ComparedFigure> Figures, IReadOnlyList<GroupOverlap> Overlaps, bool SamePrompts,
    IReadOnlyList<string> Notes)
{
    /// <summary>What tests the table has.</summary>
    public const string Caption = "Difference: second less first, with Newcombe's 95 % interval. p is two-sided: "
        + "McNemar's exact test where both answered the same prompts, else the two-proportion z test.";

    /// <summary>Compares all that both have.</summary>
    public static SweepComparison Of(ComparedSide one, ComparedSide other)
    {
        var ((firstRun, first, _), (secondRun, second, _)) = (one, other);
        var notes = new List<string>();
        ModelPair[] models = one.IsOneModel && other.IsOneModel ? [new(first.Models[0], second.Models[0])]
            : Pairs(first, second, notes);
        var samePrompts = (firstRun.Plan.Seed, firstRun.Plan.Task) == (secondRun.Plan.Seed, secondRun.Plan.Task);
        var unchanged = models.Where(m => m.First.Fingerprint == m.Second.Fingerprint).Select(m => m.Name).ToArray();
        if (unchanged.Length > 0) notes.Add($"the same checkpoint in both: {string.Join(", ", unchanged)}");
        var (firstScore, secondScore) = (ScoreOf(firstRun), ScoreOf(secondRun));
        if (firstScore is not null && secondScore is not null && firstScore != secondScore)
            notes.Add($"heads have other scores: the first the {firstScore}, the second the {secondScore}");
        var overlaps = models.SelectMany(m => CircuitSections.Overlaps(first.Chain.Groups, m.First, m.Second)
            .Select(o => o with { Model = m.Name }));
        var figures = new FigureFinder(first, second, models, samePrompts);
        return new(firstRun, secondRun, models, [.. figures.All()], [.. overlaps], samePrompts, notes);
    }

    /// <summary>What the scores of path patching are, or null.</summary>
    private static string? ScoreOf(RunFacts run)
    {
        string[] kinds = [.. run.Plan.Stages.Where(s => s.Kind == Kinds.PathPatching)
            .Select(s => s.Parameters.As<PathPatchingParameters>().InWords).Distinct()];
        return kinds.Length == 0 ? null : string.Join(" and the ", kinds);
    }

    /// <summary>Models of the same name; where no name is in both, models in order.</summary>
    private static ModelPair[] Pairs(SweepFindings first, SweepFindings second, List<string> notes)
    {
        var named = first.Models.Join(second.Models, m => m.Name, m => m.Name, (a, b) => new ModelPair(a, b)).ToArray();
        if (named.Length == 0)
        {
            notes.Add("the sweeps have no model of the same name: models are compared in order");
            return [.. first.Models.Zip(second.Models, (a, b) => new ModelPair(a, b))];
        }
        string[] alone = [.. first.Models.Concat(second.Models).Select(m => m.Name).Distinct()
            .Except(named.Select(p => p.Name))];
        if (alone.Length > 0) notes.Add($"in one sweep only and not compared: {string.Join(", ", alone)}");
        return named;
    }

    /// <summary>Finds the figures that both sweeps have.</summary>
    private sealed class FigureFinder(SweepFindings first, SweepFindings second, IReadOnlyList<ModelPair> models,
        bool samePrompts)
    {
        public IEnumerable<ComparedFigure> All() =>
            [.. Accuracies(), .. Circuits(), .. Dcm(), .. Functionality(), .. Cmap(), .. Knockouts()];

        private ComparedFigure Share(string part, string name, Proportion a, IReadOnlyList<bool> aAnswers, Proportion b,
            IReadOnlyList<bool> bAnswers) => new(part, name, a.Share, b.Share, samePrompts
                ? ReportInput.Difference(a, aAnswers, b, bAnswers) : ShareDifference.Independent(a, b));

        /// <summary>The first sweep's name of a model of the second, or null where it is not compared.</summary>
        private string? Counterpart(string name) => models.FirstOrDefault(m => m.Second.Name == name)?.First.Name;

        private IEnumerable<ComparedFigure> Accuracies() =>
            from m in models
            let a = m.First.Accuracy
            let b = m.Second.Accuracy
            where a is not null && b is not null
            select Share("accuracy", m.Name, a.Right, a.Answers, b.Right, b.Answers);

        private IEnumerable<ComparedFigure> Circuits() =>
            from a in first.Circuits
            from b in second.Circuits
            where (a.CircuitOf, a.Model, a.ElsewhereOwn)
                == (Counterpart(b.CircuitOf), Counterpart(b.Model), b.ElsewhereOwn)
            let name = (a.CircuitOf == a.Model ? a.Model : $"{a.CircuitOf}'s in {a.Model}")
                + (a.ElsewhereOwn ? ", elsewhere own" : "")
            from figure in new[]
            {
                Share("circuit accuracy", name, a.Circuit, a.CircuitAnswers, b.Circuit, b.CircuitAnswers),
                new("faithfulness", name, a.Faithfulness, b.Faithfulness),
            }
            select figure;

        private IEnumerable<ComparedFigure> Dcm() =>
            from m in models
            from a in m.First.Dcm
            from b in m.Second.Dcm
            where (a.Group, a.Desideratum) == (b.Group, b.Desideratum)
            let name = $"{m.Name}, {a.Group} {a.Desideratum}"
            from figure in new[]
            {
                new("DCM heads kept", name, a.Heads.Count, b.Heads.Count),
                Share("DCM accuracy", name, a.Test, a.TestAnswers, b.Test, b.TestAnswers),
            }
            select figure;

        private IEnumerable<ComparedFigure> Functionality() =>
            from m in models
            from a in m.First.Functionality
            from b in m.Second.Functionality
            where (a.Group, a.Desideratum) == (b.Group, b.Desideratum)
            select Share("functionality", $"{m.Name}, {a.Group} {a.Desideratum}", FunctionSections.Pooled(a), a.Answers,
                FunctionSections.Pooled(b), b.Answers);

        private IEnumerable<ComparedFigure> Cmap() =>
            from a in first.Cmap
            from b in second.Cmap
            where (a.Donor, a.Into, a.Form, a.Group) == (Counterpart(b.Donor), Counterpart(b.Into), b.Form, b.Group)
            select Share("CMAP", $"{a.Donor} → {a.Into}, {a.Form}, {a.Group}", a.Patched, a.PatchedAnswers, b.Patched,
                b.PatchedAnswers);

        /// <summary>Of each curve the layer where the two differ most; its p value times the number of layers
        /// (Bonferroni).</summary>
        private IEnumerable<ComparedFigure> Knockouts() =>
            from m in models
            from a in m.First.Knockouts
            from b in m.Second.Knockouts
            where (a.From, a.To, a.ByLayer.Count) == (b.From, b.To, b.ByLayer.Count)
            let layers = a.ByLayer.Count
            let l = Enumerable.Range(0, layers).MaxBy(l => Math.Abs(b.ByLayer[l].Share - a.ByLayer[l].Share))
            let name = $"{m.Name}, {a.From} → {a.To} from layer {l}".Replace('_', ' ')
            let figure = Share("knockout", name, a.ByLayer[l], a.LayerAnswers[l], b.ByLayer[l], b.LayerAnswers[l])
            let difference = figure.Difference!
            select figure with { Difference = difference with { P = Math.Min(1, difference.P * layers) } };
    }
}

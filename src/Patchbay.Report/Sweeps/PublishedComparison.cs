namespace Patchbay.Report;

/// <summary>One group of one model beside what was published of it.</summary>
/// <param name="Name">"A".</param>
/// <param name="Rank">Spearman's correlation of the scores of all heads with the published ones; NaN where there are
/// none.</param>
/// <param name="Overlap">Heads of our circuit (first) and of the published one (second), or null where there is
/// none.</param>
internal sealed record PublishedGroup(string Name, double Rank, CircuitOverlap? Overlap);

/// <summary>One model beside what was published of it.</summary>
/// <param name="Model">Its name in the sweep.</param>
/// <param name="Reference">Its name among the published ones.</param>
/// <param name="Published">Published accuracy on 500 prompts, or null.</param>
/// <param name="Measured">Our accuracy, or null.</param>
/// <param name="Groups">Groups that are complete and of which something was published.</param>
internal sealed record PublishedModel(string Model, string Reference, double? Published, Proportion? Measured,
    IReadOnlyList<PublishedGroup> Groups);

/// <summary>A sweep's results beside published ones.</summary>
/// <param name="Models">Models of which something was published.</param>
/// <param name="Notes">Why others cannot be compared.</param>
internal sealed record PublishedComparison(IReadOnlyList<PublishedModel> Models, IReadOnlyList<string> Notes)
{
    /// <summary>What the table shows.</summary>
    public const string Caption = "Published beside measured. rank: Spearman's correlation of all heads' scores;\n"
        + "precision: share of our circuit's heads that are in the published one; recall: share of the published "
            + "one's that are in ours";

    /// <summary>The name that a model has among the published ones: without its size.</summary>
    public static string ReferenceName(string model) => model.EndsWith("-7b", StringComparison.Ordinal)
        ? model[..^"-7b".Length] : model;

    /// <summary>Compares.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="folder">The published results.</param>
    /// <param name="names">Names among the published ones of models for which <see cref="ReferenceName"/> does not
    /// do.</param>
    public static PublishedComparison Of(SweepState state, PublishedFolder folder, IReadOnlyDictionary<string,
        string> names)
    {
        var notes = new List<string>();
        var models = new List<PublishedModel>();
        foreach (var model in state.Plan!.Models)
        {
            var reference = names.GetValueOrDefault(model.Name) ?? ReferenceName(model.Name);
            var accuracy = PublishedFigures.Accuracy(reference);
            var published = folder.Circuit(reference);
            var groups = SweepResults.PathPatching(state, model.Name).Where(s => s.Status == StageStatus.Completed)
                .Select(stage => Group(state, stage, folder, reference, published, notes)).OfType<PublishedGroup>()
                    .ToArray();
            if (groups.Length > 0 || accuracy is not null)
                models.Add(new(model.Name, reference, accuracy, SweepResults.Accuracy(state, model.Name), groups));
            else if (published is null && notes.All(n => !n.StartsWith(model.Name + " ", StringComparison.Ordinal)))
                notes.Add($"{model.Name} is compared with nothing: nothing was published of '{reference}'");
        }
        return new(models, notes);
    }

    /// <summary>Published and measured accuracies.</summary>
    public Table Accuracy() => FittedTable.OfText(["model", "published as", "accuracy published", "measured"],
        Models.Select(m => (string[])
        [
            m.Model, m.Reference, SweepText.Share(m.Published ?? double.NaN), m.Measured?.ToString() ?? "-",
        ]));

    /// <summary>Published and measured groups of heads.</summary>
    public Table Groups() => FittedTable.OfText(
        ["model", "group", "rank", "heads", "published", "shared", "precision", "recall", "Jaccard"],
        from model in Models
        from g in model.Groups.Index()
        let overlap = g.Item.Overlap
        select (string[])
        [
            g.Index == 0 ? model.Model : "", g.Item.Name, SweepText.Share(g.Item.Rank), $"{overlap?.First}",
            $"{overlap?.Second}", .. SweepTables.Shares(overlap),
        ]);

    private static PublishedGroup? Group(SweepState state, StageState stage, PublishedFolder folder, string reference,
        IReadOnlyDictionary<string, IReadOnlyList<Head>>? circuit, List<string> notes)
    {
        var path = SweepResults.Scores(state, stage);
        var (name, model) = (Circuit.PaperName(path.Group.Name), stage.Stage.Model);
        var (layers, heads) = (path.Scores.GetLength(0), path.Scores.GetLength(1));
        var scores = folder.Scores(reference, name);
        if (scores is not null && (scores.GetLength(0), scores.GetLength(1)) != (layers, heads))
        {
            notes.Add($"{model} has {layers} layers of {heads} heads and the published scores of {reference}, {name}, "
                + $"have {scores.GetLength(0)} of "
                + $"{scores.GetLength(1)}: not compared");
            return null;
        }
        var theirs = circuit?.GetValueOrDefault(name);
        if (theirs is not null && theirs.Any(h => h.Layer >= layers || h.Index >= heads))
        {
            notes.Add($"{model} has {layers} layers of {heads} heads and the published circuit of {reference} is of a "
                + "larger model: not compared");
            return null;
        }
        if (scores is null && theirs is null) return null;
        var rank = scores is null ? double.NaN : CircuitOverlap.Spearman([.. path.Scores.Cast<double>()],
            [.. scores.Cast<double>()]);
        var ours = SweepResults.CompleteGroups(state, model)[path.Group.Name];
        return new(path.Group.Name, rank, theirs is null ? null
            : new CircuitOverlap(ours.Count, theirs.Distinct().Count(), ours.Intersect(theirs).Count(), rank));
    }
}

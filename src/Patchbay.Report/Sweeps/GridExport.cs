namespace Patchbay.Report;

/// <summary>Results that are a grid, as matrices for NumPy; NaN where nothing was measured.</summary>
internal static class GridExport
{
    /// <summary>Scores and standard errors: of path patching as "MODEL.GROUP", of every other stage that measured
    /// single heads as "MODEL.STAGE.ITEM", (layers, heads); of knockouts as "MODEL.STAGE", (pairs, layers), the pairs
    /// in the stage's order.</summary>
    public static IEnumerable<ExportedFile> Files(SweepState state) =>
        state.Plan!.Models.SelectMany(model => state.InOrder.Where(s => s.Stage.Model == model.Name)
            .SelectMany(stage => stage.Stage.Kind switch
            {
                Kinds.PathPatching => OfPaths(SweepResults.Scores(state, stage), model),
                Kinds.Knockout => OfKnockouts(stage, model),
                _ => OfHeads(stage, model),
            }));

    private static IEnumerable<ExportedFile> OfPaths(PathScores path, PlannedModel model) =>
        Pair($"{model.Name}.{path.Group.Name}", path.Scores, path.StandardErrors);

    private static IEnumerable<ExportedFile> OfKnockouts(StageState stage, PlannedModel model)
    {
        var recorded = new Recorded(stage);
        var pairs = stage.Stage.Parameters.As<KnockoutParameters>().Pairs;
        var (scores, errors) = Unmeasured(pairs.Count, model.Layers);
        foreach (var (row, pair) in pairs.Index())
        {
            for (var layer = 0; layer < model.Layers; layer++)
            {
                if (recorded[KnockoutCurve.Item(pair, layer)] is not { Count: > 0 } batches) continue;
                var estimate = Estimate.Pooled(batches);
                (scores[row, layer], errors[row, layer]) = (estimate.Value, estimate.Error);
            }
        }
        return Pair($"{model.Name}.{ShortName(stage)}", scores, errors);
    }

    private static IEnumerable<ExportedFile> OfHeads(StageState stage, PlannedModel model)
    {
        var items = from result in stage.Results.Select(r => r.Result)
                    where result.Head is not null
                    group result by (Name: Without(result.Item, result.Head!.Value), Head: result.Head!.Value);
        foreach (var of in items.GroupBy(i => i.Key.Name))
        {
            var (scores, errors) = Unmeasured(model.Layers, model.Heads);
            foreach (var batches in of)
            {
                var (head, estimate) = (batches.Key.Head, Estimate.Pooled([.. batches]));
                (scores[head.Layer, head.Index], errors[head.Layer, head.Index]) = (estimate.Value, estimate.Error);
            }
            var name = $"{model.Name}.{ShortName(stage)}" + (of.Key.Length > 0 ? $".{of.Key}" : "");
            foreach (var file in Pair(name, scores, errors)) yield return file;
        }
    }

    private static IEnumerable<ExportedFile> Pair(string name, double[,] scores, double[,] errors) =>
    [
        new($"{SweepExport.FileName(name)}.scores.npy", NpyFile.Bytes(scores)),
        new($"{SweepExport.FileName(name)}.stderr.npy", NpyFile.Bytes(errors)),
    ];

    /// <summary>"A gradient 5.3" without its head: "A-gradient".</summary>
    private static string Without(string item, Head head) =>
        string.Join('-', item.Split(' ').Where(word => word != head.ToString()));

    /// <summary>A stage's id without its model.</summary>
    private static string ShortName(StageState stage) => stage.Stage.Id[(stage.Stage.Model.Length + 1)..];

    private static (double[,] Scores, double[,] Errors) Unmeasured(int rows, int columns) =>
        (PathScores.Unmeasured(rows, columns), PathScores.Unmeasured(rows, columns));
}

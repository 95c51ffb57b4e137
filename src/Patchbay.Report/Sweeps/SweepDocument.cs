namespace Patchbay.Report;

/// <summary>What `pbm sweep show` tells, as one JSON document; scores themselves are in an export.</summary>
internal static class SweepDocument
{
    public static string Json(string id, SweepState state, SweepTimes times, IReadOnlyList<GroupOverlap> overlaps,
        PublishedComparison? published, IReadOnlyList<string> notes) => JsonText.Write(new
        {
            Sweep = id,
            state.Plan!.Study,
            state.Plan.Tags,
            Status = SweepText.Word(state.Status),
            state.Plan.Seed,
            state.Code,
            times.Started,
            LastEvent = times.Last,
            SecondsInUnits = state.InOrder.Sum(s => s.Seconds),
            Models = state.Plan.Models.Select(m => JsonText.Model(state, m, circuit: SweepExport.Heads(state, m.Name))),
            Stages = state.InOrder.Select(Stage),
            FailedUnits = SweepTables.Failed(state).Select(failed => new
            {
                failed.Unit,
                SetAside = failed.State.Status == UnitStatus.SetAside,
                failed.State.Failures,
                failed.State.Error,
            }),
            Overlap = overlaps.Select(o => new
            {
                Base = state.Plan.Models[0].Name,
                o.Model,
                o.Group,
                BaseHeads = o.Overlap.First,
                ModelHeads = o.Overlap.Second,
                o.Overlap.Shared,
                o.Overlap.Precision,
                o.Overlap.Recall,
                o.Overlap.Jaccard,
                o.Overlap.RankCorrelation,
            }),
            Published = published?.Models.Select(m => new
            {
                m.Model,
                PublishedAs = m.Reference,
                PublishedAccuracy = m.Published,
                MeasuredAccuracy = m.Measured?.Share,
                Groups = m.Groups.Select(g => new
                {
                    Group = g.Name,
                    RankCorrelation = g.Rank,
                    Heads = g.Overlap?.First,
                    PublishedHeads = g.Overlap?.Second,
                    g.Overlap?.Shared,
                    g.Overlap?.Precision,
                    g.Overlap?.Recall,
                    g.Overlap?.Jaccard,
                }),
            }),
            LeftOut = SweepExport.LeftOut(state),
            Notes = notes,
        }).TrimEnd();

    private static object Stage(StageState stage)
    {
        var isKnown = stage.Status != StageStatus.Waiting; // else its units are not
        return new
        {
            Stage = stage.Stage.Id,
            stage.Stage.Model,
            Status = SweepText.Status(stage),
            UnitsDone = isKnown ? stage.Completed : (int?)null,
            Units = isKnown ? stage.Order.Length : (int?)null,
            SetAside = isKnown ? stage.SetAside : (int?)null,
        };
    }
}

namespace Patchbay.Report;

/// <summary>The stages of a sweep as one SVG picture for light and dark pages: a row for each model, a box for each of
/// its stages, filled as far as it is, and curves from the stages that a stage needs.</summary>
internal static class SvgStageGraph
{
    private const double Row = 34, Pitch = 46, Width = 28, Height = 18, Slant = 0.64;

    public static XDocument Draw(SweepState state)
    {
        string[] models = [.. state.Plan!.Models.Select(m => m.Name)];
        string[] names = [.. state.InOrder.Select(s => SweepText.ShortId(s.Stage)).Distinct()];
        var (left, label) = (14 + Widest(models), Widest(names));
        var top = 16 + label * Slant;
        var picture = SvgPicture.Bare(left + names.Length * Pitch + label * 0.8, top + models.Length * Row + 4,
            "Stages of every model", ChartColors.StyleSheet);
        (double X, double Y) Place(Stage stage) => (left + Array.IndexOf(names, SweepText.ShortId(stage)) * Pitch,
            top + Array.IndexOf(models, stage.Model) * Row + (Row - Height) / 2);
        foreach (var (column, name) in names.Index())
            picture.Add(Svg.Element("text", ("transform",
                $"translate({Svg.Point(left + column * Pitch + Width / 2, top - 6)}) rotate(-40)")).With(name));
        foreach (var (row, model) in models.Index())
            picture.Add(Svg.Text(left - 12, top + (row + 0.5) * Row + 4, "", model, "end"));
        foreach (var stage in state.InOrder)
            picture.Add(Needed(state, stage.Stage).Select(before => Curve(Place(before), Place(stage.Stage))));
        picture.Add(state.InOrder.Select(stage => Box(stage, Place(stage.Stage))));
        return new XDocument(picture);
    }

    private static double Widest(string[] texts) =>
        SvgPicture.LetterWidth * texts.Select(t => t.Length).DefaultIfEmpty(0).Max();

    /// <summary>The stages that a stage needs, but for those that another of them needs itself.</summary>
    private static IEnumerable<Stage> Needed(SweepState state, Stage stage)
    {
        Stage[] all = [.. stage.After.Select(id => state.Stages[id].Stage)];
        return all.Where(s => !all.Any(other => other.After.Contains(s.Id)));
    }

    private static XElement Curve((double X, double Y) from, (double X, double Y) to)
    {
        var (start, end) = (Svg.Point(from.X + Width, from.Y + Height / 2), Svg.Point(to.X, to.Y + Height / 2));
        var reach = to.X - from.X - Width;
        // Along its row a curve passes over the boxes between.
        var lift = from.Y == to.Y && reach > Pitch ? Height : 0;
        return Svg.Path($"M{start}C{Svg.Point(from.X + Width + reach / 3, from.Y + Height / 2 - lift)} "
            + $"{Svg.Point(to.X - reach / 3, to.Y + Height / 2 - lift)} {end}", "lead");
    }

    private static IEnumerable<object> Box(StageState stage, (double X, double Y) at)
    {
        var color = stage.SetAside > 0 ? 1 : 0;
        var done = stage.Status == StageStatus.Completed ? 1
            : stage.Order.Length == 0 ? 0 : (double)stage.Completed / stage.Order.Length;
        var what = stage.Status == StageStatus.Waiting ? "waiting" : $"{SweepText.Status(stage)}, {stage.Completed} of "
            + SweepText.Count(stage.Order.Length, "unit") + (stage.SetAside > 0 ? $", {stage.SetAside} set aside" : "");
        XElement Part(double width, string style) =>
            Svg.Rectangle(at.X, at.Y, width, Height, style).With(Svg.Title($"{stage.Stage.Id}: {what}"));
        yield return Part(Width, "page");
        if (done > 0) yield return Part(Width * done, $"{ChartColors.TextOf(color)} fill");
        yield return Part(Width, stage.Status == StageStatus.Waiting ? "edge grey" : $"edge c{color}");
    }
}

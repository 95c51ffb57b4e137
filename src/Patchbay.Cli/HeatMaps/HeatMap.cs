namespace Patchbay.Cli.HeatMaps;

/// <summary>A head's place: layer and index in the layer.</summary>
internal readonly record struct HeatMapCell(int Layer, int Head)
{
    /// <summary>"14.27": layer, then head.</summary>
    public override string ToString() => $"{Layer}.{Head}";
}

/// <summary>One number per head, to be drawn; negative is what one looks for.</summary>
/// <param name="Name">Short name: "A".</param>
/// <param name="Title">What it shows: "value fetcher".</param>
/// <param name="Scores">By [layer, head]; NaN where there is none.</param>
internal sealed record HeatMap(string Name, string Title, double[,] Scores)
{
    /// <summary>Standard errors by [layer, head], or null.</summary>
    public double[,]? StandardErrors { get; init; }

    /// <summary>Cells to mark, strongest first.</summary>
    public IReadOnlyList<HeatMapCell> Marked { get; init; } = [];

    /// <summary>Number of rows.</summary>
    public int Layers => Scores.GetLength(0);

    /// <summary>Number of columns.</summary>
    public int Heads => Scores.GetLength(1);

    /// <summary>Ends of a colour scale that several maps share, or null for this map's own.</summary>
    public double? SharedLimit { get; init; }

    /// <summary>Whether some score lies beyond the ends of the shared scale.</summary>
    public bool IsClipped { get; init; }

    /// <summary>The ends of the colour scale: the shared ones, otherwise the largest magnitude of a score. 0 where all are zero.</summary>
    public double Limit => SharedLimit ?? Scores.Cast<double>().Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();

    /// <summary>A score's place on the colour scale, in [-1, 1]; NaN where there is no score.</summary>
    public double Fraction(HeatMapCell cell)
    {
        var score = Scores[cell.Layer, cell.Head];
        if (!double.IsFinite(score)) return double.NaN;
        return Limit is var limit && limit > 0 ? Math.Clamp(score / limit, -1, 1) : 0;
    }

    /// <summary>The cells, row by row.</summary>
    public IEnumerable<HeatMapCell> Cells =>
        from layer in Enumerable.Range(0, Layers)
        from head in Enumerable.Range(0, Heads)
        select new HeatMapCell(layer, head);

    /// <summary>These maps on one colour scale, whose ends are the most negative score of all: what one looks for has all colours,
    /// and a positive score beyond them, which one unlikely prompt can make, looks like the strongest.</summary>
    public static IReadOnlyList<HeatMap> OnOneScale(IReadOnlyList<HeatMap> maps)
    {
        var negative = maps.SelectMany(map => map.Scores.Cast<double>()).Where(s => double.IsFinite(s) && s < 0).DefaultIfEmpty(0).Min();
        var limit = negative < 0 ? -negative : maps.Select(map => (map with { SharedLimit = null }).Limit)
            .DefaultIfEmpty(0).Max();
        var clipped = maps.Any(map => map.Scores.Cast<double>().Any(s => double.IsFinite(s) && s > limit));
        return [.. maps.Select(map => map with { SharedLimit = limit, IsClipped = clipped })];
    }

    /// <summary>This map with its <paramref name="count"/> most negative cells marked; zero and above never are.</summary>
    public HeatMap MarkMostNegative(int count) => this with
    {
        Marked = [.. Cells.Where(c => Scores[c.Layer, c.Head] is < 0 and not double.NegativeInfinity)
            .OrderBy(c => Scores[c.Layer, c.Head]).Take(count)],
    };

    /// <summary>As many maps a row as fit, evened out over the rows: four maps stand 4, 2 and 2, or one by one.</summary>
    public static int Abreast(int maps, int fitting)
    {
        var most = Math.Clamp(fitting, 1, maps);
        var rows = (maps + most - 1) / most;
        return (maps + rows - 1) / rows;
    }

    /// <summary>The least of some round numbers of cells between two axis labels of which each label has room.</summary>
    /// <param name="cell">Size of one cell.</param>
    /// <param name="label">Room that a label needs.</param>
    public static int LabelStep(double cell, double label) =>
        Enumerable.Range(0, 8).Select(power => 1 << power).First(step => step * cell >= label || step == 128);
}

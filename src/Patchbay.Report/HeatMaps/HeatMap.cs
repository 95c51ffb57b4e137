namespace Patchbay.Report;

/// <summary>One number per head, to be drawn, by [layer, head]; NaN where there is none, and negative what one looks
/// for. It has a short name ("A") and a title ("value fetcher").</summary>
internal sealed record HeatMap(string Name, string Title, double[,] Scores)
{
    // asked for at every cell
    private readonly double ownLimit = Finite(Scores).Select(Math.Abs).DefaultIfEmpty(0).Max();

    /// <summary>Name and title: "A  value fetcher"; the name alone where there is no title of its own.</summary>
    public string Titled(string between = "  ") => Title.Length == 0 || Title == Name ? Name
        : $"{Name}{between}{Title}";

    /// <summary>Standard errors by [layer, head], or null.</summary>
    public double[,]? StandardErrors { get; init; }

    /// <summary>Heads to mark, strongest first.</summary>
    public IReadOnlyList<Head> Marked { get; init; } = [];

    /// <summary>What else a head's tooltip says of it, after its score; null for nothing.</summary>
    public Func<Head, string>? Details { get; init; }

    /// <summary>Where a head's cell leads to; null for nowhere.</summary>
    public Func<Head, string>? LinkOf { get; init; }

    /// <summary>Number of rows.</summary>
    public int Layers => Scores.GetLength(0);

    /// <summary>Number of columns.</summary>
    public int Heads => Scores.GetLength(1);

    /// <summary>The cells, row by row.</summary>
    public IEnumerable<Head> Cells => Head.All(Layers, Heads);

    /// <summary>Ends of a colour scale that several maps share, or null for this map's own.</summary>
    public double? SharedLimit { get; init; }

    /// <summary>Whether some score lies beyond the ends of the shared scale.</summary>
    public bool IsClipped { get; init; }

    /// <summary>The ends of the colour scale: the shared ones, otherwise the largest magnitude of a score; 0 where all
    /// are zero.</summary>
    public double Limit => SharedLimit ?? ownLimit;

    /// <summary>Scores that are numbers.</summary>
    public IEnumerable<double> FiniteScores => Finite(Scores);

    /// <summary>A score's place on the colour scale, in [-1, 1]; NaN where there is no score.</summary>
    public double Fraction(Head head)
    {
        var score = Scores[head.Layer, head.Index];
        if (!double.IsFinite(score)) return double.NaN;
        return Limit is var limit && limit > 0 ? Math.Clamp(score / limit, -1, 1) : 0;
    }

    private static IEnumerable<double> Finite(double[,] scores) => scores.Cast<double>().Where(double.IsFinite);

    /// <summary>These maps on one colour scale, whose ends are the most negative score of all: what one looks for has
    /// all colours, and a positive score beyond them, which one unlikely prompt can make, looks like the
    /// strongest.</summary>
    public static IReadOnlyList<HeatMap> OnOneScale(IReadOnlyList<HeatMap> maps)
    {
        double[] scores = [.. maps.SelectMany(map => map.FiniteScores), 0];
        var limit = scores.Min() < 0 ? -scores.Min() : scores.Max();
        var isClipped = scores.Max() > limit;
        return [.. maps.Select(map => map with { SharedLimit = limit, IsClipped = isClipped })];
    }

    /// <summary>This map with so many of its most negative heads marked; zero and above never are.</summary>
    public HeatMap MarkMostNegative(int count) => this with
    {
        Marked = [.. Cells.Where(c => Scores[c.Layer, c.Index] is < 0 and not double.NegativeInfinity)
            .OrderBy(c => Scores[c.Layer, c.Index]).Take(count)],
    };

    /// <summary>As many maps a row as fit, evened out over the rows: four stand 4, 2 and 2, or one by one.</summary>
    public static int Abreast(int maps, int fitting)
    {
        var most = Math.Clamp(fitting, 1, maps);
        var rows = (maps + most - 1) / most;
        return (maps + rows - 1) / rows;
    }

    /// <summary>The least power of two of cells, up to 128, between two labels of an axis with which each has
    /// room.</summary>
    public static int LabelStep(double cell, double label)
    {
        var step = 1;
        while (step < 128 && step * cell < label) step *= 2;
        return step;
    }
}

/// <summary>One model's row of a grid of heat maps, a column each; the note is what else is said of it: its
/// accuracy.</summary>
internal sealed record HeatMapRow(string Name, string Note, IReadOnlyList<HeatMap> Maps)
{
    /// <summary>These rows with every column on one colour scale. Groups differ in strength, by ten and more, too much
    /// for one scale over all; models do not, and are what one compares.</summary>
    public static IReadOnlyList<HeatMapRow> OnOneScale(IReadOnlyList<HeatMapRow> rows)
    {
        var columns = rows[0].Maps.Select((_, c) => HeatMap.OnOneScale([.. rows.Select(row => row.Maps[c])])).ToArray();
        return [.. rows.Select((row, r) => row with { Maps = [.. columns.Select(column => column[r])] })];
    }
}

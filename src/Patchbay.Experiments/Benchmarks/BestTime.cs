using System.Diagnostics;

namespace Patchbay.Experiments;

/// <summary>The best time of several runs of the same work, as benchmarks tell it.</summary>
internal sealed class BestTime
{
    /// <summary>Seconds of the fastest run; infinite before the first.</summary>
    public double Seconds { get; private set; } = double.PositiveInfinity;

    /// <summary>Floating-point operations of the last run with a model.</summary>
    public double Operations { get; private set; }

    /// <summary>The fastest of <paramref name="repeats"/> runs, and what the last one made.</summary>
    public static (double Seconds, T Made) Measure<T>(int repeats, Func<T> work)
    {
        var best = new BestTime();
        var made = default(T)!;
        for (var r = 0; r < repeats; r++) best.Time(() => made = work());
        return (best.Seconds, made);
    }

    /// <summary>Runs the work once more, counting the operations of <paramref name="model"/> if it is given.</summary>
    public void Time(Action work, Decoder? model = null)
    {
        var before = model?.Operations;
        var clock = Stopwatch.StartNew();
        work();
        Add(clock.Elapsed.TotalSeconds);
        if (model is not null) Operations = model.Operations - before!.Value;
    }

    /// <summary>Adds a run that was timed elsewhere.</summary>
    public void Add(double seconds) => Seconds = Math.Min(Seconds, seconds);
}

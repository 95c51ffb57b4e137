using System.Diagnostics;

namespace Patchbay.Experiments;

/// <summary>DCM by the cone against the reference on one group: the same training, in the same process.</summary>
/// <param name="Position">Name of the group's position.</param>
/// <param name="Heads">Heads of the group.</param>
/// <param name="ReferenceStepSeconds">One forward and backward pass of a batch, whole, best of the repeats.</param>
/// <param name="ConeStepSeconds">The same by the cone, base run and sources already made, best of three times the
/// repeats.</param>
/// <param name="ReferenceMakeSeconds">Making ready a batch (the sources' z), reference.</param>
/// <param name="ConeMakeSeconds">The same by the cone: base run and sources' z.</param>
/// <param name="ReferenceSeconds">A whole training: making ready, steps, validations and test.</param>
/// <param name="ConeSeconds">The same by the cone, best of the repeats.</param>
/// <param name="LargestDifference">Largest difference of a mask entry after any step between the two.</param>
public sealed record DcmGroupBenchmark(string Position, int Heads, double ReferenceStepSeconds, double ConeStepSeconds,
    double ReferenceMakeSeconds, double ConeMakeSeconds, double ReferenceSeconds, double ConeSeconds,
    double LargestDifference)
{
    /// <summary>How many times faster a step is.</summary>
    public double StepRatio => ReferenceStepSeconds / ConeStepSeconds;

    /// <summary>How many times faster the whole training is.</summary>
    public double Ratio => ReferenceSeconds / ConeSeconds;
}

/// <summary>What DCM's benchmark measures on one model.</summary>
/// <param name="Batch">Triples of a step.</param>
/// <param name="Steps">Steps of the whole training.</param>
/// <param name="Tokens">Tokens of the longest prompt.</param>
/// <param name="Groups">Group by group.</param>
public sealed record DcmBenchmarkResult(int Batch, int Steps, int Tokens, IReadOnlyList<DcmGroupBenchmark> Groups);

/// <summary>One group that the benchmark trains a mask over.</summary>
/// <param name="Position">Name of its position.</param>
/// <param name="Heads">Its heads.</param>
/// <param name="Triples">Train, validation and test are half, a quarter and a quarter of them.</param>
public sealed record DcmSubject(string Position, IReadOnlyList<Head> Heads, IReadOnlyList<DcmTriple> Triples);

/// <summary>Measures DCM by the cone against whole forward and backward passes.</summary>
public static class DcmBenchmark
{
    /// <summary>Trains a mask for every group by both, the cone <paramref name="repeats"/> times.</summary>
    /// <param name="name">Description of the model.</param>
    /// <param name="model">The model.</param>
    /// <param name="subjects">The groups.</param>
    /// <param name="repeats">Runs of the cone, and steps of the reference that are timed alone; the best
    /// counts.</param>
    /// <param name="progress">Told what is under way.</param>
    public static DcmBenchmarkResult Run(string name, Decoder model, IReadOnlyList<DcmSubject> subjects, int repeats,
        Action<string>? progress = null)
    {
        var options = new DcmOptions();
        var groups = new List<DcmGroupBenchmark>();
        var steps = 0;
        foreach (var subject in subjects)
        {
            progress?.Invoke($"{name}: {subject.Position}");
            using var coneStep = new FirstBatch(model, subject, options);
            using var referenceStep = new FirstBatch(model, subject, options with { Reference = true });
            for (var r = 0; r < repeats; r++) // in turn, so that both see the same machine
            {
                referenceStep.Time();
                for (var i = 0; i < 3; i++) coneStep.Time();
            }
            var (coneSeconds, cone) = BestTime.Measure(repeats, () => Train(model, subject, options));
            var (referenceSeconds, reference) =
                BestTime.Measure(1, () => Train(model, subject, options with { Reference = true }));
            var difference = cone.Zip(reference)
                .Max(pair => pair.First.Mask.Zip(pair.Second.Mask, (x, y) => Math.Abs(x - y)).Max());
            groups.Add(new(subject.Position, subject.Heads.Count, referenceStep.Best.Seconds, coneStep.Best.Seconds,
                referenceStep.MakeSeconds, coneStep.MakeSeconds, referenceSeconds, coneSeconds, difference));
            steps = Math.Max(steps, cone.Count);
        }
        return new(options.Batch, steps, subjects.Max(s => s.Triples.Max(t => t.Base.Length)), groups);
    }

    private static IReadOnlyList<DcmStep> Train(Decoder model, DcmSubject subject, DcmOptions options)
    {
        int half = subject.Triples.Count / 2, quarter = subject.Triples.Count / 4;
        return Dcm.Train(model, subject.Heads, [.. subject.Triples.Take(half)],
            [.. subject.Triples.Skip(half).Take(quarter)], [.. subject.Triples.Skip(half + quarter)], options).Steps;
    }

    /// <summary>Times the first batch: making it ready, and the best step with it.</summary>
    private sealed class FirstBatch : IDisposable
    {
        private readonly DcmSources? sources;
        private readonly DcmSlices slices;
        private readonly double[] mask;

        public FirstBatch(Decoder model, DcmSubject subject, DcmOptions options)
        {
            mask = [.. subject.Heads.Select(_ => 0.5)];
            var clock = Stopwatch.StartNew();
            var triples = subject.Triples.Take(options.Batch).ToArray();
            sources = options.Reference ? null : new DcmSources(model, subject.Heads, triples);
            slices = new DcmSlices(model, subject.Heads, triples, sources, options);
            foreach (var _ in slices.InBatch(0)) MakeSeconds = clock.Elapsed.TotalSeconds;
        }

        public double MakeSeconds { get; }

        public BestTime Best { get; } = new();

        public void Time() => Best.Time(() =>
        {
            foreach (var slice in slices.InBatch(0)) slice.TargetLogit(mask);
        });

        public void Dispose()
        {
            slices.Dispose();
            sources?.Dispose();
        }
    }
}

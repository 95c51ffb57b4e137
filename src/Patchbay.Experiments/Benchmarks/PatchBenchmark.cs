using System.Diagnostics;

namespace Patchbay.Experiments;

/// <summary>Cone against reference on one group: the same interventions, in the same process. What the reference alone
/// tells is NaN where it did not run.</summary>
/// <param name="Group">"A".</param>
/// <param name="Senders">Heads that can have an effect: those below some receiver.</param>
/// <param name="ReferenceSecondsPerHead">Whole forward passes, mean of a few heads.</param>
/// <param name="ConeSecondsPerHead">The cone, all senders together, best of the repeats.</param>
/// <param name="ReferenceOperations">Floating-point operations per head, reference.</param>
/// <param name="ConeOperations">Floating-point operations per head, cone.</param>
/// <param name="LargestDifference">Largest absolute difference of a score between the two, over the heads both
/// did.</param>
public sealed record GroupBenchmark(string Group, int Senders, double ReferenceSecondsPerHead,
    double ConeSecondsPerHead, double ReferenceOperations, double ConeOperations, double LargestDifference)
{
    /// <summary>How many times faster the cone is.</summary>
    public double Ratio => ReferenceSecondsPerHead / ConeSecondsPerHead;

    /// <summary>How many times fewer operations it does.</summary>
    public double OperationRatio => ReferenceOperations / ConeOperations;

    /// <summary>GFLOP/s of the cone.</summary>
    public double ConeGflops => ConeOperations / ConeSecondsPerHead / 1e9;
}

/// <summary>What <c>pbm bench patch</c> measures on one model.</summary>
/// <param name="Model">Description.</param>
/// <param name="Prompts">How many.</param>
/// <param name="Tokens">Tokens of each.</param>
/// <param name="Threads">libtorch's threads.</param>
/// <param name="PlainGflops">A plain matrix product's, (1024)^3 in the model's dtype, measured before and after: the
/// better.</param>
/// <param name="CacheSeconds">Base run and counterfactual activations, best of the repeats.</param>
/// <param name="CacheGflops">GFLOP/s of that.</param>
/// <param name="Groups">Group by group.</param>
/// <param name="ConeSeconds">All groups, all heads, caches included, best of the repeats.</param>
/// <param name="ReferenceSeconds">The reference's time for the same: its seconds per head times all heads that can have
/// an effect, and its own clean run.</param>
/// <param name="ConeSecondsAbc">The cone's for A, B and C alone.</param>
/// <param name="ReferenceSecondsAbc">The reference's for A, B and C alone.</param>
/// <param name="PeakBytes">Peak resident memory of the process before the reference ran.</param>
/// <param name="Effects">Of each group, the cone's relative change of the answer's probability by [sender,
/// prompt].</param>
public sealed record PatchBenchmarkResult(string Model, int Prompts, int Tokens, int Threads, double PlainGflops,
    double CacheSeconds, double CacheGflops, IReadOnlyList<GroupBenchmark> Groups, double ConeSeconds,
    double ReferenceSeconds, double ConeSecondsAbc, double ReferenceSecondsAbc, long PeakBytes,
    IReadOnlyList<double[,]> Effects);

/// <summary>Measures path patching by the cone against the plain reference.</summary>
public static class PatchBenchmark
{
    /// <summary>Runs every group by the cone (<paramref name="repeats"/> times, the best counts) and a few heads of
    /// each by the reference.</summary>
    /// <param name="name">Description of the model.</param>
    /// <param name="model">The model.</param>
    /// <param name="prompts">Prompts with the chain's positions.</param>
    /// <param name="receivers">Receivers of B, C and D.</param>
    /// <param name="referenceHeads">Heads per group that the reference does; with 0 it does not run, and its times are
    /// NaN.</param>
    /// <param name="repeats">Runs of the cone.</param>
    /// <param name="plainGflops">Measures a plain matrix product's GFLOP/s.</param>
    /// <param name="progress">Told what is under way.</param>
    public static PatchBenchmarkResult Run(string name, Decoder model, PromptSet prompts, IReadOnlyList<Head> receivers,
        int referenceHeads, int repeats, Func<double> plainGflops, Action<string>? progress = null)
    {
        var plain = plainGflops();
        Work[] groups = [.. PathChain.EntityTracking.Groups.Select(group => new Work(model, group, receivers))];
        BestTime caches = new(), abc = new(), all = new();
        for (var r = 0; r < repeats; r++)
        {
            progress?.Invoke($"{name}: cone, run {r + 1} of {repeats}");
            using var made = new PathSession(model, prompts, PathChain.EntityTracking.Groups, null);
            var clock = Stopwatch.StartNew();
            caches.Time(() => made.Open(0), model);
            foreach (var group in groups)
            {
                group.Patch(made.Open(0));
                if (group.Name == "C") abc.Add(clock.Elapsed.TotalSeconds);
            }
            all.Add(clock.Elapsed.TotalSeconds);
        }
        var peak = ProcessMemory.PeakBytes();
        using var plainCaches = new PathSession(model, prompts, PathChain.EntityTracking.Groups, null, reference: true);
        var referenceCaches = new BestTime();
        if (referenceHeads > 0) referenceCaches.Time(() => plainCaches.Open(0));
        var results = groups.Select(group =>
        {
            if (referenceHeads == 0) return group.Alone;
            progress?.Invoke($"{name}: reference, group {group.Name}");
            return group.Compare(plainCaches.Open(0), referenceHeads);
        }).ToArray();
        double Reference(params string[] names) => referenceCaches.Seconds +
            results.Where(r => names.Contains(r.Group)).Sum(r => r.ReferenceSecondsPerHead * r.Senders);
        return new PatchBenchmarkResult(name, prompts.Count, prompts.Prompts.Max(p => p.Clean.Ids.Length),
            get_num_threads(), Math.Max(plain, plainGflops()), caches.Seconds, caches.Operations / caches.Seconds / 1e9,
            results, all.Seconds, Reference("A", "B", "C", "D"), abc.Seconds, Reference("A", "B", "C"), peak,
            [.. groups.Select(group => group.Effects)]);
    }

    /// <summary>A group, the heads that can have an effect, and what the cone made of them.</summary>
    private sealed class Work(Decoder model, PathGroup group, IReadOnlyList<Head> receivers)
    {
        private readonly BestTime cone = new();
        private readonly Head[] senders = [.. Head.All(
            group.ReceiversFrom is null ? model.Config.Layers : receivers.Max(r => r.Layer), model.Config.Heads)];

        public string Name => group.Name;

        /// <summary>By [sender, prompt].</summary>
        public double[,] Effects { get; private set; } = new double[0, 0];

        /// <summary>What the cone did, without the reference.</summary>
        public GroupBenchmark Alone => new(Name, senders.Length, double.NaN, cone.Seconds / senders.Length, double.NaN,
            cone.Operations / senders.Length, double.NaN);

        public void Patch(PathBatch batch) => cone.Time(() => Effects = EffectsOf(batch, senders), model);

        public GroupBenchmark Compare(PathBatch batch, int heads)
        {
            var all = senders.Length;
            int[] chosen = [.. Enumerable.Range(0, heads).Select(i => (i * all + all / 2) / heads)];
            var (reference, difference) = (new BestTime(), 0.0);
            reference.Time(() =>
            {
                var effects = EffectsOf(batch, [.. chosen.Select(s => senders[s])]);
                difference = chosen.Index().Max(c => Math.Abs(Mean(effects, c.Index) - Mean(Effects, c.Item)));
            }, model);
            return Alone with
            {
                ReferenceSecondsPerHead = reference.Seconds / heads,
                ReferenceOperations = reference.Operations / heads,
                LargestDifference = difference,
            };
        }

        private double[,] EffectsOf(PathBatch batch, Head[] heads) =>
            PathPatching.Effects(batch, group, group.ReceiversFrom is null ? [] : receivers, heads);

        private static double Mean(double[,] effects, int sender) =>
            Enumerable.Range(0, effects.GetLength(1)).Average(n => effects[sender, n]);
    }
}

/// <summary>Memory of this process.</summary>
public static class ProcessMemory
{
    /// <summary>Peak resident bytes so far (VmHWM on Linux).</summary>
    public static long PeakBytes()
    {
        using var own = Process.GetCurrentProcess();
        return own.PeakWorkingSet64;
    }
}

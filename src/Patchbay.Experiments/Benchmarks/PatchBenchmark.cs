using System.Diagnostics;
using static TorchSharp.torch;

namespace Patchbay.Experiments;

/// <summary>Cone against reference on one group: the same interventions, in the same process.</summary>
/// <param name="Group">"A".</param>
/// <param name="Senders">Heads that can have an effect: those below some receiver.</param>
/// <param name="ReferenceSecondsPerHead">Whole forward passes, mean of a few heads.</param>
/// <param name="ConeSecondsPerHead">The cone, all senders together, best of the repeats.</param>
/// <param name="ReferenceOperations">Floating-point operations per head, reference.</param>
/// <param name="ConeOperations">Floating-point operations per head, cone.</param>
/// <param name="LargestDifference">Largest absolute difference of a score between the two, over the heads both
/// did.</param>
public sealed record GroupBenchmark(string Group, int Senders, double ReferenceSecondsPerHead, double ConeSecondsPerHead,
    double ReferenceOperations, double ConeOperations, double LargestDifference)
{
    /// <summary>How many times faster the cone is.</summary>
    public double Ratio => ReferenceSecondsPerHead / ConeSecondsPerHead;

    /// <summary>How many times fewer operations it does.</summary>
    public double OperationRatio => ReferenceOperations / ConeOperations;

    /// <summary>GFLOP/s of the cone.</summary>
    public double ConeGflops => ConeOperations / ConeSecondsPerHead / 1e9;

    /// <summary>GFLOP/s of the reference.</summary>
    public double ReferenceGflops => ReferenceOperations / ReferenceSecondsPerHead / 1e9;
}

/// <summary>What <c>pbm bench patch</c> measures on one model.</summary>
/// <param name="Model">Description.</param>
/// <param name="Prompts">How many.</param>
/// <param name="Tokens">Tokens of each.</param>
/// <param name="Threads">libtorch's threads.</param>
/// <param name="PlainGflops">A plain matrix product's, (1024)^3 in the model's dtype, measured before and after: the
/// better.</param>
/// <param name="CacheSeconds">Base run and counterfactual activations, best of the repeats.</param>
/// <param name="CacheOperations">Their operations.</param>
/// <param name="Groups">Group by group.</param>
/// <param name="ConeSeconds">All groups, all heads, caches included, best of the repeats.</param>
/// <param name="ReferenceSeconds">The reference's time for the same: its seconds per head times all heads that can have
/// an effect, and its own clean run.</param>
/// <param name="ConeSecondsAbc">The same for A, B and C alone.</param>
/// <param name="ReferenceSecondsAbc">The same for A, B and C alone.</param>
/// <param name="PeakBytes">Peak resident memory of the process before the reference ran.</param>
/// <param name="Effects">Of each group, the cone's relative change of the answer's probability by [sender,
/// prompt].</param>
public sealed record PatchBenchmarkResult(string Model, int Prompts, int Tokens, int Threads, double PlainGflops, double CacheSeconds,
    double CacheOperations, IReadOnlyList<GroupBenchmark> Groups, double ConeSeconds, double ReferenceSeconds, double ConeSecondsAbc,
    double ReferenceSecondsAbc, long PeakBytes, IReadOnlyList<double[,]> Effects);

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
    public static PatchBenchmarkResult Run(string name, Llama model, PromptSet prompts, IReadOnlyList<Head> receivers,
        int referenceHeads, int repeats, Func<double> plainGflops, Action<string>? progress = null)
    {
        var plain = plainGflops();
        var chain = PathChain.EntityTracking;
        var cone = chain.Groups.Select(_ => new Best()).ToArray();
        Best caches = new(), abc = new(), all = new();
        var scores = new double[chain.Groups.Count][,];
        for (var r = 0; r < repeats; r++)
        {
            progress?.Invoke($"{name}: cone, run {r + 1} of {repeats}");
            using var made = new PathCaches(model, prompts, chain.Groups, null);
            var clock = Stopwatch.StartNew();
            caches.Add(model, () => made.Open(0));
            for (var g = 0; g < chain.Groups.Count; g++)
            {
                var group = chain.Groups[g];
                cone[g].Add(model, () => scores[g] = PathPatching.Effects(made.Open(0), group, Ends(group, receivers),
                    Senders(model, group, receivers)));
                if (group.Name == "C") abc.Seconds = Math.Min(abc.Seconds, clock.Elapsed.TotalSeconds);
            }
            all.Seconds = Math.Min(all.Seconds, clock.Elapsed.TotalSeconds);
        }
        var peak = ProcessMemory.PeakBytes();
        using var plainCaches = new PathCaches(model, prompts, chain.Groups, null, reference: true);
        var referenceCaches = new Best();
        if (referenceHeads > 0) referenceCaches.Add(model, () => plainCaches.Open(0));
        var results = chain.Groups.Select((group, g) =>
        {
            var senders = Senders(model, group, receivers).Length;
            if (referenceHeads == 0)
            {
                return new GroupBenchmark(group.Name, senders, double.NaN, cone[g].Seconds / senders, double.NaN,
                    cone[g].Operations / (double)senders, double.NaN);
            }
            progress?.Invoke($"{name}: reference, group {group.Name}");
            return Compare(model, plainCaches.Open(0), group, receivers, referenceHeads, cone[g], scores[g]);
        }).ToArray();
        double Reference(params string[] names) => referenceCaches.Seconds +
            results.Where(r => names.Contains(r.Group)).Sum(r => r.ReferenceSecondsPerHead * r.Senders);
        return new PatchBenchmarkResult(name, prompts.Count, prompts.Prompts.Max(p => p.Clean.Ids.Length), get_num_threads(),
            Math.Max(plain, plainGflops()), caches.Seconds, caches.Operations, results, all.Seconds, Reference("A", "B", "C", "D"),
            abc.Seconds, Reference("A", "B", "C"), peak, scores);
    }

    private static GroupBenchmark Compare(Llama model, PathBatch batch, PathGroup group, IReadOnlyList<Head> receivers, int heads,
        Best cone, double[,] scores)
    {
        var senders = Senders(model, group, receivers);
        var chosen = Enumerable.Range(0, heads).Select(i => (i * senders.Length + senders.Length / 2) / heads).ToArray();
        var reference = new Best();
        double difference = 0;
        reference.Add(model, () =>
        {
            var effects = PathPatching.Effects(batch, group, Ends(group, receivers), [.. chosen.Select(s => senders[s])]);
            for (var i = 0; i < heads; i++)
                difference = Math.Max(difference, Math.Abs(Mean(effects, i) - Mean(scores, chosen[i])));
        });
        return new GroupBenchmark(group.Name, senders.Length, reference.Seconds / heads, cone.Seconds / senders.Length,
            reference.Operations / (double)heads, cone.Operations / (double)senders.Length, difference);
    }

    private static double Mean(double[,] effects, int sender) =>
        Enumerable.Range(0, effects.GetLength(1)).Average(n => effects[sender, n]);

    private static IReadOnlyList<Head> Ends(PathGroup group, IReadOnlyList<Head> receivers) => group.ReceiversFrom is null ? [] : receivers;

    private static Head[] Senders(Llama model, PathGroup group, IReadOnlyList<Head> receivers)
    {
        var layers = group.ReceiversFrom is null ? model.Config.Layers : receivers.Max(r => r.Layer);
        return [.. Enumerable.Range(0, layers * model.Config.Heads).Select(i => new Head(i / model.Config.Heads, i % model.Config.Heads))];
    }

    /// <summary>The best time of several runs of the same work, and its operations.</summary>
    private sealed class Best
    {
        public double Seconds { get; set; } = double.PositiveInfinity;

        public long Operations { get; private set; }

        public void Add(Llama model, Action work)
        {
            var before = model.Operations;
            var clock = Stopwatch.StartNew();
            work();
            Seconds = Math.Min(Seconds, clock.Elapsed.TotalSeconds);
            Operations = model.Operations - before;
        }
    }
}

/// <summary>Memory of this process.</summary>
public static class ProcessMemory
{
    /// <summary>Peak resident bytes so far (VmHWM on Linux).</summary>
    public static long PeakBytes()
    {
        const string Field = "VmHWM:";
        var line = File.Exists("/proc/self/status") ? File.ReadLines("/proc/self/status")
            .FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal)) : null;
        return line is null ? Process.GetCurrentProcess().PeakWorkingSet64
            : long.Parse(line[Field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim()) * 1024;
    }
}

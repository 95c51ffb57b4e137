using Patchbay.Sweeps;
using Xunit.Abstractions;

namespace Patchbay.EndToEnd.Tests;

/// <summary>Runs sweeps of real processes, kills them, and says what must be so afterwards.</summary>
internal sealed class Killing(ITestOutputHelper output)
{
    public const string Sweep = "killed-1";

    // PATCHBAY_SOAK=1 kills the quartet's sweep 30 times, every experiment 8 times.
    private static bool IsSoak => SoakFactAttribute.IsSoak;

    /// <summary>Two models, the quartet in a soak, with so many prompts that a unit takes longer than the test takes to
    /// notice it.</summary>
    public static readonly string Study = $$"""
        name: killed
        models: [tiny-base, tiny-goat{{(IsSoak ? ", tiny-chat, tiny-float" : "")}}]
        task: {kind: entity-tracking, boxes: 7, prompts: 800}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 600}
          - path-patching: {groups: [A, B, C], receivers: [6, 6, 6]}
        """;

    /// <summary>Every experiment, small.</summary>
    public const string Everything = """
        name: killed
        models: [tiny-base, tiny-goat]
        task: {kind: entity-tracking, boxes: 7, prompts: 40}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 28}
          - path-patching: {receivers: [4, 4, 4, 4]}
          - minimality: {prompts: 14, means: 20}
          - circuit: {prompts: 14, means: 20, random: 2, subsets: 2}
          - attribution: {steps: 2}
          - dcm: {triples: 32, triples-at-once: 8}
          - functionality: {seeds: 2, triples: 14}
          - cmap: {heads: circuit, prompts: 14}
          - activation-patching: {prompts: 14}
          - knockout: {prompts: 14}
          - attention: {prompts: 14}
          - targeted-tuning: {sets: [A, circuit], steps: 3, prompts: 14}
        """;

    private static readonly Lazy<Home> CalmStudy = new(() => Calm(Study)), CalmEverything = new(() => Calm(Everything));

    /// <summary>What <see cref="Study"/> gives where nobody disturbs it: run once for all tests.</summary>
    public static Home Undisturbed => CalmStudy.Value;

    public void KilledManyTimes(string? database)
    {
        using var folder = new TemporaryFolder();
        Home killed = new(folder.PathOf("killed"), database);
        KillAgainAndAgain(killed, WriteStudy(folder, Study), IsSoak ? 30 : 6, Undisturbed.Completed(Sweep).Length);
        SameExports(folder, Undisturbed, killed);
        Assert.Equal(0, Pbm.Run(killed, "journal", "verify").Code);
    }

    public void EveryExperimentKilled(string? database)
    {
        using var folder = new TemporaryFolder();
        Home calm = CalmEverything.Value, killed = new(folder.PathOf("killed"), database);
        KillAgainAndAgain(killed, WriteStudy(folder, Everything), IsSoak ? 8 : 2, calm.Completed(Sweep).Length);
        SameExports(folder, calm, killed);
        Assert.Equal(Results(calm), Results(killed));
        Assert.True(Results(calm).Length > 500);
    }

    /// <summary>Runs a study of so many units and kills its process as often as asked, all through it; then lets it
    /// end.</summary>
    private void KillAgainAndAgain(Home data, string study, int kills, int units)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var progress = new List<int>();
        for (var kill = 0; kill < kills; kill++)
        {
            using var pbm = Pbm.Start(data, kill == 0 ? ["study", "run", study] : ["sweep", "resume", "killed-1"]);
            if (kill == 0) pbm.Until("killed-1");
            // A third die as they start, the others in the middle of a unit; the last with a tenth of the sweep to go.
            if (random.Next(3) == 0) Thread.Sleep(random.Next(1000));
            else
            {
                var least = 0.9 * units * (kill + random.NextDouble()) / kills;
                Pbm.WaitFor(() => pbm.HasExited || data.Completed(Sweep).Length >= least);
                Thread.Sleep(random.Next(100));
            }
            Assert.False(pbm.HasExited, "the sweep was done before all kills: give it more prompts");
            pbm.Kill();
            progress.Add(data.Completed(Sweep).Length);
        }
        output.WriteLine($"units done after each of {progress.Count} kills: {string.Join(' ', progress)}");
        Assert.True(progress[^1] > units / 10, "the kills must be spread over the sweep");
        Ended(Pbm.Run(data, "sweep", "resume", "killed-1"));
        Assert.Equal(data.Completed(Sweep).Distinct(), data.Completed(Sweep));
        NothingAfterItsCompletion(data);
    }

    /// <summary>Runs a study that nobody disturbs; what it gives lives as long as the tests do.</summary>
    public static Home Calm(string study)
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        Home home = folder.PathOf("calm");
        Ended(Pbm.Run(home, "study", "run", WriteStudy(folder, study)));
        return home;
    }

    public static string WriteStudy(TemporaryFolder folder, string study)
    {
        var path = folder.PathOf("killed.yaml");
        File.WriteAllText(path, study);
        return path;
    }

    public static void Ended(Outcome outcome) => Assert.True(outcome.Code == 0, outcome.ToString());

    public static void SameExports(TemporaryFolder folder, Home one, Home other) =>
        SameExports(folder, (one, Sweep), (other, Sweep));

    public static void SameExports(TemporaryFolder folder, params (Home Home, string Sweep)[] sweeps)
    {
        foreach (var format in new[] { "json", "csv", "npy" })
        {
            var exports = sweeps.Select(s =>
            {
                var to = folder.PathOf($"{Path.GetFileName(s.Home.Folder)}-{s.Sweep}-{format}");
                Ended(Pbm.Run(s.Home, "sweep", "export", s.Sweep, "--format", format, "--out", to));
                return Directory.GetFiles(to, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                    .SelectMany(f => Lines(f).Select(line => $"{Path.GetRelativePath(to, f)}: {line}")).ToArray();
            }).ToArray();
            Assert.NotEmpty(exports[0]);
            var different = exports[0].Where((line, i) => line != exports[1].ElementAtOrDefault(i)).Take(20);
            Assert.Empty(different);
            Assert.Equal(exports[0].Length, exports[1].Length);
        }
    }

    /// <summary>A file's lines, ends included; of one that is no text its bytes as a number.</summary>
    private static string[] Lines(string file) => Path.GetExtension(file) is ".npy"
        ? [Convert.ToHexString(File.ReadAllBytes(file))] : File.ReadAllText(file).Split('\n');

    /// <summary>Everything recorded but times and machines, unit by unit.</summary>
    public static string[] Results(Home home) => [.. home.Events(Sweep).OfType<InterventionRecorded>()
        .Select(r => $"{r.Unit} {r.Item} {r.Score:R} {r.Error:R} {r.Samples} {r.Detail}")
            .Order(StringComparer.Ordinal)];

    public static void NothingAfterItsCompletion(Home home, string sweep = Sweep)
    {
        var done = new HashSet<string>();
        foreach (var happened in home.Events(sweep))
        {
            if (happened is UnitCompleted completed) done.Add(completed.Unit);
            if (happened is UnitClaimed claimed) Assert.DoesNotContain(claimed.Unit, done);
        }
    }
}

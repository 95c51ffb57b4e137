using System.Diagnostics;
using System.Globalization;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Journal;
using Patchbay.Sweeps;
using Patchbay.Tasks;
using Patchbay.Web;
using Xunit.Abstractions;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>The pages of a sweep of a million results: 32 models of 32 x 32 heads, four groups, prompts in 12 batches;
/// how long each takes is printed.</summary>
public sealed class LargeSweepTests(ITestOutputHelper output)
{
    private const int Models = 32, Layers = 32, Heads = 32, Prompts = 384, Batch = 32;

    [SoakFact]
    public async Task Its_pages_open()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("journal.db");
        var results = Make(file);
        Assert.InRange(results, 900_000, 2_000_000);
        await using var node = await TestNode.Start(file, new SimulatedModels(() => 1, () => 0));
        await using var api = await ControlApi.StartAsync(node, "/data", null, LivePages.Of(node, null, null));
        using var browser = new Browser(api.Address);
        foreach (var path in new[] { "/", "/sweeps/s", "/sweeps/s", "/", "/sweeps/s/heads/3.1", "/sweeps/s?scale=one",
            "/compare?a=s:m01&b=s:m02", "/sweeps/s" })
        {
            var clock = Stopwatch.StartNew();
            await browser.LookAsync(path);
            var seconds = clock.Elapsed.TotalSeconds;
            while (!browser.IsWhole) await browser.OpenAsync(path);
            output.WriteLine($"{path}: {seconds:0.00} s, whole after {clock.Elapsed.TotalSeconds:0.00} s, "
                + $"{browser.Text.Length / 1e6:0.0} MB of HTML");
            if (path == "/sweeps/s") Assert.Contains("id=\"maps-A\"", browser.Text, StringComparison.Ordinal);
        }
    }

    // All of it complete but the last units, as its actor would have recorded it.
    private static int Make(string file)
    {
        using var journal = SqlJournal.Open(file);
        var (state, last, results) = (SweepState.None, 0L, 0);
        var waiting = new List<SweepEvent>();
        Do(new PlanSweep(Plan(), "test"));
        Do(new StartSweep());
        var kind = Experiment.All.OfType<PathPatchingExperiment>().Single();
        while (state.Beginnable.FirstOrDefault() is { } next)
        {
            Do(new BeginStage(next.Stage.Id, kind.Plan(next.Stage, state)));
            foreach (var unit in state.Stages[next.Stage.Id].Order)
            {
                Do(new ClaimUnit(unit, "gpu1:1:1"));
                var layer = int.Parse(unit.AsSpan(unit.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
                InterventionResult[] found = [.. Enumerable.Range(0, Heads).Select(h => ResultOf(new(layer, h)))];
                results += found.Length;
                Do(new CompleteUnit(unit, "gpu1:1:1", found, $"fingerprint of {next.Stage.Model}", "test", 0.5));
            }
        }
        Write();
        journal.SaveSnapshot("s", new(state, last), DateTimeOffset.UtcNow);
        return results;

        void Do(SweepCommand command)
        {
            var decision = SweepDecider.Decide(command, state);
            Assert.Null(decision.Refusal);
            state = SweepDecider.Evolve(state, decision.Events);
            waiting.AddRange(decision.Events);
            if (waiting.Count > 20_000) Write();
        }

        void Write()
        {
            Assert.True(journal.TryAppend("s", last, waiting, DateTimeOffset.UtcNow));
            last += waiting.Count;
            waiting.Clear();
        }
    }

    // One head in forty matters, the others are noise.
    private static InterventionResult ResultOf(Head head)
    {
        var chance = SplitMix64.For(20, $"{head}");
        var noise = 0.01 * (chance.NextDouble() - 0.5);
        return new($"{head}", chance.NextDouble() < 1 / 40.0 ? noise - 0.3 : noise, 0.01, Batch) { Head = head };
    }

    private static SweepPlan Plan()
    {
        string[] names = [.. Enumerable.Range(1, Models).Select(i => $"m{i:00}")];
        var kind = Experiment.All.OfType<PathPatchingExperiment>().Single();
        var values = kind.Fields.ToDictionary(f => f.Name, f => f.Name == "batch" ? $"{Batch}" : f.Default);
        return new("large", "text", 20, new("entity-tracking", Prompts, 7), new("float32", "cpu", 1, 1 << 20),
            [.. names.Select(n => new PlannedModel(n, $"/models/{n}", null, $"fingerprint of {n}", Layers, Heads,
                1 << 20))],
            [.. names.SelectMany(name => kind.Expand(new(name, values, [.. names], [])))]);
    }
}

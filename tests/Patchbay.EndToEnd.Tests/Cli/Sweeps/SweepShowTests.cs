using System.Text.Json;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Tests.Sweeps;

public sealed class SweepShowTests
{
    private static PbmRun Show(MadeSweep sweep, params string[] arguments) =>
        sweep.Pbm(open => new SweepShowCommand(open), ["show", sweep.Id, .. arguments]);

    [Fact]
    public void A_list_has_every_sweep_and_how_far_it_is()
    {
        var journal = new MemoryJournal();
        new MadeSweep("tiny-1", journal: journal).RunAll();
        var second = new MadeSweep("tiny-2", journal: journal).Run(5);
        var run = second.Pbm(open => new SweepListCommand(open), "list");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Matches(@"tiny-1 +tiny +completed +32/32 +0", run.Out);
        Assert.Matches(@"tiny-2 +tiny +running +5/20\+ +0", run.Out);
        var document = JsonDocument.Parse(second.Pbm(open => new SweepListCommand(open), "list", "--json").Out)
            .RootElement.GetProperty("sweeps");
        Assert.Equal(["tiny-1", "tiny-2"], document.EnumerateArray().Select(s => s.GetProperty("id").GetString()));
        Assert.Equal(MadeSweep.Start, document[0].GetProperty("started").GetDateTimeOffset());
        Assert.Equal(MadeSweep.Start.AddSeconds(32 * 2), document[0].GetProperty("last_event").GetDateTimeOffset());
    }

    [Fact]
    public void A_list_has_tags_where_some_sweep_has_and_is_filtered_by_one()
    {
        var journal = new MemoryJournal();
        _ = new MadeSweep("tiny-1", journal: journal);
        PbmRun List(MadeSweep sweep, params string[] more) =>
            sweep.Pbm(open => new SweepListCommand(open), ["list", .. more]);
        var second = new MadeSweep("tiny-2", journal: journal);
        Assert.DoesNotContain("tags", List(second).Out, StringComparison.Ordinal);
        var tagged = new MadeSweep("tiny-3", journal: journal, tags: ["paper", "seed-2"]);
        Assert.Matches(@"tiny-1 +tiny +running", List(tagged).Out);
        Assert.Matches(@"tiny-3 +tiny +paper, seed-2 +running", List(tagged).Out);
        var document = JsonDocument.Parse(List(tagged, "--tag", "seed-2", "--json").Out).RootElement
            .GetProperty("sweeps");
        Assert.Equal(["paper", "seed-2"], Assert.Single(document.EnumerateArray()).GetProperty("tags")
            .EnumerateArray().Select(t => t.GetString()));
        Assert.Equal("no sweep has the tag 'Paper'\n", List(tagged, "--tag", "Paper").Out);
        Assert.Matches("tags +paper, seed-2\n", Show(tagged).Out);
        Assert.DoesNotContain("tags", Show(second).Out, StringComparison.Ordinal);
        Assert.Equal(2, JsonDocument.Parse(Show(tagged, "--json").Out).RootElement.GetProperty("tags")
            .GetArrayLength());
    }

    [Fact]
    public void Show_tells_facts_progress_accuracies_failures_maps_and_circuits()
    {
        var run = Show(new MadeSweep().RunAll());
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Contains("completed, 32/32 units", run.Out, StringComparison.Ordinal);
        Assert.Contains("1:04 in units", run.Out, StringComparison.Ordinal);
        Assert.Contains("fingerprint fingerprint-of-tiny-goat", run.Out, StringComparison.Ordinal);
        Assert.Contains("0.531", run.Out, StringComparison.Ordinal);
        Assert.Contains("B  position transmitter: mean relative change", run.Out, StringComparison.Ordinal);
        Assert.Contains("Overlap with the circuit of tiny-base", run.Out, StringComparison.Ordinal);
        Assert.Contains("pos_transmitter", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Show_names_what_failed_and_why()
    {
        var sweep = new MadeSweep().Run(4).FailNext("the machine has no memory left").RunAll();
        Assert.Equal(SweepStatus.CompletedWithFailures, sweep.State.Status);
        var run = Show(sweep);
        Assert.Contains("Failed units", run.Out, StringComparison.Ordinal);
        Assert.Matches("tiny-base/path-patching/A/layer-02 +set aside after 1 +the machine has no memory left",
            run.Out);
        Assert.Contains("7 of 8, 1 failed", run.Out, StringComparison.Ordinal);
        var failed = JsonDocument.Parse(Show(sweep, "--json").Out).RootElement.GetProperty("failed_units")[0];
        Assert.Equal("the machine has no memory left", failed.GetProperty("error").GetString());
    }

    [Fact]
    public void Published_results_stand_beside_the_measured_ones()
    {
        using var folder = new TemporaryFolder();
        var sweep = new MadeSweep(models: ["llama-7b", "tuned"]).RunAll();
        // What is published of llama is what was measured, in a scale of its own; of its circuit B, two heads of ours
        // and one other.
        Directory.CreateDirectory(folder.File("llama"));
        Directory.CreateDirectory(folder.File("circuits"));
        var scores = Enumerable.Range(0, 8).Select(l => Enumerable.Range(0, 8)
            .Select(h => 5 * MadeSweep.Score("llama-7b", "A", l, h)));
        folder.File("llama/value_fetcher.json", JsonSerializer.Serialize(scores));
        var ours = SweepResults.CompleteGroups(sweep.State, "llama-7b")["B"];
        int[][] theirs = [[ours[0].Layer, ours[0].Index], [ours[1].Layer, ours[1].Index], [7, 7]];
        folder.File("circuits/llama_circuit.json", JsonSerializer.Serialize(new { pos_transmitter = theirs }));

        var run = Show(sweep, "--reference", folder.Path, "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal("note: tuned is compared with nothing: nothing was published of 'tuned'\n", run.Error);
        var published = JsonDocument.Parse(run.Out).RootElement.GetProperty("published");
        Assert.Equal(1, published.GetArrayLength());
        Assert.Equal((0.66, 69 / 130.0), (published[0].GetProperty("published_accuracy").GetDouble(), published[0]
            .GetProperty("measured_accuracy").GetDouble()));
        var (a, b) = (published[0].GetProperty("groups")[0], published[0].GetProperty("groups")[1]);
        Assert.Equal(1, a.GetProperty("rank_correlation").GetDouble(), 1e-12);
        Assert.Equal(JsonValueKind.Null, b.GetProperty("rank_correlation").ValueKind);
        Assert.Equal((2, 2.0 / 6, 2.0 / 3, 2.0 / 7), (b.GetProperty("shared").GetInt32(), b.GetProperty("precision")
            .GetDouble(),
            b.GetProperty("recall").GetDouble(), b.GetProperty("jaccard").GetDouble()));
        Assert.Contains("Published beside measured", Show(sweep, "--reference", folder.Path).Out,
            StringComparison.Ordinal);

        // Another model of the sweep may be compared with the same.
        var named = Show(sweep, "--reference", folder.Path, "--reference-name", "tuned=llama", "--json");
        Assert.Equal((2, ""), (JsonDocument.Parse(named.Out).RootElement.GetProperty("published").GetArrayLength(),
            named.Error));
    }

    [Theory]
    [InlineData("there is no folder", "--reference", "no-such-folder")]
    [InlineData("--reference-name goes with --reference", "--reference-name", "a=b")]
    [InlineData("has no model 'a', it has tiny-base, tiny-goat", "--reference", ".", "--reference-name", "a=b")]
    [InlineData("takes MODEL=NAME, not 'tiny-base'", "--reference", ".", "--reference-name", "tiny-base")]
    public void A_reference_that_cannot_be_is_refused(string message, params string[] arguments)
    {
        var run = Show(new MadeSweep(), arguments);
        Assert.NotEqual(ExitCode.Ok, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [SharedFact]
    public void The_paper_s_scores_are_of_a_larger_model_than_these_and_that_is_said()
    {
        var run = Show(new MadeSweep(models: ["llama-7b"]).RunAll(), "--reference", SharedFolder.PathOf("reference"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("note: llama-7b has 8 layers of 8 heads and the published scores of llama, value_fetcher, "
            + "have 32 of 32: not compared", run.Error, StringComparison.Ordinal);
    }

    [SharedFact]
    public void The_paper_s_files_are_read_whole()
    {
        var folder = new PublishedFolder(SharedFolder.PathOf("reference"));
        Assert.Equal((32, 32), (folder.Scores("llama", "value_fetcher")!.GetLength(0),
            folder.Scores("llama", "value_fetcher")!.GetLength(1)));
        Assert.Equal([40, 7, 20, 5], new[] { "value_fetcher", "pos_transmitter", "pos_detector",
            "struct_reader" }.Select(g => folder.Circuit("llama")![g].Count));
        Assert.Null(folder.Scores("vicuna", "value_fetcher"));
    }

    [SharedFact]
    public void A_model_of_the_paper_s_size_is_compared_head_by_head()
    {
        var run = Show(new MadeSweep(models: ["goat-7b"], layers: 32, heads: 32).RunAll(), "--reference",
            SharedFolder.PathOf("reference"), "--json");
        var groups = JsonDocument.Parse(run.Out).RootElement.GetProperty("published")[0].GetProperty("groups");
        Assert.Equal(["A", "B"], groups.EnumerateArray().Select(g => g.GetProperty("group").GetString()));
        // made-up scores have nothing to do with it
        Assert.InRange(groups[0].GetProperty("rank_correlation").GetDouble(), -0.2, 0.2);
        Assert.Equal(68, groups[0].GetProperty("published_heads").GetInt32());
    }
}

using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Sweeps;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Cluster.Tests;

/// <summary>Every experiment as stages of a sweep on two of the shipped models, with few prompts.</summary>
public sealed class ExperimentStageTests
{
    private static readonly IReadOnlyList<Experiment> Experiments = [.. Experiment.All, new Lab.TargetedExperiment()];
    private const int Prompts = 12;
    private static readonly string Models = Path.Combine(NodeTests.Root(), "models");

    [Fact]
    public async Task All_experiments_run_and_give_the_same_numbers_whole_or_in_batches_and_with_any_number_of_slots()
    {
        using var folder = new TemporaryFolder();
        // A dozen prompts make few heads significant.
        Dictionary<string, Dictionary<string, string>> given = new()
        {
            ["path-patching"] = new() { ["circuit"] = "3" },
        };
        var whole = await RunToEnd(Plan("0", given), 1, folder.PathOf("whole"));
        var parts = await RunToEnd(Plan("5", given), 2, folder.PathOf("parts"));
        var (a, b) = (SweepFindings.Of(whole), SweepFindings.Of(parts));
        Assert.Equal(a.Models.Select(m => m.Accuracy!.Right), b.Models.Select(m => m.Accuracy!.Right));
        foreach (var (x, y) in a.Models.Zip(b.Models))
        {
            Assert.Equal(x.Circuit.OrderBy(g => g.Key).Select(g => $"{g.Key} {string.Join(' ', g.Value)}"),
                y.Circuit.OrderBy(g => g.Key).Select(g => $"{g.Key} {string.Join(' ', g.Value)}"));
            Assert.Equal(x.Minimality, y.Minimality);
            Assert.NotEmpty(x.Minimality);
            Assert.Equal(5, x.Knockouts[0].ByLayer.Count); // five layers
            Assert.Equal(x.Knockouts.Where(k => k.To != "random").Select(k => string.Join(' ', k.ByLayer)),
                y.Knockouts.Where(k => k.To != "random").Select(k => string.Join(' ', k.ByLayer)));
            Assert.All(x.Knockouts, k => Assert.Equal(x.Knockouts[0].Unchanged, k.Unchanged));
            Assert.All(x.Knockouts, k => Assert.Equal([k.Unchanged, .. k.ByLayer],
                k.LayerAnswers.Prepend(k.UnchangedAnswers).Select(Counted)));
            foreach (var (p, q) in x.Attention.Zip(y.Attention))
            {
                Assert.Equal(1, p.Weights.Values.Sum(w => w.Value), 1e-5);
                foreach (var name in p.Weights.Keys) Assert.Equal(p.Weights[name].Value, q.Weights[name].Value, 1e-5);
            }
            Assert.Equal(x.Patched.Select(p => (p.Heads, p.Position, p.Right)),
                y.Patched.Select(p => (p.Heads, p.Position, p.Right)));
        }
        Assert.Equal(a.Circuits.Count, b.Circuits.Count);
        foreach (var (x, y) in a.Circuits.Zip(b.Circuits))
        {
            Assert.Equal((x.CircuitOf, x.Model, x.Full, x.Circuit), (y.CircuitOf, y.Model, y.Full, y.Circuit));
            Assert.Equal(x.CircuitAnswers, y.CircuitAnswers);
            Assert.Equal(x.Completeness, y.Completeness);
            Assert.Equal(2, x.Random.Count);
        }
        Assert.NotEmpty(a.Cmap);
        Assert.Equal(a.Cmap.Select(c => (c.Donor, c.Into, c.Form, c.Group, c.Heads, c.Patched, c.Floor, c.Target)),
            b.Cmap.Select(c => (c.Donor, c.Into, c.Form, c.Group, c.Heads, c.Patched, c.Floor, c.Target)));
        Assert.All(a.Cmap, c => Assert.Equal(a.Cmap[0].Floor, c.Floor));
    }

    [Fact]
    public async Task Masks_attribution_and_tuning_run_as_stages_and_record_single_answers()
    {
        using var folder = new TemporaryFolder();
        const string Circuit = "A=4.1 4.2; C=3.2";
        var plan = Plan("0", new()
        {
            ["path-patching"] = new() { ["groups"] = "A" },
            ["attribution"] = new() { ["steps"] = "2" },
            ["dcm"] = new() { ["circuit"] = Circuit, ["triples"] = "32", ["triples-at-once"] = "8" },
            ["functionality"] = new() { ["seeds"] = "2", ["triples"] = "14" },
            ["targeted-tuning"] = new() { ["circuit"] = Circuit, ["sets"] = "A", ["steps"] = "2" },
        }, "accuracy", "path-patching", "attribution", "dcm", "functionality", "targeted-tuning");
        var found = SweepFindings.Of(await RunToEnd(plan, 2, folder.PathOf("artifacts")));
        foreach (var model in found.Models)
        {
            Assert.Equal([("A", "gradient"), ("A", "integrated gradients")],
                model.Attribution.Select(a => (a.Group, a.Form)));
            // like exact path patching already with a dozen prompts
            Assert.InRange(model.Attribution[0].RankCorrelation, 0.5, 1);
            Assert.Equal(6, model.Dcm.Count); // two groups, three desiderata
            foreach (var mask in model.Dcm)
            {
                Assert.Equal((mask.Test, mask.AllHeads), (Counted(mask.TestAnswers), Counted(mask.AllHeadsAnswers)));
                Assert.Equal((8, mask.GroupSize), (mask.Test.Count, mask.Mask.Count));
                Assert.Equal(mask.Mask.Count(m => m <= 0.5), mask.Heads.Count);
                Assert.All(mask.Mask, m => Assert.InRange(m, 0, 1));
            }
            Assert.Contains(model.Dcm, mask => mask.Mask.Any(m => m < 1)); // moved away from where they began
            Assert.Equal(6, model.Functionality.Count);
            foreach (var tested in model.Functionality)
            {
                Assert.Equal([14, 14], tested.Seeds.Select(s => s.Count));
                Assert.Equal(tested.Seeds, tested.Answers.Chunk(14).Select(Counted));
            }
        }
        var tuned = Assert.Single(found.Cmap, c => c is { Into: "tiny-base", Group: "A" });
        Assert.Equal(("A tuned on arithmetic", 2, found.Models[0].Accuracy!.Right),
            (tuned.Donor, tuned.Heads, tuned.Floor));
        Assert.Equal(tuned.Patched, Counted(tuned.PatchedAnswers));
    }

    private static Proportion Counted(IEnumerable<bool> answers) => new(answers.Count(a => a), answers.Count());

    [Fact]
    public async Task A_circuit_that_is_given_needs_no_path_patching()
    {
        using var folder = new TemporaryFolder();
        var plan = Plan("0", new()
        {
            ["circuit"] = new()
            {
                ["circuit"] = "A=4.1 4.2; B=3.0",
                ["random"] = "0",
                ["subsets"] = "0"
            },
            ["attention"] = new() { ["circuit"] = "A=4.1" }
        }, "circuit", "attention");
        var state = await RunToEnd(plan, 1, folder.PathOf("artifacts"));
        var finding = Assert.Single(SweepFindings.Of(state).Circuits, c => c.Model == "tiny-base");
        Assert.Equal("given", finding.CircuitOf);
        Assert.Equal(2, finding.Heads["A"]);
        Assert.Equal(2, finding.Completeness.Count);
        Assert.Equal(new Head(4, 1), Assert.Single(SweepFindings.Of(state).Models[0].Attention).Head);
    }

    [Fact]
    public async Task Elimination_finds_the_same_circuit_in_one_piece_or_three_and_later_stages_take_it()
    {
        using var folder = new TemporaryFolder();
        SweepPlan Pieces(string pieces) => Plan("0", new()
        {
            ["prune"] = new() { ["pieces"] = pieces, ["search-prompts"] = "14", ["tolerance"] = "0.1" },
            ["circuit"] = new() { ["circuit"] = "own", ["random"] = "0", ["subsets"] = "0" },
        }, "prune", "circuit", "attention");
        var (whole, parts) = (await RunToEnd(Pieces("1"), 1, folder.PathOf("whole")),
            await RunToEnd(Pieces("3"), 2, folder.PathOf("parts")));
        foreach (var (one, three) in SweepFindings.Of(whole).Models.Zip(SweepFindings.Of(parts).Models))
        {
            var (a, b) = (Assert.Single(one.Pruned), Assert.Single(three.Pruned));
            Assert.Equal(a.Steps, b.Steps);
            Assert.Equal(3 * 5 * 4, a.Steps.Count);
            Assert.Equal(a.Circuit.ToString(), b.Circuit.ToString());
            Assert.Equal(a.Steps.Count(s => s.Kept), a.Circuit.Heads.Count);
            Assert.Equal((14, Prompts, Prompts, 2),
                (a.Started.Count, a.Judged.Count, a.Full.Count, a.Random.Count));
            Assert.Equal(a.Circuit.Groups["A"].Count + a.Circuit.Groups["B"].Count, a.Placed.Count);
            Assert.All(a.Placed, h => Assert.True(h.Group == "B" || h.Scores["A"].Value < 0));
            Assert.Equal(a.Circuit.Heads.Count, one.Circuit.Values.Sum(heads => heads.Count));
            Assert.Equal(a.Circuit.Heads.Count, one.Attention.Count);
            var judged = Assert.Single(SweepFindings.Of(whole).Circuits, c => c.Model == one.Name);
            Assert.Equal(a.Circuit.Heads.Count, judged.Heads.Values.Sum());
            Assert.Equal(a.Full, judged.Full);
        }
    }

    [Fact]
    public void Means_are_as_many_as_asked_for_and_prompts_apart_share_no_scene_with_the_task_s()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(Models, "tiny-base");
        var encode = SweepPlanner.EncoderOf(path, null, null);
        using var checkpoint = Checkpoint.Open(path);
        var artifacts = new FolderArtifacts(folder.PathOf("artifacts"));
        using var session = new ModelSession(new Decoder(checkpoint.Config, checkpoint.Load(torch.ScalarType.Float32)),
            encode, artifacts);
        string[] Scenes(IEnumerable<int[]> prompts) =>
            [.. prompts.Select(ids => string.Join(' ', ids.Take(ids.Length - 5))).Distinct()];

        var plan = Plan("0") with { Task = new("entity-tracking", 300, 7) };
        var asked = Scenes(session.Prompts(plan, 500).Prompts.Select(p => p.Clean.Ids));
        Assert.Equal(72, Scenes(session.Means(plan, 500)).Intersect(asked).Count()); // as published
        Assert.Equal(500, Scenes(session.Means(plan, 500, disjoint: true)).Except(asked).Count());
        Assert.Empty(Scenes(session.PromptsApart(plan, 500, 70).Prompts.Select(p => p.Clean.Ids)).Intersect(asked));

        var words = EntityWords.For(encode);
        var file = artifacts.Keep(to => File.WriteAllLines(to, EntityTracking.Lines(EntityTracking.Scenes(
            new(600, 20, 7), words)).Take(600).Select(l => System.Text.Json.JsonSerializer.Serialize(
                new { sentence = l.Scene.PromptFor(l.Label) + $" {l.Answer}." }))));
        plan = plan with { Task = new("file", 300, 7, file) };
        Assert.Equal(500, session.Means(plan, 500).Count);
        Assert.Equal(600, session.Means(plan, 600).Count);
        Assert.Equal("means: expected at most 600, the prompts that the task's file holds, found 601",
            Assert.Throws<InvalidDataException>(() => session.Means(plan, 601)).Message);
        var (first, apart) = (session.Prompts(plan, 500), session.PromptsApart(plan, 500, 100));
        Assert.Equal(100, apart.Count);
        Assert.Empty(apart.Prompts.Select(p => p.Origin).Intersect(first.Prompts.Select(p => p.Origin)));
    }

    [Fact]
    public void An_experiment_that_needs_a_circuit_says_so_where_none_comes_before()
    {
        foreach (var kind in Experiments.Where(k => k.Needs.Count > 0))
        {
            var values = kind.Fields.ToDictionary(f => f.Name, f => f.Name == "start" ? "significant" : f.Default);
            var request = new StageRequest("b", values, ["a", "b"], []);
            var refusal = Assert.Throws<MissingStageException>(() => kind.Expand(request));
            Assert.Contains("expected", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("before", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Defaults_of_every_field_pass_its_own_check() =>
        Assert.All(Experiments.SelectMany(k => k.Fields.Select(f => (Kind: k.Name, Field: f))), f =>
            Assert.Null(f.Field.Check(f.Field.Default)));

    private static SweepPlan Plan(string batch, Dictionary<string, Dictionary<string, string>>? given = null,
        params string[] kinds)
    {
        string[] names = ["tiny-base", "tiny-goat"];
        var planned = names.Select(name =>
        {
            using var checkpoint = Checkpoint.Open(Path.Combine(Models, name));
            return new PlannedModel(name, Path.Combine(Models, name), null, checkpoint.ComputeFingerprint(),
                checkpoint.Config.Layers, checkpoint.Config.Heads, 20 << 20);
        }).ToArray();
        if (kinds.Length == 0) kinds = ["accuracy", "path-patching", "minimality", "circuit", "knockout", "attention",
            "activation-patching", "cmap"];
        var stages = new List<Stage>();
        foreach (var kind in kinds.Select(name => Experiments.First(e => e.Name == name)))
        {
            var parameters = kind.Fields.ToDictionary(f => f.Name, f => f.Name switch
            {
                "prompts" => $"{Prompts}",
                "means" => "20",
                "receivers" => "3",
                "random" or "subsets" => "2",
                "batch" => batch,
                _ => f.Default,
            });
            foreach (var (name, value) in given?.GetValueOrDefault(kind.Name) ?? []) parameters[name] = value;
            stages.AddRange(names.SelectMany(m => kind.Expand(new(m, parameters, names, stages))).ToArray());
        }
        return new("study", "text", 20, new("entity-tracking", Prompts, 7), new("float32", "cpu", 1, 2L << 30), planned,
            stages);
    }

    [Fact]
    public async Task Knockouts_between_sets_and_segments_count_whose_object_is_answered()
    {
        using var folder = new TemporaryFolder();
        string[] pairs = ["object_*>label_*", "object+1>label+0", "last>object_*"];
        var plan = Plan("0", new()
        {
            ["knockout"] = new() { ["pairs"] = string.Join(',', pairs), ["segments"] = "true" },
        }, "accuracy", "knockout");
        var found = SweepFindings.Of(await RunToEnd(plan, 2, folder.PathOf("artifacts")));
        foreach (var model in found.Models)
        {
            Assert.Equal(pairs, model.Knockouts.Select(k => $"{k.From}>{k.To}"));
            // the seventh box of the only whole scene has none after it
            Assert.Equal([Prompts, Prompts - 1, Prompts], model.Knockouts.Select(k => k.Unchanged.Count));
            Assert.Equal(model.Accuracy!.Right, model.Knockouts[0].Unchanged);
            foreach (var curve in model.Knockouts)
            {
                Assert.Equal(curve.ByLayer[0].Right, curve.Segments.GetValueOrDefault(0).Right);
                Assert.InRange(curve.Segments.Values.Sum(s => s.Right), 1, curve.Unchanged.Count);
            }
            // what the docs say of these models: nothing is kept at the objects, and all comes from them at the end
            var right = model.Accuracy.Right.Right;
            Assert.InRange(model.Knockouts[0].ByLayer[0].Right, right - 2, right + 2);
            Assert.InRange(model.Knockouts[2].ByLayer[0].Right, 0, 3);
        }
    }

    private static async Task<SweepState> RunToEnd(SweepPlan plan, int slots, string artifacts)
    {
        var models = new TorchModelSource(new FolderArtifacts(artifacts), Experiments);
        var state = await TestNode.RunToEnd(plan, models, slots, experiments: Experiments);
        Assert.Equal("", string.Join('\n', state.InOrder.SelectMany(s => s.Units.Values).Where(u => u.Error is not null)
            .Select(u => u.Error)));
        Assert.Equal(SweepStatus.Completed, state.Status);
        return state;
    }
}

using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Models.Tokenizers;
using Patchbay.Sweeps;
using Patchbay.Tasks;
using TorchSharp;

namespace Patchbay.Cluster.Tests;

public sealed class NodeTests
{
    private const int Prompts = 12;
    private static readonly string Models = Path.Combine(Root(), "models");

    [Fact]
    public async Task A_node_runs_a_sweep_to_the_scores_that_path_patching_in_one_go_gives()
    {
        var plan = Plan("tiny-base", "tiny-goat");
        var state = await RunToEnd(plan, slots: 2);
        Assert.Equal(SweepStatus.Completed, state.Status);
        foreach (var planned in plan.Models)
        {
            using var checkpoint = Checkpoint.Open(planned.Path);
            using var model = new Decoder(checkpoint.Config, checkpoint.Load(torch.ScalarType.Float32));
            var tokenizer = TokenizerLoader.Open(planned.Path)!;
            var prompts = EntityPrompts.Generate(new(Prompts, plan.Seed, 7), text => tokenizer.Encode(text));
            var whole = PathRuns.Run(model, prompts, PathChain.EntityTracking, new() { TopK = [4, 4, 4, 4] });
            foreach (var group in whole)
            {
                var stage = state.Stages[$"{planned.Name}/path-patching/{group.Group.Name}"];
                Assert.Equal(group.Receivers, StageInputs.Of(stage).Receivers);
                foreach (var (_, result) in stage.Results)
                {
                    var head = result.Head!.Value;
                    Assert.Equal(group.Scores[head.Layer, head.Index], result.Score, 1e-5);
                    Assert.Equal(group.StandardErrors[head.Layer, head.Index], result.Error, 1e-5);
                    Assert.Equal(Prompts, result.Samples);
                }
                Assert.Equal(group.SenderLayers * planned.Heads, stage.Results.Count());
            }
            var asked = PathRuns.Accuracy(model, EntityPrompts.Generate(new(150, plan.Seed, 7), text =>
                tokenizer.Encode(text)));
            Assert.Equal(asked.Right, state.Stages[$"{planned.Name}/accuracy"]
                .Results.Where(r => r.Result.Item == "accuracy").Sum(r => r.Result.Score * r.Result.Samples), 1e-9);
        }
    }

    [Fact]
    public async Task Neither_the_number_of_slots_nor_the_order_of_units_changes_a_bit()
    {
        var plan = Plan("tiny-base", "tiny-chat");
        var one = await RunToEnd(plan, slots: 1);
        var two = await RunToEnd(plan with { Models = [.. plan.Models.Reverse()] }, slots: 2);
        Assert.Equal(Results(one), Results(two));
    }

    [Fact]
    public async Task A_checkpoint_that_is_not_the_planned_one_fails_its_units_and_no_others()
    {
        var plan = Plan("tiny-base", "tiny-chat");
        var other = plan with { Models = [plan.Models[0] with { Fingerprint = new string('0', 64) }, plan.Models[1]] };
        var state = await RunToEnd(other, slots: 2);
        Assert.Equal(SweepStatus.CompletedWithFailures, state.Status);
        Assert.All(state.InOrder.Where(s => s.Stage.Model == "tiny-chat"), s =>
            Assert.Equal(StageStatus.Completed, s.Status));
        var failed = state.Stages["tiny-base/accuracy"].Units.Values;
        Assert.All(failed, unit => Assert.Contains("has changed since the sweep was planned", unit.Error,
            StringComparison.Ordinal));
    }

    [Fact]
    public void A_checkpoint_that_changes_under_a_running_sweep_is_refused()
    {
        using var folder = new TemporaryFolder();
        var copy = folder.PathOf("copy");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(Path.Combine(Models, "tiny-base"))) File.Copy(file,
            Path.Combine(copy, Path.GetFileName(file)));
        var key = ModelKey.Of(Plan(copy), "copy");
        var plan = Plan(copy);
        using var runner = new TorchModelSource(new FolderArtifacts(folder.PathOf("artifacts")), Experiment.All)
            .Open(key, CancellationToken.None);
        var stage = plan.Stages.First(s => s.Kind == "accuracy");
        var order = new UnitOrder("s", $"{stage.Id}/prompts-0000-0127", 1, stage, JsonRecord.Empty, plan);
        Assert.Equal(3, runner.Run(order, _ => { }, CancellationToken.None).Count);
        var weights = Path.Combine(copy, "model.safetensors");
        File.SetLastWriteTimeUtc(weights, DateTime.UtcNow.AddHours(1));
        Assert.Equal(3, runner.Run(order, _ => { }, CancellationToken.None).Count); // touched, but the same bytes
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var refused = Assert.Throws<InvalidDataException>(() => runner.Run(order, _ => { }, CancellationToken.None));
        Assert.Contains("has changed since the sweep was planned: its fingerprint is", refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_only_one_model_fits_into_memory_no_two_are_loaded_at_a_time()
    {
        var source = new CountingSource();
        var plan = SimulatedPlan.Make(poisoned: false, batches: false); // two models of a mebibyte
        var state = await TestNode.RunToEnd(plan, source, slots: 2, memory: (1 << 20) + 1);
        Assert.Equal(SweepStatus.Completed, state.Status);
        // and each is loaded once: a model with units ready is not exchanged
        Assert.Equal((1, 2), (source.Most, source.Opened));
    }

    private sealed class CountingSource : IModelSource
    {
        private int open;

        public int Most { get; private set; }

        public int Opened { get; private set; }

        public IUnitRunner Open(ModelKey model, CancellationToken cancel)
        {
            lock (this)
            {
                (open, Opened) = (open + 1, Opened + 1);
                Most = Math.Max(Most, open);
            }
            return new Runner(this, new SimulatedModels(() => 1, () => 0).Open(model, cancel));
        }

        private sealed class Runner(CountingSource source, IUnitRunner inner) : IUnitRunner
        {
            public string Fingerprint => inner.Fingerprint;

            public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress,
                CancellationToken cancel) => inner.Run(order, progress, cancel);

            public void Dispose()
            {
                lock (source) source.open--;
            }
        }
    }

    private static (string, InterventionResult)[] Results(SweepState state) =>
        [.. state.Stages.Values.SelectMany(s => s.Results).OrderBy(r => r.Unit, StringComparer.Ordinal)];

    private static SweepPlan Plan(params string[] models)
    {
        var planned = models.Select(name =>
        {
            var path = Path.IsPathRooted(name) ? name : Path.Combine(Models, name);
            using var checkpoint = Checkpoint.Open(path);
            return new PlannedModel(Path.GetFileName(name), path, null, checkpoint.ComputeFingerprint(),
                checkpoint.Config.Layers, checkpoint.Config.Heads, 20 << 20);
        }).ToArray();
        var stages = planned.SelectMany(m => Experiment.All.Where(k =>
            k is AccuracyExperiment or PathPatchingExperiment).SelectMany(kind =>
            kind.Expand(new(m.Name, kind.Fields.ToDictionary(f => f.Name, f => f.Name switch
        {
            "prompts" => "150",
            "receivers" => "4",
            _ => f.Default,
        }), [.. models], [])))).ToArray();
        return new("study", "text", 20, new("entity-tracking", Prompts, 7), new("float32", "cpu", 1, 2L << 30), planned,
            stages);
    }

    private static async Task<SweepState> RunToEnd(SweepPlan plan, int slots)
    {
        using var artifacts = new TemporaryFolder();
        return await TestNode.RunToEnd(plan, new TorchModelSource(new FolderArtifacts(artifacts.PathOf("artifacts")),
            Experiment.All), slots);
    }

    internal static string Root()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Cluster.sln"))) return at.FullName;
        throw new InvalidOperationException("the project's root was not found");
    }
}

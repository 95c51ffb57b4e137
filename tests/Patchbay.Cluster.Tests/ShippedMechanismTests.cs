using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Tests;

/// <summary>What docs/paper.md says of the shipped base, on fewer prompts than there: the mechanism that was built in
/// is the one that experiments find.</summary>
public sealed class ShippedMechanismTests
{
    private const string Name = "tiny-base";

    [Fact]
    public async Task Every_group_has_heads_and_a_small_circuit_answers_nearly_what_the_model_does()
    {
        using var folder = new TemporaryFolder();
        var state = await TestNode.RunToEnd(Plan(), new TorchModelSource(new FolderArtifacts(folder.Path),
            Experiment.All), slots: 2, experiments: Experiment.All);
        var model = Assert.Single(SweepFindings.Of(state).Models);
        Assert.All(model.Scores, s => Assert.True(s.Significant().Count >= 2, s.Group.Name));

        var pruned = Assert.Single(model.Pruned);
        Assert.True(pruned.Faithfulness >= 0.8, $"{pruned.Judged} of {pruned.Full}");
        Assert.InRange(pruned.Circuit.Heads.Count, 4, 30);
        Assert.All(pruned.Circuit.Groups, g => Assert.NotEmpty(g.Value));
        Assert.InRange(pruned.Random.Average(r => r.Share), 0, 0.25);

        double Left(int pair) => model.Knockouts[pair].ByLayer[0].Share;
        var unchanged = model.Knockouts[0].Unchanged.Share;
        Assert.All(Enumerable.Range(0, 3), pair => Assert.InRange(Left(pair), 0, unchanged - 0.3));
        Assert.All(Enumerable.Range(3, 2), pair => Assert.InRange(Left(pair), unchanged - 0.1, unchanged + 0.1));
    }

    private static SweepPlan Plan()
    {
        var path = Path.Combine(NodeTests.Root(), "models", Name);
        using var checkpoint = Checkpoint.Open(path);
        var planned = new PlannedModel(Name, path, null, checkpoint.ComputeFingerprint(), checkpoint.Config.Layers,
            checkpoint.Config.Heads, 20 << 20);
        var stages = new List<Stage>();
        void Add(string kind, params (string Field, string Value)[] given)
        {
            var experiment = Experiment.All.First(e => e.Name == kind);
            var parameters = experiment.Fields.ToDictionary(f => f.Name, f => f.Default);
            foreach (var (field, value) in given) parameters[field] = value;
            stages.AddRange(experiment.Expand(new(Name, parameters, [Name], stages)).ToArray());
        }
        Add("path-patching", ("receivers", "4"), ("score", "right"));
        Add("prune", ("search-prompts", "140"), ("prompts", "140"), ("means", "200"), ("random", "4"));
        Add("knockout", ("prompts", "140"), ("pairs", "last>correct_object,last>query_label,"
            + "query_label>previous_query_label,query_label>object_*,object_*>label_*"));
        return new("study", "text", 20, new("entity-tracking", 300, 7), new("float32", "cpu", 1, 2L << 30), [planned],
            stages);
    }
}

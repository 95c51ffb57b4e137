using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Findings;
using Patchbay.Lab.Constructed;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Tests;

/// <summary>On models whose circuit was compiled into them every experiment names exactly its heads
/// (docs/constructed.md).</summary>
public sealed class ConstructedStudyTests
{
    private const int Prompts = 105;

    /// <summary>The large one takes half a minute.</summary>
    public static TheoryData<string> Models { get; } =
        SoakFactAttribute.IsSoak ? ["small", "large", "grouped"] : ["small", "grouped"];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Path_patching_minimality_and_elimination_find_the_heads_built_in_and_no_others(string name)
    {
        var size = Size(name);
        using var folder = new TemporaryFolder();
        ConstructedModel.Write(folder.PathOf(name), size);
        var state = await Run(folder, [name], ("accuracy", []), ("path-patching", []), ("minimality", []));
        Assert.Equal(new Proportion(Prompts, Prompts), SweepFindings.Of(state).Models[0].Accuracy!.Right);
        foreach (var stage in state.InOrder.Where(s => s.Stage.Kind == Kinds.PathPatching))
        {
            var scores = SweepResults.Scores(state, stage);
            Assert.Equal(size.Heads[scores.Group.Name], Sorted(scores.Significant()));
            var weakest = size.Heads[scores.Group.Name].Max(h => scores[h]);
            Assert.True(weakest < -0.2, $"{scores.Group.Name}: {weakest:0.000}");
            Assert.All(scores.Top(size.Layers * size.QueryHeads).Except(size.Heads[scores.Group.Name]),
                decoy => Assert.InRange(Math.Abs(scores[decoy]), 0, 1e-3));
        }
        // Means by position keep the order of segments, which is all that D tells: ablation cannot see it.
        Dictionary<string, IReadOnlyList<Head>> seen = new(size.Heads) { ["D"] = [] };
        foreach (var (group, heads) in SweepFindings.Of(state).Models[0].Minimality.GroupBy(m => m.Group)
            .ToDictionary(g => g.Key, g => Sorted(g.Where(m => m.Kept).Select(m => m.Head))))
            Assert.Equal(seen[group], heads);

        // Means of all labels together tell no order: with them it sees D too.
        Dictionary<string, string> mixed = new() { ["mixed-means"] = "label_*" };
        var pruned = await Run(folder, [name], ("prune", mixed), ("circuit", mixed));
        var found = pruned.InOrder.Select(s => PruneFinding.Read(pruned, s)).OfType<PruneFinding>().Single();
        Assert.Equal(size.Heads.OrderBy(g => g.Key).Select(Text),
            found.Circuit.Groups.ToDictionary(g => g.Key, g => Sorted(g.Value))
                .OrderBy(g => g.Key).Select(Text));
        Assert.Equal((1, 1), (found.Faithfulness, found.Full.Share));
        Assert.All(found.Random, random => Assert.True(random.Share < 0.3));
        var judged = Assert.Single(SweepFindings.Of(pruned).Circuits);
        Assert.Equal(1, judged.Circuit.Share);
    }

    [Theory]
    [InlineData("small")]
    [InlineData("grouped")]
    public async Task Masks_keep_what_carries_objects_in_A_and_position_in_B_and_C(string name)
    {
        var size = Size(name);
        using var folder = new TemporaryFolder();
        ConstructedModel.Write(folder.PathOf(name), size);
        // Beside each group's heads two decoys.
        var candidates = string.Join("; ", size.Heads.Where(g => g.Key != "D")
            .Select(g => $"{g.Key}={string.Join(' ', g.Value.Concat(Decoys(size, g.Value[0].Layer).Take(2)))}"));
        var state = await Run(folder, [name],
            ("dcm", new() { ["circuit"] = candidates, ["triples"] = "640", ["desiderata"] = "object value,position" }));
        foreach (var mask in SweepFindings.Of(state).Models[0].Dcm)
        {
            var carries = mask.Desideratum == "position" ? mask.Group is "B" or "C" : mask.Group == "A";
            Assert.Equal(carries ? size.Heads[mask.Group] : [], Sorted(mask.Heads));
            Assert.Equal(carries ? 1 : 0, mask.Test.Share, 0.05);
        }
    }

    [Fact]
    public async Task Cross_model_patching_of_the_value_fetchers_alone_lifts_a_base_that_fetches_badly()
    {
        using var folder = new TemporaryFolder();
        ConstructedModel.Write(folder.PathOf("weak"), Size("small"), fetching: 0);
        ConstructedModel.Write(folder.PathOf("strong"), Size("small"));
        var state = await Run(folder, ["weak", "strong"], ("accuracy", []),
            ("cmap", new() { ["circuit"] = Text(Size("small")), ["heads"] = "circuit" }));
        var found = SweepFindings.Of(state);
        Assert.InRange(found.Models[0].Accuracy!.Right.Share, 0.05, 0.3);
        var into = found.Cmap.Where(c => c is { Into: "weak", Form: "output" }).ToArray();
        Assert.Equal("A B C D circuit", string.Join(' ', into.Select(c => c.Group).Order()));
        foreach (var patched in into)
            Assert.Equal(patched.Group is "A" or "circuit" ? new Proportion(Prompts, Prompts) : patched.Floor,
                patched.Patched);
    }

    private static ConstructedSize Size(string name) => ConstructedModel.Sizes.Single(s => s.Name == name);

    private static IEnumerable<Head> Decoys(ConstructedSize size, int layer) =>
        Enumerable.Range(0, size.QueryHeads).Select(h => new Head(layer, h))
            .Except(size.Heads.Values.SelectMany(h => h));

    private static IReadOnlyList<Head> Sorted(IEnumerable<Head> heads) => [.. heads.OrderBy(h => (h.Layer, h.Index))];

    private static string Text(KeyValuePair<string, IReadOnlyList<Head>> group) =>
        $"{group.Key}={string.Join(' ', group.Value)}";

    private static string Text(ConstructedSize size) => string.Join("; ", size.Heads.OrderBy(g => g.Key).Select(Text));

    private static async Task<SweepState> Run(TemporaryFolder folder, string[] names,
        params (string Kind, Dictionary<string, string> Given)[] kinds)
    {
        var stages = new List<Stage>();
        foreach (var (name, given) in kinds)
        {
            var kind = Experiment.All.Single(e => e.Name == name);
            var parameters = kind.Fields.ToDictionary(f => f.Name, f => given.GetValueOrDefault(f.Name,
                f.Name is "prompts" or "search-prompts" or "means" ? $"{Prompts}"
                : f.Name is "random" or "subsets" ? "2" : f.Default));
            stages.AddRange(names.SelectMany(m => kind.Expand(new(m, parameters, names, stages))).ToArray());
        }
        var planned = names.Select(name =>
        {
            using var checkpoint = Checkpoint.Open(folder.PathOf(name));
            return new PlannedModel(name, folder.PathOf(name), null, checkpoint.ComputeFingerprint(),
                checkpoint.Config.Layers, checkpoint.Config.Heads, 20 << 20);
        }).ToArray();
        SweepPlan plan = new("study", "text", 20, new("entity-tracking", Prompts, 7),
            new("float32", "cpu", 1, 2L << 30), planned, stages);
        var models = new TorchModelSource(new FolderArtifacts(folder.PathOf("artifacts")), Experiment.All);
        var state = await TestNode.RunToEnd(plan, models, slots: 2, experiments: Experiment.All);
        Assert.Equal(SweepStatus.Completed, state.Status);
        return state;
    }
}

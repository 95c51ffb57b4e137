using Patchbay.Sweeps.Studies;

namespace Patchbay.Sweeps.Tests.Studies;

public sealed class StudyTests : IDisposable
{
    private readonly StudyFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_study_says_what_its_file_says()
    {
        var study = folder.Load(StudyFolder.Good);

        Assert.Equal(("first", 20UL, 3), (study.Name, study.Seed, study.Attempts));
        Assert.Equal(StudyFolder.Good, study.Text);
        Assert.Equal(new StudyTask("entity-tracking", 30, 7, null), study.Task);
        Assert.Equal(StudyCompute.Default, study.Compute);
        Assert.Equal(
        [
            new ModelPlace("small", folder.PathOf("small"), null),
            new ModelPlace("tuned", folder.PathOf("small"), folder.PathOf("tuned")),
        ], study.Models);
    }

    [Fact]
    public void A_study_has_the_tags_that_its_file_lists()
    {
        Assert.Empty(folder.Load(StudyFolder.Good).Tags);
        Assert.Equal(["paper", "seed-2", "v1.0_b"],
            folder.Load($"{StudyFolder.Good}\ntags: [paper, seed-2, v1.0_b]\n").Tags);
    }

    [Fact]
    public void Stages_are_those_of_every_model_entry_by_entry()
    {
        var stages = folder.Load(StudyFolder.Good).Stages;

        Assert.Equal(
        [
            "small/accuracy", "tuned/accuracy", "small/path-patching/A", "small/path-patching/B",
            "tuned/path-patching/A", "tuned/path-patching/B",
        ], stages.Select(s => s.Id));
        Assert.Equal("50", stages[0].Value("prompts"));
        Assert.Equal(("A,B", "8,4", "", "0"), (stages[3].Value("groups"), stages[3].Value("receivers"),
            stages[3].Value("circuit"), stages[3].Value("batch")));
    }

    [Fact]
    public void A_kind_alone_takes_its_defaults()
    {
        var text = StudyFolder.Good.Replace("- accuracy: {prompts: 50}", "- accuracy");

        Assert.Equal("500", folder.Load(text).Stages[0].Value("prompts"));
        Assert.Equal("500", folder.Load(text.Replace("- accuracy", "- accuracy:")).Stages[0].Value("prompts"));
    }

    [Fact]
    public void A_mapping_gives_values_by_models()
    {
        var stages = folder.Load(StudyFolder.Good.Replace("[8, 4]", "{default: [8, 4], tuned: [50, 20]}")).Stages;

        Assert.Equal("8,4", stages.Single(s => s.Id == "small/path-patching/A").Value("receivers"));
        Assert.Equal("50,20", stages.Single(s => s.Id == "tuned/path-patching/A").Value("receivers"));
    }

    [Fact]
    public void A_list_may_be_written_as_text_with_commas() =>
        Assert.Equal("A,B", folder.Load(StudyFolder.Good.Replace("[A, B]", "A, B")).Stages[^1].Value("groups"));

    [Theory]
    [InlineData("{dtype: bfloat16, device: cuda:1, threads: 2, memory: 4GiB}", "bfloat16", "cuda:1", 2, 4294967296L)]
    [InlineData("{device: cuda, memory: 1.5 GB}", "float32", "cuda", null, 1500000000L)]
    public void Compute_says_how(string compute, string dtype, string device, int? threads, long? memory) =>
        Assert.Equal(new StudyCompute(dtype, device, threads, memory),
            folder.Load($"{StudyFolder.Good}\ncompute: {compute}\n").Compute);

    [Fact]
    public void The_largest_seed_is_one() =>
        Assert.Equal(ulong.MaxValue, folder.Load(StudyFolder.Good.Replace("seed: 20", "seed: 18446744073709551615"))
            .Seed);

    [Fact]
    public void Prompts_come_from_a_file_beside_the_study()
    {
        File.WriteAllText(folder.PathOf("prompts.jsonl"), string.Concat(Enumerable.Repeat("{}\n", 50)));

        var study = folder.Load(StudyFolder.Good.Replace("{kind: entity-tracking, prompts: 30}",
            "{file: prompts.jsonl, prompts: 9}"));

        Assert.Equal(new StudyTask("file", 9, 0, folder.PathOf("prompts.jsonl")) { FileName = "prompts.jsonl" },
            study.Task);
    }

    [Fact]
    public void A_model_outside_the_catalogue_lies_beside_the_study()
    {
        folder.AddFiles("mine", "config.json");

        var study = folder.Load(StudyFolder.Good.Replace("[small, tuned]",
            "[{name: own, path: mine, adapter: tuned}]"));

        Assert.Equal(new ModelPlace("own", folder.PathOf("mine"), folder.PathOf("tuned")), Assert.Single(study.Models));
    }

    [Fact]
    public void A_byte_order_mark_is_skipped() => Assert.Equal(StudyFolder.Good,
        folder.Load("\uFEFF" + StudyFolder.Good).Text);

    [Fact]
    public void Anchors_and_aliases_stand_for_values()
    {
        var text = StudyFolder.Good.Replace("[8, 4]", "&counts [8, 4]").Replace("groups: [A, B]", "groups: [A, B]")
            + "\n      circuit: *counts\n";

        Assert.Equal("8,4", folder.Load(text).Stages[^1].Value("circuit"));
    }

    [Fact]
    public void A_setting_leads_to_models()
    {
        using var models = new Patchbay.Tests.TemporaryFolder();
        Directory.CreateDirectory(models.PathOf("large"));
        File.WriteAllText(Path.Combine(models.PathOf("large"), "config.json"), "");
        using var set = new StudyFolder(models.Path);

        Assert.Equal(models.PathOf("large"), set.Load(StudyFolder.Good.Replace("[small, tuned]", "[large]")).Models[0]
            .Path);
    }
}

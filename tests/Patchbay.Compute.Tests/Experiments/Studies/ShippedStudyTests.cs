using Patchbay.Experiments;
using Patchbay.Sweeps.Studies;
using Patchbay.Tests;

namespace Patchbay.Sweeps.Tests.Studies;

[Collection(nameof(ShippedStudyTests))]
public sealed class ShippedStudyTests : IDisposable
{
    private static readonly string Root = FindRoot();
    private static readonly IReadOnlyList<Experiment> Experiments = [.. Experiment.All, new Lab.TargetedExperiment()];
    private readonly TemporaryFolder models = new();

    public static TheoryData<string> Studies =>
        [.. Directory.GetFiles(Path.Combine(Root, "cluster-config", "studies"), "*.yaml")
            .Select(f => Path.GetFileName(f)).Order()];

    public void Dispose() => models.Dispose();

    [Theory]
    [MemberData(nameof(Studies))]
    public void A_shipped_study_has_no_mistakes_and_is_named_as_its_file(string file)
    {
        AddModels();

        var study = Study.Load(StudyPath(file), Catalogue(models.Path), Experiments);

        Assert.Equal(Path.GetFileNameWithoutExtension(file), study.Name);
        Assert.StartsWith("#", study.Text);
    }

    [Fact]
    public void The_paper_s_study_has_the_paper_s_numbers()
    {
        AddModels();

        var study = Study.Load(StudyPath("paper.yaml"), Catalogue(models.Path), Experiments);

        Assert.Equal(["llama-7b", "vicuna-7b", "goat-7b", "float-7b"], study.Models.Select(m => m.Name));
        Assert.Equal((models.PathOf("llama-7b"), models.PathOf("goat-7b")),
            (study.Models[2].Path, study.Models[2].Adapter));
        Assert.Equal(("bfloat16", 300), (study.Compute.Dtype, study.Task.Prompts));
        Assert.Equal(["20,5,10,5", "20,5,10,5", "50,20,30,5", "50,20,30,5"], Values(study, "receivers"));
        Assert.Equal(["58,10,25,5", "58,10,25,5", "101,30,50,40", "102,30,50,40"], Values(study, "circuit"));
    }

    [Fact]
    public void The_example_of_the_documentation_has_no_mistakes()
    {
        var page = File.ReadAllText(Path.Combine(Root, "docs", "studies.md"));
        var example = page.Split("```yaml")[1].Split("```")[0];
        foreach (var name in new[] { "tuned", "base" }) Add(name, "config.json");
        Add("lora", "adapter_config.json");
        Directory.CreateDirectory(models.PathOf("studies"));
        File.WriteAllText(models.PathOf("studies/mine.yaml"), example);

        Assert.Empty(Mistakes(models.PathOf("studies/mine.yaml"), Catalogue(null)));
    }

    [Fact]
    public void The_documentation_has_every_parameter_of_every_experiment()
    {
        var page = File.ReadAllText(Path.Combine(Root, "docs", "studies.md"));
        foreach (var kind in Experiment.All)
        {
            var rows = page[(page.IndexOf($"\n| `{kind.Name}` |", StringComparison.Ordinal) + 1)..];
            var end = rows.IndexOf("\n| `", StringComparison.Ordinal);
            rows = rows[..(end < 0 ? rows.IndexOf("\n\n", StringComparison.Ordinal) : end)];
            foreach (var field in kind.Fields) Assert.True(rows.Contains($"`{field.Name}`", StringComparison.Ordinal),
                $"docs/studies.md lacks {field.Name} of {kind.Name}");
        }
    }

    [Fact]
    public void The_quartet_needs_no_setting() =>
        Assert.Empty(Mistakes(StudyPath("quartet.yaml"), Catalogue(null)));

    [Fact]
    public void Without_the_setting_the_paper_s_study_names_it_and_the_models_once()
    {
        var mistake = Assert.Single(Mistakes(StudyPath("paper.yaml"), Catalogue(null)));

        Assert.Equal("field 'models[0]': expected the setting PATCHBAY_MODELS to lead to the folder of llama-7b, "
            + "vicuna-7b, goat-7b, "
            + "float-7b, found that it is not set.", mistake.Sentence);
    }

    [Fact]
    public void Every_model_of_the_catalogue_whose_files_are_not_there_is_told()
    {
        AddModels();
        File.Delete(Path.Combine(models.PathOf("vicuna-7b"), "tokenizer.model"));
        File.Delete(Path.Combine(models.PathOf("goat-7b"), "adapter_model.bin"));

        var mistakes = Mistakes(StudyPath("paper.yaml"), Catalogue(models.Path));

        Assert.Equal(2, mistakes.Count);
        Assert.Contains("vicuna-7b: expected tokenizer.model or tokenizer.json in", mistakes[0].Sentence);
        Assert.Contains("goat-7b: expected adapter_model.safetensors or adapter_model.bin in", mistakes[1].Sentence);
    }

    [Theory]
    [MemberData(nameof(Studies))]
    public void Random_changes_of_a_shipped_study_only_ever_give_mistakes(string file)
    {
        AddModels();
        Fuzz(File.ReadAllText(StudyPath(file)), 1000, path =>
        {
            var found = Mistakes(path, Catalogue(models.Path));
            Assert.All(found, m => Assert.True(m.Line >= 1 && !m.Sentence.Contains('\n') && m.Sentence.Length > 10,
                m.ToString()));
        });
    }

    [Fact]
    public void Random_changes_of_the_catalogue_only_ever_give_mistakes() =>
        Fuzz(File.ReadAllText(Path.Combine(Root, "cluster-config", "models.yaml")), 1000, path =>
        {
            try
            {
                foreach (var model in ModelCatalogue.Load(path, _ => models.Path).Models) _ = model.Missing();
            }
            catch (StudyException e)
            {
                Assert.NotEmpty(e.Mistakes);
            }
        });

    private void Fuzz(string text, int rounds, Action<string> check)
    {
        var path = models.PathOf("fuzz.yaml");
        for (var seed = 0; seed < rounds; seed++)
        {
            var changed = Mutation.Of(text, new Random(seed));
            File.WriteAllBytes(path, changed);
            var failure = Record.Exception(() => check(path));
            Assert.True(failure is null, $"seed {seed}: {failure}");
        }
    }

    private void AddModels()
    {
        foreach (var name in new[] { "llama-7b", "vicuna-7b", "float-7b" }) Add(name, "config.json", "tokenizer.model",
            "pytorch_model-00001.bin");
        Add("goat-7b", "adapter_config.json", "adapter_model.bin");
        foreach (var name in new[] { "ioi", "greater-than" }) Add($"{name}/model", "config.json", "tokenizer.json",
            "model.safetensors");
    }

    private void Add(string model, params string[] files)
    {
        Directory.CreateDirectory(models.PathOf(model));
        foreach (var file in files) File.WriteAllText(Path.Combine(models.PathOf(model), file), "");
    }

    private static IEnumerable<string> Values(Study study, string field) =>
        study.Stages.Where(s => s.Id.EndsWith("/path-patching/A"))
            .Select(s => string.Join(',', study.Stages.Where(g => g.Model == s.Model && g.Kind == s.Kind)
            .Select(g => g.Parameters.As<Dictionary<string, object>>()[field])));

    private static ModelCatalogue Catalogue(string? folder) =>
        ModelCatalogue.Load(Path.Combine(Root, "cluster-config", "models.yaml"), _ => folder);

    private static string StudyPath(string file) => Path.Combine(Root, "cluster-config", "studies", file);

    private static IReadOnlyList<StudyMistake> Mistakes(string path, ModelCatalogue catalogue)
    {
        try
        {
            Study.Load(path, catalogue, Experiments);
            return [];
        }
        catch (StudyException e)
        {
            return e.Mistakes;
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("these tests run inside the repository, beside cluster-config");
    }
}

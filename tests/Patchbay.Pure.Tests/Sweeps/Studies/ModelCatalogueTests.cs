using Patchbay.Sweeps.Studies;
using Patchbay.Tests;

namespace Patchbay.Sweeps.Tests.Studies;

public sealed class ModelCatalogueTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void An_adapter_lies_on_the_checkpoint_of_its_base()
    {
        var model = Load("tuned: {base: small, adapter: lora}\nsmall: {path: x/small, files: [config.json]}")
            .Find("tuned")!;

        Assert.Equal((folder.PathOf("x/small"), folder.PathOf("lora"), "small"),
            (model.Folder.FullPath, model.Adapter?.FullPath, model.Base));
        Assert.Equal(["config.json"], model.Files);
    }

    [Fact]
    public void Models_are_in_the_order_of_the_file_and_found_by_name()
    {
        var catalogue = Load("b: {path: b}\na: {path: a, title: first}");

        Assert.Equal(["b", "a"], catalogue.Models.Select(m => m.Name));
        Assert.Equal(("first", "b"), (catalogue.Find("a")!.Title, catalogue.Find("b")!.Title));
        Assert.Null(catalogue.Find("c"));
    }

    [Fact]
    public void A_relative_path_is_taken_from_the_file_and_a_setting_as_it_is() => Assert.Equal(
        [folder.PathOf("a"), "/models/b", folder.PathOf("c")],
        Load("a: {path: ./x/../a}\nb: {path: \"${MODELS}/b\"}\nc: {path: \"${EMPTY}/c\"}\nd: {path: c}", n =>
            n == "MODELS" ? "/models" : " ")
            .Models.Where(m => m.Name != "c").Select(m => m.Folder.FullPath));

    [Fact]
    public void A_setting_that_is_empty_is_not_set()
    {
        var model = Load("a: {path: \"${MODELS}/b\"}", _ => "").Find("a")!;

        Assert.Equal((null, "MODELS"), (model.Folder.FullPath, model.Folder.UnsetSetting));
        Assert.Equal(["MODELS"], model.UnsetSettings);
        Assert.Empty(model.Missing());
    }

    [Theory]
    [InlineData("config.json", true)]
    [InlineData("a.json|config.json", true)]
    [InlineData("*.bin | *.safetensors", true)]
    [InlineData("Config.json", false)]
    [InlineData("a.json|*.bin", false)]
    [InlineData("config.js", false)]
    public void A_file_is_expected_by_name_pattern_or_alternative(string expected, bool there)
    {
        Directory.CreateDirectory(folder.PathOf("a"));
        File.WriteAllText(folder.PathOf("a/config.json"), "");
        File.WriteAllText(folder.PathOf("a/model.safetensors"), "");

        Assert.Equal(there, Load($"a: {{path: a, files: ['{expected}']}}").Models[0].Missing().Count == 0);
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_no_file()
    {
        Directory.CreateDirectory(folder.PathOf("a"));
        File.CreateSymbolicLink(folder.PathOf("a/config.json"), folder.PathOf("gone"));

        Assert.Equal([$"a: expected config.json in {folder.PathOf("a")}, found nothing of the kind"],
            Load("a: {path: a, files: config.json}").Models[0].Missing());
    }

    [Fact]
    public void All_mistakes_are_told_at_once_with_their_lines()
    {
        const string text = """
            a: {title: none}
            b: {path: b, base: c0}
            c: {adapter: x, base: d}
            d: {adapter: y, base: a}
            g/h: {path: g}
            default: {path: h}
            i: 5
            j: {path: j, fils: [a]}
            a: {path: a}
            """;

        var e = Assert.Throws<StudyException>(() => Load(text));

        Assert.Equal([1, 2, 4, 5, 6, 7, 8, 9], e.Mistakes.Select(m => m.Line).Distinct());
        Assert.Contains(e.Mistakes, m =>
            m.Sentence == "field 'a.path': expected the folder of the checkpoint, found no such field.");
        Assert.Contains(e.Mistakes, m =>
            m.Sentence == "field 'd.path': expected a path, as c is an adapter on this model, found no such field.");
        Assert.Contains(e.Mistakes, m => m.Sentence == "field 'i': expected the fields of a model, found '5'.");
        Assert.Contains(e.Mistakes, m => m.Sentence.EndsWith("found 'fils'; did you mean 'files'?"));
    }

    [Theory]
    [InlineData("", "expected a model catalogue, found an empty file.")]
    [InlineData("- a", "expected models by their names, found a list.")]
    public void What_is_no_catalogue_gets_a_sentence(string text, string sentence) =>
        Assert.Equal(sentence, Assert.Single(Assert.Throws<StudyException>(() => Load(text)).Mistakes).Sentence);

    [Fact]
    public void A_catalogue_that_is_not_there_is_not_found() =>
        Assert.Throws<FileNotFoundException>(() => ModelCatalogue.Load(folder.PathOf("none.yaml")));

    private ModelCatalogue Load(string text, Func<string, string?>? setting = null)
    {
        File.WriteAllText(folder.PathOf("models.yaml"), text);
        return ModelCatalogue.Load(folder.PathOf("models.yaml"), setting);
    }
}

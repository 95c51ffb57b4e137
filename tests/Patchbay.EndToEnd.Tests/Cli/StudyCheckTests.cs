using System.Text.Json;
using Patchbay.Cli.Commands;

namespace Patchbay.Cli.Tests;

/// <summary>What would fail in a sweep and can be known before is told by `pbm study validate`, with its line, and by
/// all that begins a sweep.</summary>
public sealed class StudyCheckTests : IDisposable
{
    private static readonly string Models = BesideProject.Inside("models")!;

    private const string Batch = """
        {"base_tokens": [[1, 5, 6, 7], [1, 8, 9, ID]], "base_last_token_indices": [3, 3],
         "source_tokens": [[1, 2, 3, 4], [1, 5, 6, 7]], "source_last_token_indices": [3, 3], "labels": [6, 2]}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("path-patching: {into: '4.3 99.1'}",
        "expected heads of a model that has 5 layers of 4 heads, found 99.1")]
    [InlineData("path-patching: {receivers: [4, 21]}",
        "expected at most 20, the heads of a model that has 5 layers of 4 heads, found '21'")]
    [InlineData("path-patching: {chain: 'A@last; B@last>A.q', receivers: [4, 5, 6], circuit: [1, 2]}",
        "receivers': expected at most 2 numbers, one for each group of the chain, found 3 in '4,5,6'")]
    [InlineData("path-patching: {chain: 'A@last', circuit: [3, 4]}",
        "circuit': expected at most one number, one for each group of the chain, found 2 in '3,4'")]
    [InlineData("path-patching: {chain: 'A@bogus'}", "found group A at 'bogus', which scene 1, box 1 has not; it has")]
    [InlineData("path-patching: {groups: [A, Z]}", "there is no group 'Z' in this chain; expected A, B, C, D")]
    [InlineData("circuit: {circuit: 'A=4.1 9.9; B=0.8'}",
        "group A of the circuit has head 9.9, but the model has 5 layers of 4 heads",
        "group B of the circuit has head 0.8, but the model has 5 layers of 4 heads")]
    [InlineData("activation-patching: {heads: ['99.1@last', '4.1@nowhere']}", "found 99.1", "found 'nowhere', which")]
    [InlineData("activation-patching: {heads: [Z], circuit: 'A=4.1'}",
        "expected names among A, B, C, D, groups, circuit, found Z")]
    [InlineData("knockout: {pairs: ['last>nowhere', 'object_9>last']}",
        "found 'nowhere', which", "found 'object_9', which")]
    [InlineData("knockout: {pairs: ['object_0>last']}", "found object_0>last, which does not in scene 1, box 1")]
    [InlineData("circuit: {circuit: 'A=4.1', mixed-means: 'nothing_*'}", "found 'nothing_*', which scene 1, box 1 has")]
    [InlineData("knockout: {pairs: ['last>object_0', 'last>object_0']}", "such as last>query_label, each once")]
    [InlineData("attention: {positions: [last, bogus], circuit: 'A=4.1'}",
        "expected positions that prompts have (correct_object, label_0, label_1, label_2, last, ")]
    [InlineData("dcm: {groups: [A, X], circuit: 'A=4.1'}", "expected names among A, B, C, D, all, found X")]
    [InlineData("dcm: {desiderata: [none], circuit: 'A=4.1'}", "found 'none'")]
    [InlineData("targeted-tuning: {sets: [A, Q], circuit: 'A=4.1'}",
        "names among A, B, C, D, circuit, all-heads, found Q")]
    [InlineData("minimality", "expected path-patching before minimality, which needs its heads, found none")]
    [InlineData("cmap: {into: nobody}",
        "expected a model of the study (tiny-base, tiny-goat) or 'base', found 'nobody'")]
    public void A_stage_that_would_fail_is_told_with_its_line(string stage, params string[] sentences)
    {
        var run = Validate($"{stage}");
        Assert.Equal(ExitCode.BadInput, run.Code);
        var count = sentences.Length == 1 ? "a mistake" : $"{sentences.Length} mistakes";
        Assert.StartsWith($"error: {Study} has {count}\n  line 6: field 'stages[0]", run.Error,
            StringComparison.Ordinal);
        Assert.All(sentences, s => Assert.Contains(s, run.Error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("path-patching: {chain: 'A@last; B@bogus>A.q'}\n  - minimality\n  - attention\n  - cmap", 6)]
    [InlineData("path-patchin\n  - minimality\n  - functionality", 6)]
    [InlineData("path-patching: {groups: [A, Z]}\n  - minimality\n  - dcm\n  - functionality", 6)]
    public void What_follows_from_a_mistake_is_no_other_one(string stages, int line)
    {
        var run = Validate(stages);
        Assert.StartsWith($"error: {Study} has a mistake\n  line {line}: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Scenes_too_small_and_memory_too_small_are_told()
    {
        var run = Validate("dcm: {desiderata: [other segment], circuit: 'A=4.1'}", Task.Replace("3", "2"));
        Assert.Contains("field 'stages[0].dcm.desiderata': desideratum 'other segment' needs scenes of 3 boxes at "
            + "least, not 2", run.Error, StringComparison.Ordinal);
        run = Validate("accuracy\ncompute: {memory: 100MiB}");
        Assert.Contains("has a mistake\n  line 7: field 'compute.memory': expected at least 304MiB, which the process "
            + "and the model's weights take, found '100MiB'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_beyond_the_vocabulary_and_positions_that_a_batch_lacks_are_told_once()
    {
        File.WriteAllText(folder.File("batch.json"), Batch.Replace("ID", "5000"));
        const string task = "{file: batch.json, prompts: 2}";
        var run = Validate("accuracy", task);
        Assert.Contains("has a mistake\n  line 3: field 'task.file': batch.json, prompt 1, field 'base_tokens': "
            + "expected ids below 403, the model's vocabulary, found 5000", run.Error, StringComparison.Ordinal);
        File.WriteAllText(folder.File("batch.json"), Batch.Replace("ID", "7"));
        Assert.Equal(ExitCode.Ok, Validate("accuracy", task).Code);
        Assert.Contains("found group C at 'query_label', which batch.json, prompt 0 has not; it has last",
            Validate("path-patching", task).Error, StringComparison.Ordinal);
        Assert.Contains("expected entity-tracking prompts that are generated, found a file",
            Validate("path-patching: {groups: A}\n  - dcm", task).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_is_not_here_is_noticed_and_no_mistake()
    {
        var run = Validate("accuracy\ncompute: {device: 'cuda:99'}");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.StartsWith("note: line 7: field 'compute.device': there is no device cuda:99: ", run.Error,
            StringComparison.Ordinal);
        Assert.Equal("", Validate("accuracy\ncompute: {device: cpu}").Error);
        Write("accuracy\ncompute: {device: 'cuda:99'}", Task, Two);
        run = PbmRun.Of("study", "run", Study, "--data", folder.File("data"));
        Assert.StartsWith("error: there is no device cuda:99", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_begins_twice_is_noticed_once_whatever_reads_it()
    {
        using var tokenizer = JsonDocument.Parse(File.ReadAllText(Path.Combine(Models, "tiny-base", "tokenizer.json")));
        var begin = tokenizer.RootElement.GetProperty("added_tokens").EnumerateArray()
            .First(t => t.GetProperty("id").GetInt32() == 1).GetProperty("content").GetString();
        const string scene = "the book is in Box Q, the photo is in Box F. Box F contains the";
        File.WriteAllText(folder.File("own.jsonl"),
            $$"""{"clean": "{{begin}}{{scene}}", "counterfactual": "{{scene}}", "answer": "photo"}""");
        foreach (var run in (PbmRun[])[Validate("accuracy: {prompts: 1}", "{file: own.jsonl, prompts: 1}"),
            PbmRun.Of("study", "run", Study, "--data", folder.File("data")),
            PbmRun.Of("patch", Path.Combine(Models, "tiny-base"), "--task", folder.File("own.jsonl"), "--chain",
                "A@last"),
            PbmRun.Of("experiment", "accuracy", Path.Combine(Models, "tiny-base"), "--task", folder.File("own.jsonl"),
                "--data", folder.File("data"))])
        {
            Assert.Equal(ExitCode.Ok, run.Code);
            Assert.Single(run.Error.Split('\n'),
                line => line.StartsWith("note: 1 of 1 prompts begin with token 1 twice", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("hello, world\n")]
    [InlineData("[1, 2, 3]\n")]
    [InlineData("{\"sentence\": \"nonsense\"}\n")]
    [InlineData("\0\u0001")]
    public void A_task_file_that_is_none_is_a_mistake_of_the_task(string text)
    {
        File.WriteAllText(folder.File("task.jsonl"), text);
        var run = Validate("accuracy", "{file: task.jsonl, prompts: 1}");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.StartsWith($"error: {Study} has a mistake\n  line 3: field 'task.file': ", run.Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_read_is_a_mistake_of_its_model_and_models_must_be_alike_for_donors()
    {
        Directory.CreateDirectory(folder.File("broken"));
        foreach (var name in new[] { "config.json", "tokenizer.json" })
            File.Copy(Path.Combine(Models, "tiny-base", name), Path.Combine(folder.File("broken"), name));
        File.WriteAllText(Path.Combine(folder.File("broken"), "model.safetensors"), "nonsense");
        var run = Validate("accuracy", models: "[tiny-base, {name: broken, path: broken}]");
        Assert.Contains("has a mistake\n  line 2: field 'models[1]': broken: ", run.Error, StringComparison.Ordinal);
    }

    [SharedFact]
    public void A_donor_of_another_shape_is_told()
    {
        var other = SharedFolder.PathOf("bugs", "zero_probability");
        File.WriteAllText(folder.File("batch.json"), Batch.Replace("ID", "7"));
        var run = Validate("path-patching: {chain: A@last, groups: A}\n  - cmap", "{file: batch.json, prompts: 2}",
            $"[tiny-base, {{name: other, path: {other}}}]");
        Assert.Contains("has a mistake\n  line 7: field 'stages[1].cmap': tiny-base: expected models of one shape, "
            + "found other with ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_recorded_of_a_study_that_would_fail()
    {
        Write("path-patching: {into: '99.1'}", Task, Two);
        var run = PbmRun.Of("study", "run", Study, "--data", folder.File("data"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("found 99.1", run.Error, StringComparison.Ordinal);
        Assert.Contains("there is no journal", PbmRun.Of("sweep", "list", "--data", folder.File("data")).Error,
            StringComparison.Ordinal);
    }

    private const string Task = "{kind: entity-tracking, boxes: 3, prompts: 14}", Two = "[tiny-base, tiny-goat]";

    private string Study => folder.File("study.yaml");

    private PbmRun Validate(string stages, string task = Task, string models = Two)
    {
        Write(stages, task, models);
        return PbmRun.Of("study", "validate", Study);
    }

    private void Write(string stages, string task, string models) => File.WriteAllText(Study, $"""
        name: checked
        models: {models}
        task: {task}
        seed: 20
        stages:
          - {stages}
        """);
}

using System.Text.Json;
using Patchbay.Cli.Commands;

namespace Patchbay.Cli.Tests;

public sealed class TaskCommandTests
{
    [Fact]
    public void Generated_prompts_are_the_seeds_and_json_is_all_there_is_on_standard_output()
    {
        using var folder = new TemporaryFolder();
        var (first, second) = (folder.File("a.jsonl"), folder.File("b.jsonl"));
        var run = PbmRun.Of("task", "generate", "--boxes", "3", "--prompts", "6", "--seed", "4", "--out", first,
            "--json");
        PbmRun.Of("task", "generate", "--boxes", "3", "--prompts", "6", "--seed", "4", "--out", second);

        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(6, document.RootElement.GetProperty("prompts").GetInt32());
        Assert.Equal(2, document.RootElement.GetProperty("scenes").GetInt32());
        Assert.Equal(6, File.ReadAllLines(first).Length);
        Assert.Equal(File.ReadAllText(first), File.ReadAllText(second));
    }

    [Fact]
    public void Without_json_the_result_is_a_sentence()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("task", "generate", "--boxes", "2", "--prompts", "4", "--out", folder.File("a.jsonl"));
        Assert.StartsWith("4 prompts of 2 scenes with 2 boxes: ", run.Out, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [SharedFact]
    public void A_prompt_file_is_checked_against_a_tokenizer()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = SharedFolder.PathOf("checkpoints", "llama-tokenizer");
        var file = folder.File("a.jsonl");
        Assert.Equal(ExitCode.Ok, PbmRun.Of("task", "generate", "--prompts", "14", "--tokenizer", tokenizer, "--out",
            file).Code);

        var run = PbmRun.Of("task", "check", file, "--tokenizer", tokenizer, "--json");
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal("entity tracking", document.RootElement.GetProperty("task").GetString());
        Assert.Equal(54, document.RootElement.GetProperty("tokens_min").GetInt32());
        Assert.Contains("object_0..6", PbmRun.Of("task", "check", file, "--tokenizer", tokenizer).Out,
            StringComparison.Ordinal);
    }

    [SharedTheory]
    [InlineData("ioi", "io, last, s1, s2, s1_plus_1", 0)]
    [InlineData("greater-than", "last, start_century, start_tens, start_year", 1)]
    public void Other_tasks_are_generated_for_llamas_tokenizer_and_pass_its_check(string task, string positions,
        int notices)
    {
        using var folder = new TemporaryFolder();
        var (tokenizer, file) = (SharedFolder.PathOf("checkpoints", "llama-tokenizer"), folder.File("a.jsonl"));
        var run = PbmRun.Of("task", "generate", "--task", task, "--prompts", "40", "--tokenizer", tokenizer, "--out",
            file, "--json");
        using var generated = JsonDocument.Parse(run.Out);
        Assert.Equal(40, generated.RootElement.GetProperty("prompts").GetInt32());
        Assert.Equal(notices, generated.RootElement.GetProperty("notices").GetArrayLength());

        var check = PbmRun.Of("task", "check", file, "--tokenizer", tokenizer);
        Assert.Equal("", check.Error);
        Assert.Contains(positions, check.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_tokenizer_years_are_spelt_in_digits_and_boxes_are_for_entity_tracking_only()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("task", "generate", "--task", "greater-than", "--prompts", "20", "--out",
            folder.File("a.jsonl"));
        Assert.StartsWith("20 prompts of greater-than: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("No tokenizer was given", run.Error, StringComparison.Ordinal);
        var wrong = PbmRun.Of("task", "generate", "--task", "ioi", "--boxes", "3", "--out", folder.File("b.jsonl"));
        Assert.Equal(ExitCode.BadInput, wrong.Code);
        Assert.Contains("--boxes is for entity-tracking; ioi has none", wrong.Error, StringComparison.Ordinal);
    }

    [SharedFact]
    public void A_task_of_ones_own_is_told_by_its_fields()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("own.jsonl",
            """{"clean": "The cat sat on the", "counterfactual": "The dog lay in the", "answer": "table", "positions": {"who": {"text": "cat"}}, "counterfactual_positions": {"who": {"text": "dog"}}}""");
        var run = PbmRun.Of("task", "check", file, "--tokenizer", SharedFolder.PathOf("checkpoints",
            "llama-tokenizer"));
        Assert.Equal("", run.Error);
        Assert.Contains("own task", run.Out, StringComparison.Ordinal);
        Assert.Contains("last, who", run.Out, StringComparison.Ordinal);
    }

    [SharedTheory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("""{"sentence": "Nothing is in Box A."}""")]
    public void A_broken_prompt_file_is_bad_input(string text)
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of("task", "check", folder.File("broken.jsonl", text),
            "--tokenizer", SharedFolder.PathOf("checkpoints", "llama-tokenizer"));
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.StartsWith($"error: {folder.File("broken.jsonl")}", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public void Position_names_with_numbers_are_put_together() => Assert.Equal(
        "box_1, box_2, last, object_0..10", TaskCheckCommand.Collapse(
            ["box_1", "box_2", "last", .. Enumerable.Range(0, 11).Select(i => $"object_{i}")
                .Order(StringComparer.Ordinal)]));
}

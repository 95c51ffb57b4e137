using Patchbay.Sweeps.Studies;

namespace Patchbay.Sweeps.Tests.Studies;

public sealed class StudyMistakeTests : IDisposable
{
    private readonly StudyFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("name: first", "name: First", 1,
        "field 'name': expected a name of small letters, digits and '-', found 'First'.")]
    [InlineData("name: first", "name:", 1,
        "field 'name': expected a name of small letters, digits and '-', found nothing.")]
    [InlineData("seed: 20", "sede: 20\nseed: 20", 4,
        "field 'sede': expected one of name, tags, models, task, seed, compute, attempts, stages, found 'sede'; did "
            + "you mean 'seed'?")]
    [InlineData("seed: 20", "seed: 20\nseed: 21", 5,
        "field 'seed': expected it once, found it again (first in line 4).")]
    [InlineData("seed: 20", "seed: -1", 4,
        "field 'seed': expected a whole number from 0 to 18446744073709551615, found '-1'.")]
    [InlineData("seed: 20", "seed: 18446744073709551616", 4,
        "field 'seed': expected a whole number from 0 to 18446744073709551615, found '18446744073709551616'.")]
    [InlineData("seed: 20", "attempts: 3", 1,
        "field 'seed': expected the seed of everything drawn at random, found no such field.")]
    [InlineData("seed: 20", "seed: [20]", 4,
        "field 'seed': expected a whole number from 0 to 18446744073709551615, found a list.")]
    [InlineData("seed: 20", "seed: 20\nattempts: 0", 5,
        "field 'attempts': expected a whole number from 1 to 100, found '0'.")]
    [InlineData("seed: 20", "seed: 20\n[a]: 1", 5, "expected a name before the colon, found a list.")]
    public void A_field_that_is_wrong_is_named_with_its_line(string good, string bad, int line, string sentence) =>
        Said(good, bad, line, sentence);

    [Theory]
    [InlineData("[paper, \"seed 2\"]", "tags[1]",
        "expected at most 40 letters, digits, '-', '_' and '.', found 'seed 2'.")]
    [InlineData("<b>", "tags", "expected at most 40 letters, digits, '-', '_' and '.', found '<b>'.")]
    [InlineData("[a, b, a]", "tags[2]", "expected every tag once, found 'a' again.")]
    [InlineData("[]", "tags", "expected names such as [paper, seed-2], found an empty list.")]
    [InlineData("{a: b}", "tags", "expected names such as [paper, seed-2], found a mapping.")]
    [InlineData("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]", "tags",
        "expected at most 20 tags, found 21.")]
    [InlineData("abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN", "tags", "expected at most 40 letters, digits, '-', '_' "
        + "and '.', found 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN'.")]
    public void Tags_that_are_none_are_told_with_their_line(string tags, string field, string sentence)
    {
        var mistake = folder.Mistake(StudyFolder.Good.Replace("seed: 20", $"seed: 20\ntags: {tags}"));

        Assert.Equal((5, field, $"field '{field}': {sentence}"), (mistake.Line, mistake.Field, mistake.Sentence));
    }

    [Theory]
    [InlineData("{kind: entity-tracking, prompts: 30}", "entity-tracking",
        "field 'task': expected the prompts' fields, found 'entity-tracking'.")]
    [InlineData("prompts: 30", "prompts: 0",
        "field 'task.prompts': expected a whole number from 1 to 1000000, found '0'.")]
    [InlineData("prompts: 30", "prompts: many",
        "field 'task.prompts': expected a whole number from 1 to 1000000, found 'many'.")]
    [InlineData(", prompts: 30", "", "field 'task.prompts': expected the number of prompts, found no such field.")]
    [InlineData("prompts: 30", "prompts: 30, boxes: 11",
        "field 'task.boxes': expected a whole number from 2 to 10, found '11'.")]
    [InlineData("entity-tracking", "entity-trakcing",
        "field 'task.kind': expected one of entity-tracking, file, found 'entity-trakcing'; did you mean "
            + "'entity-tracking'?")]
    [InlineData("kind: entity-tracking", "kind: file",
        "field 'task.file': expected the path of a prompt file, found no such field.")]
    [InlineData("prompts: 30", "prompts: 30, file: a.jsonl",
        "field 'task.file': expected no file where prompts are generated (kind entity-tracking), found 'a.jsonl'.")]
    [InlineData("kind: entity-tracking, prompts: 30", "file: one.jsonl, prompts: 1, boxes: 5",
        "field 'task.boxes': expected no boxes where prompts come from a file, found '5'.")]
    [InlineData("kind: entity-tracking", "file: \"${NOWHERE}/a\"",
        "field 'task.file': expected a path whose settings are set, found NOWHERE, which is not.")]
    [InlineData("kind: entity-tracking", "file: none.jsonl",
        "field 'task.file': expected at least one prompt, found none in none.jsonl.")]
    [InlineData("kind: entity-tracking", "file: cut.jsonl",
        "field 'task.file': cut.jsonl, line 1: expected valid JSON, found text that ends too early.")]
    public void Mistakes_of_the_task_are_in_line_three(string good, string bad, string sentence)
    {
        foreach (var (name, text) in new[] { ("one", "{}\n"), ("none", "\n"), ("cut", "{\"clean\": \"a") })
            File.WriteAllText(folder.PathOf($"{name}.jsonl"), text);
        Said(good, bad, 3, sentence, StudyFolder.Good.Replace("{prompts: 50}", "{prompts: 1}"));
    }

    [Theory]
    [InlineData("dtype: float8", "dtype",
        "one of float32, float16, bfloat16, float64, found 'float8'; did you mean 'float32'?")]
    [InlineData("device: gpu", "device", "cpu, cuda or cuda:N, found 'gpu'")]
    [InlineData("threads: 0", "threads", "a whole number from 1 to 1024, found '0'")]
    [InlineData("memory: 4", "memory",
        "an amount of memory such as 4GiB or 512MiB, from 1 MiB to 1024 TiB, found '4'")]
    [InlineData("memory: -4GiB", "memory",
        "an amount of memory such as 4GiB or 512MiB, from 1 MiB to 1024 TiB, found '-4GiB'")]
    [InlineData("memory: {a: 1}", "memory",
        "an amount of memory such as 4GiB or 512MiB, from 1 MiB to 1024 TiB, found a mapping")]
    public void Mistakes_of_compute_are_told(string bad, string field, string rest)
    {
        var mistake = folder.Mistake($"{StudyFolder.Good}\ncompute:\n  {bad}\n");

        Assert.Equal((11, $"compute.{field}"), (mistake.Line, mistake.Field));
        Assert.StartsWith($"field 'compute.{field}': expected {rest}", mistake.Sentence);
    }

    [Theory]
    [InlineData("[]", "models",
        "expected a list of models: names of the catalogue, or {name: mine, path: ../mine}, found an empty list.")]
    [InlineData("small", "models",
        "expected a list of models: names of the catalogue, or {name: mine, path: ../mine}, found 'small'.")]
    [InlineData("[small, small]", "models[1]", "expected every model once, found 'small' again (first in line 2).")]
    [InlineData("[large, small, larger]", "models[0]",
        "expected the setting PATCHBAY_MODELS to lead to the folder of large, larger, found that it is not set.")]
    [InlineData("[{name: a/b, path: small}]", "models[0].name",
        "expected a name of letters, digits, '.', '_' and '-', found 'a/b'.")]
    [InlineData("[{name: default, path: small}]", "models[0].name",
        "expected a name other than 'default', found 'default'.")]
    [InlineData("[{name: a}]", "models[0].path", "expected the folder of the checkpoint, found no such field.")]
    [InlineData("[{name: a, path: \"a\\0b\"}]", "models[0].path", "expected a folder, found 'a\\u0000b'.")]
    [InlineData("[[small]]", "models[0]",
        "expected a model of the catalogue, or {name: mine, path: ../mine}, found a list.")]
    public void Mistakes_of_models_are_in_line_two(string models, string field, string sentence)
    {
        var mistake = folder.Mistake(StudyFolder.Good.Replace("[small, tuned]", models));

        Assert.Equal((2, field, $"field '{field}': {sentence}"), (mistake.Line, mistake.Field, mistake.Sentence));
    }

    [Fact]
    public void An_unknown_model_is_told_with_the_models_that_there_are()
    {
        var mistake = folder.Mistake(StudyFolder.Good.Replace("tuned]", "tunde]"));

        Assert.Equal((2, 17), (mistake.Line, mistake.Column));
        Assert.EndsWith("one of small, tuned, large, larger, found 'tunde'; did you mean 'tuned'?", mistake.Sentence);
    }

    [Fact]
    public void Folders_and_files_that_are_not_there_are_told()
    {
        File.Delete(Path.Combine(folder.PathOf("small"), "model.safetensors"));
        Directory.Delete(folder.PathOf("tuned"), recursive: true);

        var mistakes = folder.Check(StudyFolder.Good);

        var checkpoint = $"expected *.safetensors or *.bin in {folder.PathOf("small")}, found only the rest of the "
            + "checkpoint.";
        Assert.Equal(
        [
            $"field 'models[0]': small: {checkpoint}", $"field 'models[1]': tuned: {checkpoint}",
            $"field 'models[1]': tuned: expected the adapter in {folder.PathOf("tuned")}, found no such folder.",
        ], mistakes.Select(m => m.Sentence));
    }

    [Fact]
    public void A_prompt_file_that_is_not_there_is_told() => Said("kind: entity-tracking", "file: prompts.jsonl", 3,
        $"field 'task.file': expected a prompt file at {folder.PathOf("prompts.jsonl")}, found no such file.");

    [Fact]
    public void Of_a_prompt_file_no_more_is_asked_than_it_holds()
    {
        File.WriteAllText(folder.PathOf("two.jsonl"), "{\"clean\": \"a\"}\n\n{\"clean\": \"b\"}\n");
        var text = StudyFolder.Good.Replace("kind: entity-tracking, prompts: 30", "file: two.jsonl, prompts: 2");
        var held = $"expected at most 2, the prompts that {folder.PathOf("two.jsonl")} holds, found";

        Said("{prompts: 50}", "{prompts: 3}", 6, $"field 'stages[0].accuracy.prompts': {held} '3'.", text);
        Said("jsonl, prompts: 2", "jsonl, prompts: 3", 3, $"field 'task.prompts': {held} '3'.",
            text.Replace("{prompts: 50}", "{}"));
        var study = folder.Load(text.Replace("{prompts: 50}", "{}"));
        Assert.Equal(2, study.Stages[0].Parameters.As<PromptsForTests>().Prompts);
    }

    private sealed record PromptsForTests(int Prompts);

    [Theory]
    [InlineData("- accuracy: {prompts: 50}", "- lens", 6, "stages[0]",
        "expected a kind of stage, one of accuracy, path-patching, found 'lens'.")]
    [InlineData("- accuracy: {prompts: 50}", "- acuracy", 6, "stages[0]",
        "expected a kind of stage, one of accuracy, path-patching, found 'acuracy'; did you mean 'accuracy'?")]
    [InlineData("- accuracy: {prompts: 50}", "- []", 6, "stages[0]",
        "expected one kind of stage with its parameters, such as 'accuracy: {prompts: 500}', found a list.")]
    [InlineData("- accuracy: {prompts: 50}", "- {accuracy: , path-patching: }", 6, "stages[0]",
        "expected one kind of stage with its parameters, such as 'accuracy: {prompts: 500}', found 2 fields.")]
    [InlineData("{prompts: 50}", "50", 6, "stages[0].accuracy", "expected parameters of accuracy, found '50'.")]
    [InlineData("{prompts: 50}", "{prompt: 50}", 6, "stages[0].accuracy.prompt",
        "expected prompts, found 'prompt'; did you mean 'prompts'?")]
    [InlineData("{prompts: 50}", "{prompts: }", 6, "stages[0].accuracy.prompts",
        "expected a value or a list of values, found nothing.")]
    [InlineData("[8, 4]", "[8, none]", 9, "stages[1].path-patching.receivers",
        "expected a list of numbers of 1 or more, found '8,none'.")]
    [InlineData("[8, 4]", "[8, [4]]", 9, "stages[1].path-patching.receivers",
        "expected a value or a list of values, found a list with other things in it.")]
    [InlineData("[8, 4]", "{small: [8, 4], tuned: [8, 4], large: [1, 1]}", 9, "stages[1].path-patching.receivers.large",
        "expected one of small, tuned, default, found 'large'.")]
    [InlineData("[8, 4]", "{tuned: [8, 4]}", 9, "stages[1].path-patching.receivers",
        "expected a value for every model or a 'default', found none for small.")]
    [InlineData("[8, 4]", "{default: [8, 4], tuned: [0, 4]}", 9, "stages[1].path-patching.receivers.tuned",
        "expected a list of numbers of 1 or more, found '0,4'.")]
    public void Mistakes_of_stages_are_told(string good, string bad, int line, string field, string sentence) =>
        Said(good, bad, line, $"field '{field}': {sentence}");

    [Fact]
    public void A_stage_that_is_there_twice_is_told_for_every_model()
    {
        var mistakes = folder.Check(StudyFolder.Good + "\n  - accuracy\n");

        Assert.Equal([10, 10], mistakes.Select(m => m.Line));
        Assert.Contains("expected every stage once, found small/accuracy again (first in line 6)", mistakes[0]
            .Sentence);
    }

    [Fact]
    public void What_a_kind_refuses_is_told_at_its_entry() =>
        Assert.Equal((7, "field 'stages[1].path-patching': expected receivers for 2 groups, found 1."),
            folder.Check(StudyFolder.Good.Replace("[8, 4]", "8")).Select(m => (m.Line, m.Sentence)).Single());

    [Fact]
    public void A_stage_whose_predecessor_is_missing_is_told() =>
        Assert.Contains("expected the stage small/path-patching/A before small/path-patching/B, which needs it, found "
            + "no such stage",
            folder.Check(StudyFolder.Good.Replace("[A, B]", "B"))[0].Sentence);

    [Fact]
    public void Values_by_models_are_not_called_mistakes_where_the_models_are() =>
        Said("models: [small, tuned]", "models: small, tuned", 2,
            "field 'models': expected a list of models: names of the catalogue, "
            + "or {name: mine, path: ../mine}, found 'small, tuned'.",
                StudyFolder.Good.Replace("[8, 4]", "{small: [8, 4], tuned: [8, 4]}"));

    [Fact]
    public void All_mistakes_are_told_at_once_in_order_of_lines()
    {
        const string text = """
            stages:
              - acuracy
              - path-patching: {receivers: none}
            seed: x
            task: {kind: entity-tracking, prompts: 0, boxes: 1}
            models: [smal, tuned, tuned]
            naem: first
            """;

        var mistakes = folder.Check(text);

        Assert.Equal([1, 2, 3, 4, 5, 5, 6, 6, 7], mistakes.Select(m => m.Line));
        var thrown = Assert.Throws<StudyException>(() => folder.Load(text));
        Assert.Equal(mistakes, thrown.Mistakes);
        Assert.Equal(mistakes.Select(m => $"{folder.StudyPath}:{m.Line}: {m.Sentence}"), thrown.Message.Split('\n'));
    }

    [Fact]
    public void A_study_that_is_not_there_is_no_mistake_but_not_found() =>
        Assert.Throws<FileNotFoundException>(() => Study.Load(folder.PathOf("none.yaml"), folder.Catalogue,
            StudyFolder.Kinds));

    private void Said(string good, string bad, int line, string sentence, string text = StudyFolder.Good)
    {
        Assert.Contains(good, text);
        var mistake = folder.Mistake(text.Replace(good, bad));
        Assert.Equal((line, sentence), (mistake.Line, mistake.Sentence));
    }
}

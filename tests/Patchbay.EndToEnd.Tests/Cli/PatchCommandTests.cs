using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patchbay.Cli.Tests;

/// <summary>`pbm patch` and the model commands on real files.</summary>
public class PatchCommandTests
{
    private static string Golden => SharedFolder.PathOf("golden", "s256x4");

    private static string[] GoldenPatch(params string[] more) =>
    [
        "patch", Golden, "--batch", Path.Combine(Golden, "batch.json"), "--receivers-from",
            Path.Combine(Golden, "batch.json"),
        "--d-positions", Path.Combine(Golden, "group_D_corrupt_positions.json"), "--threads", "1", .. more,
    ];

    [SharedFact]
    public void Patch_writes_the_golden_scores_as_json_csv_and_svg()
    {
        using var folder = new TemporaryFolder();
        var run = PbmRun.Of(GoldenPatch("--memory", "4GiB", "--out", folder.File("s.json"), "--out",
            folder.File("s.csv"), "--out", folder.File("s.svg")));
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var report = JsonDocument.Parse(File.ReadAllText(folder.File("s.json"))).RootElement;
        foreach (var name in new[] { "A", "B", "C", "D" })
        {
            var expected = JsonSerializer.Deserialize<double[][]>(
                File.ReadAllText(Path.Combine(Golden, $"scores_{name}.json")))!;
            var group = report.GetProperty("groups").GetProperty(name);
            var scores = group.GetProperty("scores").Deserialize<double[][]>()!;
            foreach (var (e, s) in expected.SelectMany(r => r).Zip(scores.SelectMany(r => r))) Assert.Equal(e, s, 2e-6);
            Assert.All(group.GetProperty("stderr").Deserialize<double[][]>()!.SelectMany(r => r), x =>
                Assert.InRange(x, 0, 1));
            Assert.True(group.GetProperty("seconds").GetDouble() > 0);
        }
        Assert.True(report.GetProperty("seconds_total").GetDouble() > 0);
        Assert.True(report.GetProperty("peak_rss_bytes").GetInt64() > 1 << 20);
        Assert.Equal(1 + 4 * 32, File.ReadLines(folder.File("s.csv")).Count());
        Assert.Equal("svg", System.Xml.Linq.XDocument.Load(folder.File("s.svg")).Root!.Name.LocalName);
    }

    [SharedFact]
    public void Prompts_whose_answer_has_no_probability_are_told_in_every_output()
    {
        using var folder = new TemporaryFolder();
        var shared = SharedFolder.PathOf("bugs", "zero_probability");
        var run = PbmRun.Of("patch", shared, "--batch", Path.Combine(shared, "batch.json"), "--groups", "A", "--dtype",
            "float64", "--threads", "1", "--data", folder.File("data"), "--out", folder.File("z.json"));
        Assert.Equal(ExitCode.Ok, run.Code);
        const string told = "of 8 prompts ";
        const string why = "left out of zero-probability/path-patching/A, for the answer has no usable probability";
        Assert.Contains(told, run.Out, StringComparison.Ordinal);
        Assert.Contains(why, run.Out, StringComparison.Ordinal);
        var document = JsonDocument.Parse(File.ReadAllText(folder.File("z.json"))).RootElement;
        var left = document.GetProperty("left_out")[0];
        var count = left.GetProperty("prompts").GetArrayLength();
        var group = document.GetProperty("groups").GetProperty("A");
        Assert.All(group.GetProperty("samples").Deserialize<double[][]>()!.SelectMany(r => r), n =>
            Assert.Equal(8 - count, n));
        Assert.All(group.GetProperty("scores").Deserialize<double?[][]>()!.SelectMany(r => r), s => Assert.NotNull(s));
        string[] data = ["--data", folder.File("data")];
        Assert.Contains(why, PbmRun.Of(["sweep", "show", "patch-1", .. data]).Out, StringComparison.Ordinal);
        PbmRun.Of(["sweep", "report", "patch-1", "--out", folder.File("report"), .. data]);
        Assert.Contains(why, File.ReadAllText(folder.File("report/report.md")), StringComparison.Ordinal);
        var export = PbmRun.Of(["sweep", "export", "patch-1", "--out", folder.File("export"), .. data]);
        Assert.Contains(why, export.Error, StringComparison.Ordinal);
        Assert.Contains("\"left_out\":", File.ReadAllText(folder.File("export/results.json")),
            StringComparison.Ordinal);
    }

    [SharedFact]
    public void A_batch_none_of_whose_answers_has_a_probability_is_named_as_it_was_given()
    {
        using var folder = new TemporaryFolder();
        var model = SharedFolder.PathOf("bugs", "zero_probability");
        var batch = JsonNode.Parse(File.ReadAllText(Path.Combine(model, "batch.json")))!;
        foreach (var field in batch.AsObject().Select(f => f.Key).ToArray())
            if (batch[field] is JsonArray list) batch[field] = new JsonArray(list[0]!.DeepClone());
        var given = Path.Combine(folder.Path, ".", "batch.json");
        File.WriteAllText(given, batch.ToJsonString());
        var run = PbmRun.Of("patch", model, "--batch", given, "--groups", "A", "--dtype", "float64", "--threads", "1");
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains($"found none in {given}, prompt 0: there is no relative change", run.Error,
            StringComparison.Ordinal);
    }

    [SharedFact]
    public void The_reference_switch_gives_the_same_scores()
    {
        double[] Scores(params string[] more) =>
            JsonDocument.Parse(PbmRun.Of([.. GoldenPatch("--groups", "A", "--prompts", "3", "--json"), .. more]).Out)
            .RootElement.GetProperty("groups").GetProperty("A").GetProperty("scores")
                .Deserialize<double[][]>()!.SelectMany(r => r).ToArray();
        // of float32
        foreach (var (cone, reference) in Scores().Zip(Scores("--reference"))) Assert.Equal(reference, cone, 1e-5);
    }

    [SharedTheory]
    [InlineData("bfloat16")]
    [InlineData("float16")]
    public void Narrow_dtypes_run_and_agree_roughly(string dtype)
    {
        double[] Scores(string d) =>
            JsonDocument.Parse(PbmRun.Of(GoldenPatch("--groups", "A", "--prompts", "16", "--json", "--dtype", d)).Out)
            .RootElement.GetProperty("groups").GetProperty("A").GetProperty("scores")
                .Deserialize<double[][]>()!.SelectMany(r => r).ToArray();
        var difference = Scores("float32").Zip(Scores(dtype), (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(difference, 1e-9, dtype == "float16" ? 0.005 : 0.15);
    }

    [SharedFact]
    public void Resident_memory_stays_within_the_budget_and_a_budget_too_small_is_refused_with_the_least_that_would_do()
    {
        var refused = Process(GoldenPatch("--memory", "100MiB"));
        Assert.Equal(2, refused.Code);
        Assert.Matches(@"^error: --memory is 100.0 MiB, but this model and prompts of 57 tokens need at least [0-9.]+ MiB", refused.Error);
        var run = Process(GoldenPatch("--memory", "440MiB", "--json"));
        Assert.Equal(0, run.Code);
        var peak = JsonDocument.Parse(run.Out).RootElement.GetProperty("peak_rss_bytes").GetInt64();
        Assert.InRange(peak, 100L << 20, (long)(1.15 * (440L << 20)));
    }

    [SharedFact]
    public void What_is_wrong_is_said_in_one_sentence_with_its_exit_code()
    {
        (ExitCode, string) Error(params string[] arguments) => PbmRun.Of(arguments) is var run
            ? (run.Code, run.Error.Trim()) : default;
        Assert.Equal(ExitCode.NotFound, Error("patch", "nowhere").Item1);
        Assert.Matches("^error: [^\n]*nowhere[^\n]*$", Error("patch", "nowhere").Item2);
        Assert.Equal(ExitCode.BadInput, Error(GoldenPatch("--device", "cuda:7")).Item1);
        Assert.Contains("no group 'E'", Error(GoldenPatch("--groups", "E")).Item2, StringComparison.Ordinal);
        Assert.Contains(".svg", Error(GoldenPatch("--out", "scores.txt")).Item2, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, Error("patch", Golden, "--batch", "nowhere.json").Item1);
        Assert.Contains("no tokenizer", Error("patch", Golden).Item2, StringComparison.Ordinal);
    }

    [SharedFact]
    public void An_interruption_before_the_end_is_exit_code_130()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Equal(130, (int)PbmRun.Of(source.Token, GoldenPatch()).Code);
    }

    [SharedFact]
    public void Inspect_and_generate_tell_what_a_checkpoint_is_and_says()
    {
        var folder = SharedFolder.PathOf("checkpoints", "tinystories-656k");
        var inspected = JsonDocument.Parse(PbmRun.Of("model", "inspect", folder, "--json").Out).RootElement;
        Assert.Equal(656000, inspected.GetProperty("parameters").GetInt64());
        Assert.Equal(64, inspected.GetProperty("fingerprint").GetString()!.Length);
        var adapter = PbmRun.Of("model", "inspect", SharedFolder.PathOf("golden", "formats", "lora-adapter"));
        Assert.Contains("LoRA r 4, alpha 8", adapter.Out, StringComparison.Ordinal);
        var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden_reference.json"))).RootElement[0];
        var story = PbmRun.Of("model", "generate", folder, "--prompt", golden.GetProperty("prompt").GetString()!,
            "--max-tokens", "20", "--threads", "1");
        Assert.StartsWith(golden.GetProperty("text").GetString()![..40], story.Out.TrimStart(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_of_one_s_own_has_its_own_chain_and_its_own_positions()
    {
        using var folder = new TemporaryFolder();
        const string scene = "the book is in Box Q, the photo is in Box F.";
        var task = folder.File("own.jsonl", $$$$"""
            {"clean": "{{{{scene}}}} Box F contains the", "counterfactual": "{{{{scene}}}} Box Q contains the", "answer": "photo", "positions": {"query": {"from_end": 3}}}
            {"clean": "{{{{scene}}}} Box Q contains the", "counterfactual": "{{{{scene}}}} Box F contains the", "answer": "book", "positions": {"query": {"from_end": 3}}}
            """);
        string[] patch = ["patch", Path.Combine(EndToEnd.Tests.Pbm.Root, "models", "tiny-base"), "--task", task];
        var run = PbmRun.Of([.. patch, "--chain", "A@last; B@query>A.v", "--receivers", "2", "--json"]);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var groups = JsonDocument.Parse(run.Out).RootElement.GetProperty("groups");
        Assert.Equal(["A", "B"], groups.EnumerateObject().Select(g => g.Name));
        Assert.Equal(2, groups.GetProperty("B").GetProperty("receivers").GetArrayLength());

        var refused = PbmRun.Of(patch); // entity tracking's chain
        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("--chain: tiny-base: expected positions that every prompt has, found group C at 'query_label', "
            + $"which {task}, line 1 has not; it has last, query", refused.Error, StringComparison.Ordinal);
    }

    /// <summary>A run of pbm in a process of its own, whose memory is its own.</summary>
    private static (int Code, string Out, string Error) Process(string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "pbm.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = System.Diagnostics.Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}

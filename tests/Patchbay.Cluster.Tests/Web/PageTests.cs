using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Report;
using Patchbay.Sweeps.Studies;
using Patchbay.Web;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>The pages of a node, asked for by HTTP as a browser does.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync.
public sealed partial class PageTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string Hostile = "<script>alert(1)</script>\" onmouseover=\"x";
    private readonly TemporaryFolder folder = new();
    private ClusterNode node = null!;
    private ControlApi api = null!;
    private Browser browser = null!;

    private static StudyDesk Desk { get; } = new(new Dictionary<string, string> { ["quartet"] = "name: quartet\n" },
        text => Study.Parse(text, "/studies/page.yaml", ModelCatalogue.Empty, Experiment.All),
        (_, _, _) => SimulatedPlan.Make(poisoned: false, batches: false));

    public async Task InitializeAsync()
    {
        node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        api = await ControlApi.StartAsync(node, "/data", null, LivePages.Of(node, null, Desk));
        browser = new(api.Address);
    }

    public async Task DisposeAsync()
    {
        browser.Dispose();
        await api.DisposeAsync();
        await node.DisposeAsync();
        folder.Dispose();
    }

    [Theory]
    [InlineData("/study", "application/x-www-form-urlencoded", "form=%00")]
    [InlineData("/sweeps/x/cancel", "application/x-www-form-urlencoded", "form=%00")]
    [InlineData("/study", "multipart/form-data; boundary=x", "garbage")]
    [InlineData("/study", "application/json", "{}")]
    public async Task What_is_sent_and_is_no_form_is_refused_with_a_sentence(string path, string type, string text)
    {
        using var client = new HttpClient { BaseAddress = new(api.Address) };
        using var sent = new StringContent(text);
        sent.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type);
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), sent);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("no form that can be read", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sweeps/x/cancel", 405, "nothing to be read at this address")]
    [InlineData("/sign-out", 405, "nothing to be read at this address")]
    [InlineData("/compare?a=gone&b=gone:mine", 200, "'gone:mine' here")]
    [InlineData("/study?from=gone", 200, "There is no shipped study 'gone'")]
    [InlineData("/study?sweep=gone", 200, "There is no sweep 'gone'")]
    [InlineData("/nothing", 404, "There is no such page")]
    public async Task What_is_not_there_is_said_not_to_be(string path, int status, string sentence)
    {
        await browser.OpenAsync(path, (HttpStatusCode)status);
        Assert.Contains(sentence, WebUtility.HtmlDecode(browser.Text), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sweep_s_page_has_its_heat_maps_findings_failures_events_and_files()
    {
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: true, batches: false));
        await TestNode.Until(node, s => s.Ended);
        await browser.OpenAsync("/");
        Assert.Contains("<a href=\"/sweeps/s\">s</a>", browser.Text, StringComparison.Ordinal);
        await browser.OpenAsync("/sweeps/s");
        Assert.Contains("completed with failures", browser.Text, StringComparison.Ordinal);
        Assert.Contains("id=\"maps-A\"", browser.Text, StringComparison.Ordinal);
        Assert.Contains("id=\"maps-D\"", browser.Text, StringComparison.Ordinal);
        // A head says its score, rank, prompts, unit, seconds and where it ran, and leads to its page.
        Assert.Matches(@"href=""/sweeps/s/heads/2.1"" tabindex=""-1"" aria-label=""[^""]*""><title>layer 2, head 1: "
            + @"[−+]0\.\d+ ± 0\.01\d* ?(\(number \d+\))?; rank \d+ of 12, 100 prompts; "
            + @"unit layer-02, [\d.]+ s on [^<]+, process", browser.Text);
        Assert.Contains("simulated: no memory for this one", browser.Text, StringComparison.Ordinal);
        Assert.Contains("Try again what failed", browser.Text, StringComparison.Ordinal);
        Assert.Contains("fingerprint of sound", browser.Text, StringComparison.Ordinal);
        Assert.Contains("sound/path-patching/D is complete", browser.Text, StringComparison.Ordinal);
        Assert.Contains("What was found", browser.Text, StringComparison.Ordinal);
        Assert.Contains("Path patching of every head", browser.Text, StringComparison.Ordinal);
        Assert.Matches("Stages of every model", browser.Text);
        await browser.OpenAsync("/sweeps/s?scale=one");
        Assert.Contains("each group on its own scale", browser.Text, StringComparison.Ordinal);
        await browser.OpenAsync("/sweeps/s/heads/2.1");
        Assert.Contains("rank", browser.Text, StringComparison.Ordinal);
        await browser.OpenAsync("/sweeps/s/heads/9.9", HttpStatusCode.NotFound);
        await browser.OpenAsync("/sweeps/t", HttpStatusCode.NotFound);
        await browser.OpenAsync("/cluster");
        Assert.Contains("this node", browser.Text, StringComparison.Ordinal);
        Assert.Contains("processors, %", browser.Text, StringComparison.Ordinal);
        await browser.OpenAsync("/compare?a=s&b=s");
        Assert.Contains("Head against head", browser.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tags_are_shown_lead_to_the_sweeps_that_have_them_and_filter()
    {
        var plan = SimulatedPlan.Make(poisoned: false, batches: false);
        await node.PlanAsync(plan);
        await browser.OpenAsync("/");
        Assert.DoesNotContain("name=\"tag\"", browser.Text, StringComparison.Ordinal);
        await node.PlanAsync(plan with { Study = "tagged", Tags = ["paper", "seed-2"] });
        const string tag = "<a class=\"w-tag\" href=\"/?tag=seed-2\">seed-2</a>";
        await browser.OpenAsync("/sweeps/tagged-1");
        Assert.Contains(tag, browser.Text, StringComparison.Ordinal);
        Assert.Contains("<dt>tags</dt><dd>paper, seed-2</dd>", browser.Text, StringComparison.Ordinal);
        do await browser.OpenAsync("/"); // the journal is asked for new sweeps twice a second
        while (!browser.Text.Contains("tagged-1", StringComparison.Ordinal));
        foreach (var (asked, shown) in new[] { ("", "simulated-1 tagged-1"), ("?tag=seed-2", "tagged-1"),
            ("?tag=seed-2&name=simulated", ""), ("?tag=other", "") })
        {
            await browser.OpenAsync($"/{asked}");
            Assert.Equal(shown, string.Join(' ', SweepLinks().Matches(browser.Text).Select(m => m.Groups[1].Value)
                .Order()));
        }
        await browser.OpenAsync("/?tag=seed-2");
        Assert.Contains("selected", browser.Text, StringComparison.Ordinal);
        Assert.Contains(tag, browser.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("csv", "s-csv/scores.csv")]
    [InlineData("json", "s-json/scores.json")]
    [InlineData("npy", "s-npy/circuits/sound_circuit.json")]
    [InlineData("parquet", "s-parquet/results.parquet")]
    [InlineData("report", "s-report/report.html")]
    public async Task Its_files_come_as_one_archive(string format, string file)
    {
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        await TestNode.Until(node, s => s.Ended);
        var answer = await browser.OpenAsync($"/sweeps/s/export/{format}");
        using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync());
        Assert.NotNull(zip.GetEntry(file));
    }

    [Fact]
    public async Task The_archive_of_a_report_has_its_pictures_as_png_too_or_says_why_not()
    {
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        await TestNode.Until(node, s => s.Ended);
        var answer = await browser.OpenAsync("/sweeps/s/export/report");
        using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync());
        var files = zip.Entries.Select(e => e.FullName["s-report/".Length..]).ToArray();
        var written = files.Where(f => Path.GetExtension(f) != ".png" && f != "notes.txt").ToArray();
        string[] pictures = [.. written.Where(f => Path.GetExtension(f) == ".svg")];
        Assert.NotEmpty(pictures);
        // The machine of this test has fonts, or it has none.
        Assert.Equal(PictureFonts.Find(PictureFonts.Folders) is null ? ["notes.txt"]
            : pictures.Select(f => Path.ChangeExtension(f, ".png")), files[written.Length..]);
        var input = new ReportInput(RunFacts.Of("s", node.Sweep("s"), []), SweepFindings.Of(node.Sweep("s")), []);
        Assert.Equal(written, SweepReport.Files(input).Select(f => f.Path));
        var fontless = SweepFiles.OfReport(input, [folder.PathOf("fonts")]).ToArray();
        Assert.Equal([.. written, "notes.txt"], fontless.Select(f => f.Name));
        Assert.Contains("SVG only", Encoding.UTF8.GetString(fontless[^1].Bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orders_are_taken_from_forms_of_these_pages_alone()
    {
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: true));
        await browser.OpenAsync("/sweeps/s");
        await browser.SendForgedAsync("/sweeps/s/cancel", HttpStatusCode.BadRequest);
        Assert.NotEqual(SweepStatus.Cancelled, node.Sweep("s").Status);
        await TestNode.Until(node, s => s.Ended);
        await browser.OpenAsync("/study"); // a form of it will do
        await browser.SendFormAsync("/sweeps/s/pause", HttpStatusCode.Conflict); // it has ended: it says why not
        Assert.Contains("It was not done", browser.Text, StringComparison.Ordinal);
        await browser.OpenAsync("/study");
        await browser.SendFormAsync("/sweeps/s/dance", HttpStatusCode.NotFound);
        await browser.OpenAsync("/study");
        await browser.SendFormAsync("/sweeps/t/pause", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Every_answer_forbids_scripts_but_the_node_s_own_frames_and_guessed_types()
    {
        foreach (var path in new[] { "/", "/study", "/cluster", "/compare", "/assets/icon.svg" })
        {
            var answer = await browser.OpenAsync(path);
            var policy = string.Join("; ", answer.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", string.Concat(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("no-referrer", string.Concat(answer.Headers.GetValues("Referrer-Policy")));
            // Nothing that such a policy would stop.
            Assert.DoesNotMatch(Inline(), browser.Text);
        }
        foreach (Match asset in AssetPaths().Matches(browser.Text)) await browser.OpenAsync(asset.Groups[1].Value);
    }

    [Fact]
    public async Task Who_asks_by_another_name_than_the_machine_s_is_refused()
    {
        await browser.OpenAsync("/", HttpStatusCode.Forbidden, host: "evil.example");
        await browser.OpenAsync("/", HttpStatusCode.Forbidden, host: "127.0.0.1.evil.example");
        await browser.OpenAsync("/", host: "localhost");
    }

    [Fact]
    public async Task The_API_and_the_pages_do_not_meet()
    {
        await browser.OpenAsync("/models", HttpStatusCode.NotFound); // of the API alone
        using var client = new HttpClient { BaseAddress = new(api.Address) };
        client.DefaultRequestHeaders.Add(ControlApi.Header, "1");
        Assert.Equal("[]", await client.GetStringAsync(new Uri("/sweeps", UriKind.Relative)));
        var answer = await client.GetAsync(new Uri("/cluster", UriKind.Relative)); // of the pages alone
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task What_plans_and_failures_say_is_text_and_never_markup()
    {
        var plan = SimulatedPlan.Make(poisoned: false, batches: false);
        PlannedModel[] models = [.. plan.Models.Select(m => m.Name == "other" ? m with { Name = Hostile } : m)];
        Stage[] stages = [.. plan.Stages.Select(s => s.Model != "other" ? s : s with
        {
            Model = Hostile,
            Id = s.Id.Replace("other", Hostile).Replace("</", "<\\"),
            After = [],
        })];
        await TestNode.Begin(node, plan with
        {
            Study = Hostile,
            StudyText = $"</textarea>{Hostile}",
            Models = models,
            Stages = [.. stages.Where(s => s.Model != Hostile || s.Kind == "accuracy")],
        });
        await TestNode.Until(node, s => s.InOrder.Any(x => x.Completed > 0));
        foreach (var path in new[] { "/", $"/?name={Uri.EscapeDataString(Hostile)}&model=%3Cscript%3E", "/sweeps/s",
            "/study?sweep=s", "/cluster", "/compare?a=s&b=s", "/sweeps/s/heads/1.1" })
        {
            await browser.OpenAsync(path);
            Assert.DoesNotContain("<script>", browser.Text, StringComparison.Ordinal);
            Assert.DoesNotMatch(InTag(), browser.Text);
        }
        await browser.OpenAsync("/sweeps/" + Uri.EscapeDataString("<b>"), HttpStatusCode.NotFound);
        Assert.DoesNotContain("<b>", browser.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_open_page_is_told_when_it_has_changed()
    {
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        using var events = await browser.FollowAsync("sweep s");
        var first = await Browser.VersionAsync(events);
        await TestNode.Until(node, s => s.Ended);
        var (told, shown) = (first, "");
        for (var left = 10; left > 0 && told != shown; left--)
        {
            told = await Browser.VersionAsync(events);
            await browser.OpenAsync("/sweeps/s");
            shown = Version().Match(browser.Text).Groups[1].Value;
        }
        Assert.Equal(shown, told);
        Assert.Contains("completed", browser.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_study_shows_its_mistakes_at_their_lines_and_a_right_one_runs()
    {
        await browser.OpenAsync("/study");
        Assert.Contains("name: quartet", browser.Text, StringComparison.Ordinal);
        var back = await SendStudyAsync("run",
            "name: mine\nmodels: [a]\ntask: {kind: entity-tracking, prompts: 0}\nseed: 1\nstages: [acuracy]");
        await browser.OpenAsync(back, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("<mark>line 3</mark>", browser.Text, StringComparison.Ordinal);
        Assert.Contains("field &#x27;task.prompts&#x27;", browser.Text, StringComparison.Ordinal);
        Assert.Contains("<mark>line 5</mark>", browser.Text, StringComparison.Ordinal);
        Assert.Empty(node.Known);
        var right = $"name: mine\nmodels: [{{name: m, path: {folder.Path}}}]\n"
            + "task: {kind: entity-tracking, prompts: 10}\nseed: 1\nstages: [accuracy]\n";
        await File.WriteAllTextAsync(folder.PathOf("config.json"), "{}");
        await File.WriteAllTextAsync(folder.PathOf("model.safetensors"), "");
        await browser.OpenAsync(await SendStudyAsync("check", right));
        Assert.Contains("No mistakes", browser.Text, StringComparison.Ordinal);
        Assert.Equal("/sweeps/simulated-1", await SendStudyAsync("run", right));
        Assert.NotEqual(SweepStatus.None, node.Sweep("simulated-1").Status);
        await browser.SendForgedAsync("/study", HttpStatusCode.UnprocessableEntity);
        Assert.Single(node.Known);
    }

    // Where it leads at last.
    private async Task<string> SendStudyAsync(string what, string text)
    {
        var answer = await browser.SendFormAsync("/study", HttpStatusCode.SeeOther, ("do", what), ("text", text));
        return await browser.LedFromAsync(answer.Headers.Location!.ToString());
    }

    [GeneratedRegex("<[a-z][^<>]*\\sonmouseover=\"")]
    private static partial Regex InTag();

    [GeneratedRegex("<a href=\"/sweeps/([^\"]+)\">")]
    private static partial Regex SweepLinks();

    [GeneratedRegex("<style|<script(?! src=\"/assets/)| on[a-z]+=\"|javascript:")]
    private static partial Regex Inline();

    [GeneratedRegex("\"(/assets/[^\"]+)\"")]
    private static partial Regex AssetPaths();

    [GeneratedRegex("data-version=\"([^\"]+)\"")]
    private static partial Regex Version();
}

using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Patchbay.Journal;

namespace Patchbay.EndToEnd.Tests;

/// <summary>A fact that needs Chromium: skipped with a notice where it is not installed.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public const string Chromium = "/usr/bin/chromium";

    public BrowserFactAttribute() => Skip = File.Exists(Chromium) ? null
        : "needs Chromium (Debian: apt-get install chromium)";
}

/// <summary>The pages of a real node, in a real browser.</summary>
[Collection(nameof(BrowserTests))]
public sealed class BrowserTests : IDisposable
{
    private const string Study = """
        name: watched
        models: [tiny-base, tiny-chat]
        task: {kind: entity-tracking, boxes: 7, prompts: 1500}
        seed: 20
        compute: {threads: 1, memory: 2GiB}
        stages:
          - accuracy: {prompts: 60}
          - path-patching: {groups: [A, B], receivers: [4]}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [BrowserFact]
    public async Task A_study_is_written_run_watched_paused_and_resumed_and_its_page_outlives_the_node()
    {
        var port = FreePorts.Two().ToString(System.Globalization.CultureInfo.InvariantCulture);
        Pbm Node() => Pbm.Start(folder.PathOf("data"), "node", "run", "--port", port, "--slots", "1");
        using var first = Node();
        first.Until($"pages for a browser: http://127.0.0.1:{port}/");
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Open(playwright);
        var complaints = new List<string>();
        var page = await PageOf(browser, port, complaints);

        // A wrong study shows its mistakes at their lines; nothing that was written is lost.
        await page.GotoAsync("/study");
        await page.GetByLabel("Study, in YAML").FillAsync(Study.Replace("tiny-chat", "tiny-caht"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it" }).ClickAsync();
        await Assertions.Expect(page.Locator(".w-mistakes")).ToContainTextAsync("line 2");
        await Assertions.Expect(page.Locator(".w-mistakes")).ToContainTextAsync("did you mean 'tiny-chat'?");
        await IsAccessible(page);

        await page.GetByLabel("Study, in YAML").FillAsync(Study);
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it" }).ClickAsync();
        await page.WaitForURLAsync("**/sweeps/watched-1", Patient);

        // Heat maps come to be and fill while the page is open.
        await page.Locator("#maps-A svg a title", new() { HasText = "rank" }).First.WaitForAsync(
            new() { Timeout = 120_000, State = WaitForSelectorState.Attached });
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("paused", Long);

        // The sweep is resumed from elsewhere while all of the page is replaced, for its sections are others: the
        // focus stays at its head.
        await page.Locator("#maps-A svg a[href$='/1.1']").First.FocusAsync();
        await page.EvaluateAsync("document.getElementById('main').insertAdjacentHTML('afterbegin', "
            + "'<p data-part id=\"more\"><a href=\"/\">more</a></p>')");
        using var elsewhere = Pbm.Start(folder.PathOf("data"), "sweep", "resume", "watched-1");
        await Assertions.Expect(page.Locator("#more")).ToHaveCountAsync(0, new() { Timeout = 60_000 });
        await IsFocused(page, "/1.1");
        elsewhere.Kill();

        // The node is killed and comes back: the page finds it again, and the sweep goes on to its end.
        first.Kill();
        await Assertions.Expect(page.Locator("#live")).ToContainTextAsync("does not answer", Long);
        using var second = Node();
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("completed", Long);
        await Assertions.Expect(page.Locator("#maps-B svg").First).ToBeVisibleAsync(Long2);
        await Assertions.Expect(page.Locator("#words")).ToContainTextAsync("tiny-base answers");

        // By keyboard alone: into a heat map, along it, and its head is told.
        await page.Locator("#maps-A svg a").First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.Locator("#head")).ToContainTextAsync("layer 1, head 1");
        await IsAccessible(page);
        foreach (var width in new[] { 1400, 800, 400 })
        {
            await page.SetViewportSizeAsync(width, 900);
            Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth"));
        }
        await IsFocused(page, "/1.1");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/sweeps/watched-1/heads/1.1", Patient);
        Assert.Empty(complaints);
        second.Interrupt();
        Assert.Equal(0, second.Finish(60).Code);
    }

    [BrowserFact]
    public async Task A_killed_compute_process_is_seen_to_be_gone_what_failed_is_tried_again_and_models_compared()
    {
        var (port, other) = ($"{FreePorts.Two()}", $"{FreePorts.Two()}");
        Pbm Node(string own, string roles) => Pbm.Start(folder.PathOf("data"), "node", "run", "--port", own, "--seed",
            $"127.0.0.1:{port}", "--roles", roles, "--slots", "1", "--memory", "4GiB");
        using var pages = Node(port, "coordinator");
        pages.Until("pages for a browser");
        using var first = Node(other, "compute");
        first.Until("Ctrl-C stops it");
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Open(playwright);
        var complaints = new List<string>();
        var (page, cluster) = (await PageOf(browser, port, complaints), await PageOf(browser, port, complaints));

        // A checkpoint that is another once the sweep runs: its units fail, and the page says why.
        var model = folder.PathOf("mine");
        Directory.CreateDirectory(model);
        foreach (var file in Directory.GetFiles(Path.Combine(Pbm.Root, "models", "tiny-chat"))) File.Copy(file,
            Path.Combine(model, Path.GetFileName(file)));
        var weights = Path.Combine(model, "model.safetensors");
        var bytes = await File.ReadAllBytesAsync(weights);
        await page.GotoAsync("/study");
        await page.GetByLabel("Study, in YAML").FillAsync(Study.Replace("tiny-chat", $"{{name: mine, path: {model}}}")
            .Replace("prompts: 1500", "prompts: 400"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Run it" }).ClickAsync();
        await page.WaitForURLAsync("**/sweeps/watched-1", Patient);
        Home home = folder.PathOf("data");
        Pbm.WaitFor(() => home.Completed("watched-1").Length >= 2);
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("paused", Long);

        // kill -9 of the process that computes: the open page of the cluster shows it within seconds.
        await cluster.GotoAsync("/cluster");
        await Assertions.Expect(cluster.Locator("main")).ToContainTextAsync($"127.0.0.1:{other}", Long);
        await IsAccessible(cluster);
        var changed = (byte[])bytes.Clone();
        changed[^1] ^= 1;
        await File.WriteAllBytesAsync(weights, changed);
        var units = home.Completed("watched-1").Length;
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        Pbm.WaitFor(() => home.Completed("watched-1").Length > units);
        first.Kill();
        await Assertions.Expect(cluster.Locator("section#nodes")).Not.ToContainTextAsync($"127.0.0.1:{other}",
            new() { Timeout = 20_000 });
        await Assertions.Expect(cluster.Locator("main")).ToContainTextAsync($"127.0.0.1:{other} left between", Long);
        using var second = Node($"{FreePorts.Two()}", "compute");
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("completed with failures", Long);
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("has changed since the sweep was planned");

        await File.WriteAllBytesAsync(weights, bytes);
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again what failed" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).Not.ToContainTextAsync("with failures", new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("completed", Long);

        // Two models of the sweep side by side; and all of it in the dark.
        await page.GotoAsync("/compare");
        await page.GetByLabel("First").SelectOptionAsync("watched-1:tiny-base");
        await page.GetByLabel("Second").SelectOptionAsync("watched-1:mine");
        await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Head against head");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        foreach (var path in new[] { "/", "/sweeps/watched-1", "/sweeps/watched-1/heads/2.1", "/cluster", "/study",
            "/compare?a=watched-1:tiny-base&b=watched-1:mine" })
        {
            await page.GotoAsync(path);
            await IsAccessible(page);
        }
        Assert.Empty(complaints);
    }

    private static Task<IBrowser> Open(IPlaywright playwright) => playwright.Chromium.LaunchAsync(new()
    { ExecutablePath = BrowserFactAttribute.Chromium, Args = ["--no-sandbox"] });

    // Errors of the script, and what the content security policy does not let in, are complaints.
    private static async Task<IPage> PageOf(IBrowser browser, string port, List<string> complaints)
    {
        var page = await browser.NewPageAsync(new() { BaseURL = $"http://127.0.0.1:{port}" });
        page.PageError += (_, error) => complaints.Add(error);
        page.Console += (_, said) =>
        {
            if (said.Text.Contains("Content Security Policy", StringComparison.Ordinal)) complaints.Add(said.Text);
        };
        return page;
    }

    private static PageWaitForURLOptions Patient { get; } = new() { Timeout = 60_000 };

    private static LocatorAssertionsToContainTextOptions Long { get; } = new() { Timeout = 180_000 };

    private static LocatorAssertionsToBeVisibleOptions Long2 { get; } = new() { Timeout = 30_000 };

    private static Task IsFocused(IPage page, string head) => Assertions.Expect(
        page.Locator("#maps-A svg a:focus")).ToHaveAttributeAsync("href", new Regex($"{head}$"));

    private static async Task IsAccessible(IPage page)
    {
        var found = await page.RunAxe();
        Assert.Empty(found.Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{v.Id}: {v.Help}: {v.Nodes[0].Html}"));
    }
}

using System.Net;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Experiments;
using Patchbay.Sweeps.Studies;
using Patchbay.Web;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>A study on its way from the form to its sweep, where reading its checkpoints takes long.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync.
public sealed class StudyOrderTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly TemporaryFolder folder = new();
    private readonly TaskCompletionSource read = new();
    private readonly TaskCompletionSource begun = new();
    private ClusterNode node = null!;
    private ControlApi api = null!;
    private Browser browser = null!;
    private int plans;
    private bool isDeaf; // reading does not hear that it is to end

    private string Text => $"name: mine\nmodels: [{{name: m, path: {folder.Path}}}]\n"
        + "task: {kind: entity-tracking, prompts: 10}\nseed: 1\nstages: [accuracy]\n";

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(folder.PathOf("config.json"), "{}");
        await File.WriteAllTextAsync(folder.PathOf("model.safetensors"), "");
        node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0));
        var desk = new StudyDesk(new Dictionary<string, string>(),
            text => Study.Parse(text, "/studies/page.yaml", ModelCatalogue.Empty, Experiment.All), (_, tell, cancel) =>
            {
                Interlocked.Increment(ref plans);
                tell(new("m", "<model>.safetensors", 0.374));
                begun.TrySetResult();
                read.Task.WaitAsync(isDeaf ? CancellationToken.None : cancel).GetAwaiter().GetResult();
                return SimulatedPlan.Make(poisoned: false, batches: false);
            });
        api = await ControlApi.StartAsync(node, "/data", null, LivePages.Of(node, null, desk));
        browser = new(api.Address);
        await browser.OpenAsync("/study");
    }

    public async Task DisposeAsync()
    {
        read.TrySetResult();
        browser.Dispose();
        await api.DisposeAsync();
        await node.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task The_form_answers_at_once_with_a_page_that_says_how_far_it_is_and_leads_to_the_sweep()
    {
        var page = await SendAsync();
        await begun.Task;
        await browser.OpenAsync(page);
        Assert.Contains("&lt;model&gt;.safetensors", browser.Text, StringComparison.Ordinal);
        Assert.Contains("37 %", browser.Text, StringComparison.Ordinal);
        Assert.Contains("http-equiv=\"refresh\"", browser.Text, StringComparison.Ordinal);
        Assert.Contains($"data-live=\"study {page["/study/".Length..]}\"", browser.Text, StringComparison.Ordinal);
        using var events = await browser.FollowAsync($"study {page["/study/".Length..]}");
        var first = await Browser.VersionAsync(events);
        Assert.Contains($"data-version=\"{first}\"", browser.Text, StringComparison.Ordinal);
        Assert.Empty(node.Known);
        read.SetResult();
        Assert.NotEqual(first, await Browser.VersionAsync(events));
        Assert.Equal("/sweeps/simulated-1", await browser.LedFromAsync(page));
    }

    [Fact]
    public async Task A_form_that_is_sent_twice_begins_one_sweep_and_another_form_another()
    {
        var sent = browser.Text;
        var page = await SendAsync();
        browser.Show(sent);
        Assert.Equal(page, await SendAsync());
        read.SetResult();
        Assert.Equal("/sweeps/simulated-1", await browser.LedFromAsync(page));
        browser.Show(sent);
        Assert.Equal(page, await SendAsync()); // also when it has begun
        Assert.Equal("/sweeps/simulated-1", await browser.LedFromAsync(page));
        Assert.Equal(1, plans);
        await browser.OpenAsync("/study");
        Assert.Equal("/sweeps/simulated-2", await browser.LedFromAsync(await SendAsync()));
        Assert.Equal(2, plans);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_study_that_is_given_up_is_not_begun_and_leads_back_to_its_form(bool isReadToItsEnd)
    {
        isDeaf = isReadToItsEnd;
        var page = await SendAsync();
        await begun.Task;
        await browser.SendForgedAsync($"{page}/give-up", HttpStatusCode.BadRequest);
        await browser.OpenAsync(page); // it goes on
        Assert.Contains("Do not begin it", browser.Text, StringComparison.Ordinal);
        await browser.SendFormAsync($"{page}/give-up", HttpStatusCode.SeeOther);
        if (isReadToItsEnd) read.SetResult();
        await browser.OpenAsync(await browser.LedFromAsync(page));
        Assert.Contains("It was not begun.", browser.Text, StringComparison.Ordinal);
        Assert.Contains("name: mine", browser.Text, StringComparison.Ordinal);
        Assert.Empty(node.Known);
        read.TrySetResult();
        Assert.Equal("/sweeps/simulated-1", await browser.LedFromAsync(await SendAsync())); // from the form as it is
    }

    [Fact]
    public async Task What_has_begun_goes_on_though_it_is_given_up_and_leads_to_its_sweep()
    {
        var form = browser.Text;
        var page = await SendAsync();
        read.SetResult();
        Assert.Equal("/sweeps/simulated-1", await browser.LedFromAsync(page));
        browser.Show(form);
        var answer = await browser.SendFormAsync($"{page}/give-up", HttpStatusCode.SeeOther);
        Assert.Equal(page, answer.Headers.Location!.ToString());
        Assert.Equal("/sweeps/simulated-1", await browser.LedFromAsync(page));
        Assert.NotEqual(SweepStatus.Cancelled, node.Sweep("simulated-1").Status);
        await browser.OpenAsync("/study");
        await browser.SendFormAsync("/study/none/give-up", HttpStatusCode.SeeOther);
        await browser.OpenAsync("/study/none", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_is_refused_leads_back_to_the_form_and_an_unknown_study_is_said_to_be_so()
    {
        var back = await browser.LedFromAsync(await SendAsync("name: mine\nstages: [acuracy]"));
        await browser.OpenAsync(back, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("<mark>line 2</mark>", browser.Text, StringComparison.Ordinal);
        Assert.Contains("stages: [acuracy]</textarea>", browser.Text, StringComparison.Ordinal);
        read.SetException(new InvalidDataException("no such file"));
        back = await browser.LedFromAsync(await SendAsync());
        await browser.OpenAsync(back, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("It cannot be run: ", browser.Text, StringComparison.Ordinal);
        await browser.OpenAsync("/study/none", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_is_neither_to_be_run_nor_checked_is_refused_with_its_text_kept()
    {
        await browser.SendFormAsync("/study", HttpStatusCode.UnprocessableEntity, ("do", "zzz"), ("text", Text));
        Assert.Contains("whether the study is to be run or checked", browser.Text, StringComparison.Ordinal);
    }

    private async Task<string> SendAsync(string? text = null)
    {
        var answer = await browser.SendFormAsync("/study", HttpStatusCode.SeeOther, ("do", "run"),
            ("text", text ?? Text));
        return answer.Headers.Location!.ToString();
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster;
using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Operating;
using Patchbay.Journal;

namespace Patchbay.Cli;

/// <summary>Speaks to the process that serves a data folder.</summary>
internal sealed class ControlClient : ISweepServer, IDisposable
{
    private readonly HttpClient http;

    private ControlClient(HttpClient http, NodeInfo info) => (this.http, Info) = (http, info);

    /// <summary>What the node says of itself.</summary>
    public NodeInfo Info { get; }

    /// <summary>The node that the command line names, or that serves the data folder; null where none is up.</summary>
    /// <exception cref="IOException">The one that it names does not answer.</exception>
    public static ControlClient? Find(Call call, DataFolder data)
    {
        if (Named(call, data) is { } named) return named;
        var folder = Path.GetFullPath(data.Chosen(call));
        return DataLock.Address(folder) is { } address ? Connect(address, folder) : null;
    }

    /// <summary>The node that the command line names, or null.</summary>
    /// <exception cref="IOException">It does not answer.</exception>
    public static ControlClient? Named(Call call, DataFolder data) => data.Node(call) is not { } named ? null
        : Connect(named.Http, null) ?? throw new IOException($"node {named.Address} does not answer, or does not take "
            + "this certificate or token");

    /// <summary>The node to speak to.</summary>
    /// <exception cref="FileNotFoundException">None is up.</exception>
    public static ControlClient Required(Call call, DataFolder data) => Find(call, data)
        ?? throw new FileNotFoundException($"no process serves {Path.GetFullPath(data.Chosen(call))}: start one with "
            + $"'{call.Next("node run")}'");

    /// <summary>The node of this machine at an address, if it serves a data folder.</summary>
    public static ControlClient? Connect(string address, string folder) =>
        Connect(NodeClient.Create(new Uri(address)), Path.GetFullPath(folder));

    private static ControlClient? Connect(HttpClient http, string? folder)
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(folder is null ? 5 : 2));
            NodeInfo? Ask() => Wait(http.GetFromJsonAsync<NodeInfo>("/node", ControlApi.Json, soon.Token));
            var info = Ask();
            for (; folder is null && info?.Journal is null; info = Ask()) Thread.Sleep(50); // it asks its journal
            if (info is not null && (folder is null || Path.GetFullPath(info.Data) == folder)) return new(http, info);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or System.Text.Json.JsonException)
        {
            // Nobody listens there, or something else does.
        }
        http.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public Task<string> PlanAsync(SweepPlan plan) =>
        AskedAsync<string>("/sweeps", new StringContent(PlanText.Write(plan)));

    /// <inheritdoc/>
    public Task<SweepAnswer> OrderAsync(string sweep, SweepCommand command) => AskedAsync<SweepAnswer>(
        $"/sweeps/{Uri.EscapeDataString(sweep)}/{ControlApi.Orders.First(o => o.Value.Equals(command)).Key}", null);

    /// <summary>Models that the node knows.</summary>
    public IReadOnlyList<ModelStatus> Models() => Get<ModelStatus[]>("/models");

    /// <summary>Tells the node to load a model.</summary>
    public void Load(ModelKey model) => Wait(http.PostAsJsonAsync("/models/load", model, ControlApi.Json))
        .EnsureSuccessStatusCode();

    /// <summary>Tells the node to free a model; false where it has none of that name.</summary>
    public bool Unload(string name) =>
        Wait(http.PostAsync(new Uri($"/models/{Uri.EscapeDataString(name)}/unload", UriKind.Relative), null))
        .IsSuccessStatusCode;

    /// <summary>Has a model placed on a node; false where the cluster has none at that address.</summary>
    public bool Move(string name, NodeAddress to) => Wait(http.PostAsJsonAsync(
        $"/models/{Uri.EscapeDataString(name)}/move", to, ControlApi.Json)).IsSuccessStatusCode;

    /// <summary>Has the node leave its cluster.</summary>
    public void Leave() => Wait(http.PostAsync(new Uri("/cluster/leave", UriKind.Relative), null))
        .EnsureSuccessStatusCode();

    /// <summary>Has a node counted out; false where the cluster has none at that address.</summary>
    public bool Down(NodeAddress gone) => Wait(http.PostAsJsonAsync("/cluster/down", gone, ControlApi.Json))
        .IsSuccessStatusCode;

    /// <summary>Actors of the node: Patchbay's own, or all.</summary>
    public IReadOnlyList<ActorView> Actors(bool all) => Get<ActorView[]>($"/actors?all={(all ? "true" : "false")}");

    /// <summary>Members of its cluster.</summary>
    public IReadOnlyList<MemberView> Members() => Get<MemberView[]>("/cluster/members");

    /// <summary>Shards of its cluster.</summary>
    public IReadOnlyList<ShardView> Shards() => Get<ShardView[]>("/cluster/shards");

    /// <summary>Sweeps of its journal.</summary>
    public IReadOnlyList<string> JournalSweeps() => Get<string[]>("/journal");

    /// <summary>Events of a sweep after a number, <see cref="StoredEvent.Most"/> of them at most.</summary>
    public IReadOnlyList<StoredEvent> JournalEvents(string sweep, long after) => Get<StoredEvent[]>(
        string.Create(CultureInfo.InvariantCulture, $"/journal/{Uri.EscapeDataString(sweep)}?after={after}"));

    public void Dispose() => http.Dispose();

    private T Get<T>(string path)
    {
        try
        {
            using var answer = Wait(http.GetAsync(new Uri(path, UriKind.Relative)));
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
                throw new IOException(Wait(answer.Content.ReadAsStringAsync()));
            return Wait(answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<T>(ControlApi.Json))!;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new IOException($"node {Info.Node} does not answer any more: try again, or ask another", e);
        }
    }

    private async Task<T> AskedAsync<T>(string path, HttpContent? content)
    {
        try
        {
            using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content);
            if (answer.StatusCode == HttpStatusCode.Conflict)
                throw new InvalidDataException(await answer.Content.ReadAsStringAsync());
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
                throw new IOException(await answer.Content.ReadAsStringAsync());
            answer.EnsureSuccessStatusCode();
            return (await answer.Content.ReadFromJsonAsync<T>(ControlApi.Json))!;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new IOException($"the process that serves {Info.Data} does not answer any more: try again", e);
        }
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}

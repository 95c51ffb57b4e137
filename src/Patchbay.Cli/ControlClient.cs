using System.Net.Http.Json;
using Patchbay.Node;

namespace Patchbay.Cli;

/// <summary>Speaks to the node of this machine, where one is up.</summary>
internal sealed class ControlClient : IDisposable
{
    /// <summary>Setting: where the node listens.</summary>
    public const string Setting = "PATCHBAY_NODE";

    private readonly HttpClient http;

    private ControlClient(HttpClient http, NodeInfo info) => (this.http, Info) = (http, info);

    /// <summary>What the node says of itself.</summary>
    public NodeInfo Info { get; }

    private static Uri Address => new(Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } given ? given
        : $"http://127.0.0.1:{ControlApi.DefaultPort}");

    /// <summary>The node that serves a data folder, or null where none is up.</summary>
    public static ControlClient? Find(string data)
    {
        var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(2) };
        http.DefaultRequestHeaders.Add(ControlApi.Header, "1");
        try
        {
            var info = Wait(http.GetFromJsonAsync<NodeInfo>("/node", ControlApi.Json));
            if (info is not null && Path.GetFullPath(info.Data) == Path.GetFullPath(data)) return new(http, info);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or System.Text.Json.JsonException)
        {
            // Nobody listens there, or something else does.
        }
        http.Dispose();
        return null;
    }

    /// <summary>Models that the node knows.</summary>
    public IReadOnlyList<ModelStatus> Models() => Wait(http.GetFromJsonAsync<ModelStatus[]>("/models", ControlApi.Json))
        ?? [];

    /// <summary>Tells the node to load a model.</summary>
    public void Load(ModelKey model) => Wait(http.PostAsJsonAsync("/models/load", model, ControlApi.Json))
        .EnsureSuccessStatusCode();

    /// <summary>Tells the node to free a model; false where it has none of that name.</summary>
    public bool Unload(string name) =>
        Wait(http.PostAsync(new Uri($"/models/{Uri.EscapeDataString(name)}/unload", UriKind.Relative), null))
        .IsSuccessStatusCode;

    /// <summary>Tells the node to look at the journal now.</summary>
    public void Wake() => Wait(http.PostAsync(new Uri("/look", UriKind.Relative), null));

    public void Dispose() => http.Dispose();

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}

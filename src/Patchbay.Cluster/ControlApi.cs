using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Operating;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster;

/// <summary>What a node says of itself.</summary>
/// <param name="Node">Its id.</param>
/// <param name="Version">Version of the program.</param>
/// <param name="Data">Its data folder.</param>
/// <param name="Slots">Units that run at a time.</param>
/// <param name="Threads">Threads of one unit, where no plan says otherwise.</param>
/// <param name="MemoryBytes">For loaded models together.</param>
/// <param name="Journal">Name of its journal, by which others know whether it is theirs.</param>
public sealed record NodeInfo(string Node, string Version, string Data, int Slots, int Threads, long MemoryBytes,
    string? Journal);

/// <summary>What a node says of a sweep.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">"running".</param>
/// <param name="Completed">Units done.</param>
/// <param name="Known">Units known so far.</param>
/// <param name="SetAside">Units set aside.</param>
public sealed record SweepInfo(string Id, string Status, int Completed, int Known, int SetAside);

/// <summary>
/// The node's control API: HTTP in JSON of snake_case. Journal and sweeps are read where they lie; this serves what
/// only the node knows: which models it has loaded, and what it is at. It listens on this machine's own address, where
/// requests that a browser could be made to send are refused: every one must carry the header <see cref="Header"/>, and
/// name the machine itself as host. A node of several machines listens for the others as well, by TLS, and serves who
/// shows the cluster's certificate or its token. Scrapers and probes read /metrics, /health and /ready; from other
/// machines, without a certificate, the last two. Who shows neither header, certificate nor token is taken for a
/// browser, and gets <see cref="NodePages"/> where there are any.
/// </summary>
public sealed class ControlApi : IAsyncDisposable
{
    /// <summary>A header that every request carries.</summary>
    public const string Header = "X-Patchbay";

    private const int LargestRequest = 16 << 20; // a plan names every stage of a study
    private const int RequestsAtATime = 64, MoreWait = 256;
    private const string LocalMachine = "127.0.0.1";
    private static readonly TimeSpan HeadersWithin = TimeSpan.FromSeconds(10);
    private static readonly string[] Open = ["/metrics", "/health", "/ready"]; // read without the header
    private static readonly string[] OpenToAll = ["/health", "/ready"]; // and without a certificate

    private readonly WebApplication app;
    private readonly TelemetryExport telemetry;

    private ControlApi(WebApplication app, TelemetryExport telemetry) => (this.app, this.telemetry) = (app, telemetry);

    /// <summary>How its JSON is written.</summary>
    public static JsonSerializerOptions Json { get; } = new(
        JsonSerializerDefaults.Web)
    { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Where it listens for this machine: "http://127.0.0.1:9110".</summary>
    public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.First(a => a.StartsWith("http:", StringComparison.Ordinal));

    /// <summary>Starts to listen.</summary>
    /// <param name="node">The node.</param>
    /// <param name="data">Its data folder.</param>
    /// <param name="token">What a client of another machine may show instead of the certificate, or null.</param>
    /// <param name="pages">What browsers are shown, or null.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<ControlApi> StartAsync(ClusterNode node, string data, string? token = null,
        NodePages? pages = null)
    {
        // Nothing from files or variables of the surroundings: other builders watch all that lies in the folder in
        // which the process was started.
        var builder = WebApplication.CreateEmptyBuilder(new());
        var port = node.Options.Address.Port;
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server => Listen(server, node.Options));
        builder.Services.ConfigureHttpJsonOptions(options =>
            options.SerializerOptions.PropertyNamingPolicy = Json.PropertyNamingPolicy);
        builder.Services.AddRateLimiter(limits => limits.GlobalLimiter =
            PartitionedRateLimiter.Create<HttpContext, int>(_ => RateLimitPartition.GetConcurrencyLimiter(0,
                _ => new() { PermitLimit = RequestsAtATime, QueueLimit = MoreWait })));
        pages?.Register(builder.Services);
        var app = builder.Build();
        if (pages is not null) ServeBrowsers(app, pages.Build(app.Services));
        var telemetry = TelemetryExport.Start(node.Options.Code);
        var secret = token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(token));
        app.UseRateLimiter();
        app.Use((context, next) => Refuse(context, next, secret));
        app.UseOpenTelemetryPrometheusScrapingEndpoint(telemetry.Metrics, null, "/metrics", null, null);
        app.MapGet("/health", () => new { Alive = true });
        app.MapGet("/ready", async () => Readiness(await node.Inspection.MissingAsync()));
        app.MapGet("/actors", (bool? all) => node.Inspection.Actors(all == true));
        app.MapGet("/cluster/members", () => node.Inspection.Members());
        app.MapGet("/cluster/shards", () => node.Inspection.ShardsAsync());
        app.MapPost("/cluster/leave", () => Accepted(node.Leave));
        app.MapPost("/cluster/down", (NodeAddress gone) =>
            node.Inspection.Down(gone) ? Results.Accepted() : Results.NotFound());
        app.MapGet("/node", () => new NodeInfo(NodeIdentity.Own, node.Options.Code, data, node.Options.Slots,
            node.Options.Threads, node.Options.MemoryBytes, node.JournalName));
        app.MapGet("/models", () => node.Models.ListAsync());
        app.MapPost("/models/load", (ModelKey model) => Accepted(() => node.Models.Load(model)));
        app.MapPost("/models/{name}/unload", async (string name) =>
            await node.Models.UnloadAsync(name) ? Results.Accepted() : Results.NotFound());
        app.MapPost("/models/{name}/move", (string name, NodeAddress to) =>
            node.Models.Move(name, to) ? Results.Accepted() : Results.NotFound());
        app.MapGet("/sweeps", () => node.Known.Select(s => Describe(s.Key, s.Value)));
        app.MapGet("/sweeps/{id}", (string id) => node.Known.TryGetValue(id, out var state)
            ? Results.Json(Describe(id, state), Json)
            : Results.NotFound());
        app.MapGet("/journal", () => Answered(() => Read(node, journal => journal.Sweeps())));
        app.MapGet("/journal/{id}", (string id, long after) => Answered(() => Read(node, journal =>
            journal.Read(id, after, StoredEvent.Most).Select(e => StoredEvent.Of(id, e)).ToArray())));
        app.MapPost("/sweeps", async (HttpRequest request) => await Answered(async () =>
            await node.PlanAsync(PlanText.Read(await new StreamReader(request.Body).ReadToEndAsync()))));
        app.MapPost("/sweeps/{id}/{order}", async (string id, string order) =>
            Orders.TryGetValue(order, out var command)
                ? await Answered(() => node.OrderAsync(id, command)) : Results.NotFound());
        try
        {
            await app.StartAsync();
        }
        catch (IOException e)
        {
            await app.DisposeAsync();
            telemetry.Dispose();
            throw new IOException($"port {port} of this machine is taken, by another node perhaps: give another with "
                + "--port", e);
        }
        return new(app, telemetry);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
        telemetry.Dispose();
    }

    private static IResult Readiness(IReadOnlyList<string> missing) => Results.Json(
        new { Ready = missing.Count == 0, Missing = missing }, Json,
        statusCode: missing.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);

    private static SweepInfo Describe(string id, SweepState state) => new(id, SweepDecider.Text(state.Status),
        state.InOrder.Sum(s => s.Completed), state.InOrder.Sum(s => s.Order.Length),
            state.InOrder.Sum(s => s.SetAside));

    /// <summary>Orders that an operator may give, by their name.</summary>
    public static IReadOnlyDictionary<string, SweepCommand> Orders { get; } = new Dictionary<string, SweepCommand>
    {
        ["pause"] = new PauseSweep(),
        ["resume"] = new ResumeSweep(),
        ["cancel"] = new CancelSweep(),
        ["retry"] = new RetrySweep(),
    };

    private static Task<T> Read<T>(ClusterNode node, Func<SqlJournal, T> read) => Task.Run(() =>
    {
        using var journal = SqlJournal.Open(node.Options.Journal, readOnly: true);
        return read(journal);
    });

    // What is refused is told in the answer's text.
    private static async Task<IResult> Answered<T>(Func<Task<T>> order)
    {
        try
        {
            return Results.Json(await order(), Json);
        }
        catch (InvalidDataException e)
        {
            return Results.Text(e.Message, statusCode: StatusCodes.Status409Conflict);
        }
        catch (JournalException e)
        {
            return Results.Text($"{e.Message}; what was ordered is kept, and done as soon as it can be recorded",
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static IResult Accepted(Action action)
    {
        action();
        return Results.Accepted();
    }

    private static void Listen(KestrelServerOptions server, ClusterOptions node)
    {
        server.Limits.MaxRequestBodySize = LargestRequest;
        server.Limits.RequestHeadersTimeout = HeadersWithin;
        server.AddServerHeader = false;
        // A node that others reach has its port from them, and another on this machine, which its data folder names.
        server.Listen(IPAddress.Loopback, node.Certificate is null ? node.Address.Port : 0);
        if (node.Certificate is not { } certificate) return;
        server.ListenAnyIP(node.Address.Port, listen => listen.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificate.Certificate,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (shown, _, _) => certificate.IsOwn(shown),
        }));
    }

    // A pipeline of its own: routing has looked the address up among the API's already.
    private static void ServeBrowsers(WebApplication app, RequestDelegate pages) => app.Use((context, next) =>
    {
        if (!IsOfBrowser(context)) return next(context);
        context.SetEndpoint(null);
        context.Request.RouteValues.Clear();
        return pages(context);
    });

    // A browser shows no header that it was not told to, and the cluster's certificate is in none.
    private static bool IsOfBrowser(HttpContext context) => context.Connection.ClientCertificate is null
        && !context.Request.Headers.ContainsKey(Header) && context.Request.Headers.Authorization.Count == 0
        && !IsOneOf(Open, context.Request);

    private static Task Refuse(HttpContext context, RequestDelegate next, byte[]? secret)
    {
        var request = context.Request;
        if (request.IsHttps)
            return IsKnown(context, secret) ? next(context)
                : Answer(context, StatusCodes.Status401Unauthorized,
                    "requests need the cluster's certificate or token");
        var isAllowed = request.Headers.ContainsKey(Header) || IsOneOf(Open, request);
        return isAllowed && request.Host.Host is LocalMachine or "localhost" ? next(context)
            : Answer(context, StatusCodes.Status403Forbidden,
                $"requests need the header {Header} and this machine as host");
    }

    private static bool IsKnown(HttpContext context, byte[]? secret) =>
        context.Connection.ClientCertificate is not null // looked at in the handshake
        || IsOneOf(OpenToAll, context.Request)
        || (secret is not null && AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization,
                out var shown) && shown is { Scheme: "Bearer", Parameter: { } token }
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), secret));

    private static bool IsOneOf(string[] paths, HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && paths.Contains(request.Path.Value);

    private static Task Answer(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(sentence + "\n");
    }
}

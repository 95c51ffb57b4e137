using System.Net;
using System.Net.Sockets;
using System.Text;
using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Journal;

namespace Patchbay.Cluster.Tests.Membership;

/// <summary>What others than the cluster's own can do with a node's ports: nothing, and the node goes on.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync.
public sealed class StrangerTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string Token = "a token of the operator's";
    private readonly TemporaryFolder folder = new();
    private readonly NodeAddress address = new("127.0.0.1", FreePorts.Two());
    private ClusterCertificate certificate = null!, stranger = null!;
    private ClusterNode node = null!;
    private ControlApi api = null!;

    public async Task InitializeAsync()
    {
        (certificate, stranger) = (New("cluster.pem"), New("stranger.pem"));
        node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0),
            with: o => o with { Address = address, Certificate = certificate });
        api = await ControlApi.StartAsync(node, "/data", Token);
    }

    public async Task DisposeAsync()
    {
        await api.DisposeAsync();
        await node.DisposeAsync();
        certificate.Dispose();
        stranger.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task The_API_serves_who_shows_the_cluster_s_certificate_or_its_token()
    {
        using var known = NodeClient.Create(address, certificate, null);
        Assert.Equal(HttpStatusCode.OK, await Status(known, "/models"));
        using var bearer = Unproven(Token);
        Assert.Equal(HttpStatusCode.OK, await Status(bearer, "/models"));
        using var wrong = Unproven(Token + ".");
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(wrong, "/models"));
        using var none = Unproven(null);
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(none, "/models"));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(none, "/metrics"));
        Assert.Equal(HttpStatusCode.OK, await Status(none, "/health"));
        // A node that has just joined may still look for its shard regions' coordinators.
        for (var left = 500; left > 0 && (await node.Inspection.MissingAsync()).Count > 0; left--)
            await Task.Delay(20);
        Assert.Equal(HttpStatusCode.OK, await Status(none, "/ready"));
        using var other = NodeClient.Create(address, stranger, null);
        await Assert.ThrowsAsync<HttpRequestException>(() => Status(other, "/health")); // nor does it trust the node
        using var shows = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new()
            {
                LocalCertificateSelectionCallback = (_, _, _, _, _) => stranger.Certificate,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
        })
        { BaseAddress = new($"https://{address}") };
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => Status(shows, "/models"));
        using var plain = NodeClient.Create(address, null, null);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => Status(plain, "/health"));
    }

    [Fact]
    public async Task A_request_that_is_too_large_is_refused_before_it_is_read()
    {
        using var known = NodeClient.Create(address, certificate, null);
        using var body = new StreamContent(new Endless());
        body.Headers.ContentLength = 1 << 30;
        try
        {
            var answer = await known.PostAsync(new Uri("/sweeps", UriKind.Relative), body);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        }
        catch (HttpRequestException)
        {
            // The node closed the connection while the body was being sent.
        }
        Assert.Equal(HttpStatusCode.OK, await Status(known, "/models"));
    }

    [Fact]
    public async Task Who_sends_headers_slowly_is_cut_off()
    {
        using var slow = new TcpClient();
        var uri = new Uri(api.Address);
        await slow.ConnectAsync(uri.Host, uri.Port);
        var stream = slow.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: loc"));
        var read = stream.ReadAsync(new byte[1024]).AsTask();
        Assert.Same(read, await Task.WhenAny(read, Task.Delay(TimeSpan.FromSeconds(25))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Bytes_that_mean_nothing_leave_the_node_running(int port)
    {
        var random = new Random(20);
        for (var time = 0; time < 20; time++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port + port);
            var bytes = new byte[random.Next(1, 100_000)];
            random.NextBytes(bytes);
            try
            {
                await client.GetStream().WriteAsync(bytes);
            }
            catch (IOException)
            {
                // It has hung up.
            }
        }
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false));
        await TestNode.Until(node, state => state.Ended);
    }

    [Fact]
    public async Task What_was_recorded_of_a_connection_is_of_no_use_to_who_sends_it_again()
    {
        using var between = new TcpListener(IPAddress.Loopback, 0);
        between.Start();
        var recorded = new MemoryStream();
        var passing = PassAsync(between, recorded);
        var plan = PlanText.Write(SimulatedPlan.Make(poisoned: false, batches: false));
        NodeAddress there = new("127.0.0.1", ((IPEndPoint)between.LocalEndpoint).Port);
        using (var known = NodeClient.Create(there, certificate, null))
        {
            var answer = await known.PostAsync(new Uri("/sweeps", UriKind.Relative), new StringContent(plan));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        await passing;
        Assert.True(recorded.Length > plan.Length);
        using var again = new TcpClient();
        await again.ConnectAsync(address.Host, address.Port);
        await again.GetStream().WriteAsync(recorded.ToArray());
        await again.GetStream().CopyToAsync(Stream.Null).ContinueWith(_ => { }, TaskScheduler.Default); // it hangs up
        Assert.Single(node.Known);
        await TestNode.Begin(node, SimulatedPlan.Make(poisoned: false, batches: false)); // and the node goes on
        await TestNode.Until(node, state => state.Ended);
    }

    // Passes one connection on to the API, and keeps what the client sends.
    private async Task PassAsync(TcpListener between, MemoryStream recorded)
    {
        using var from = await between.AcceptTcpClientAsync();
        using var to = new TcpClient();
        await to.ConnectAsync(address.Host, address.Port);
        var back = to.GetStream().CopyToAsync(from.GetStream());
        var buffer = new byte[65536];
        for (int count; (count = await from.GetStream().ReadAsync(buffer)) > 0;)
        {
            recorded.Write(buffer, 0, count);
            await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
        }
        to.Client.Shutdown(SocketShutdown.Send);
        await back.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private ClusterCertificate New(string name)
    {
        ClusterCertificate.Write(folder.PathOf(name));
        return ClusterCertificate.Read(folder.PathOf(name));
    }

    // Shows no certificate, and takes whatever it is shown.
    private HttpClient Unproven(string? token)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        })
        { BaseAddress = new($"https://{address}") };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return http;
    }

    private static async Task<HttpStatusCode> Status(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }

    private sealed class Endless : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => count;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

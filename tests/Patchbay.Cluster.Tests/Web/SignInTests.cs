using System.Net;
using Patchbay.Cluster.Membership;
using Patchbay.Cluster.Tests.Simulation;
using Patchbay.Journal;
using Patchbay.Web;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>Browsers of other machines: by TLS, signed in with the node's token.</summary>
#pragma warning disable CA1001 // xunit calls DisposeAsync.
public sealed class SignInTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string Token = "a token of the operator's";
    private readonly TemporaryFolder folder = new();
    private readonly NodeAddress address = new("127.0.0.1", FreePorts.Two());
    private ClusterCertificate certificate = null!;
    private ClusterNode node = null!;
    private ControlApi api = null!;

    public async Task InitializeAsync()
    {
        ClusterCertificate.Write(folder.PathOf("cluster.pem"));
        certificate = ClusterCertificate.Read(folder.PathOf("cluster.pem"));
        node = await TestNode.Start(folder.PathOf("journal.db"), new SimulatedModels(() => 1, () => 0),
            with: o => o with { Address = address, Certificate = certificate });
        api = await ControlApi.StartAsync(node, "/data", Token, LivePages.Of(node, Token, null));
    }

    public async Task DisposeAsync()
    {
        await api.DisposeAsync();
        await node.DisposeAsync();
        certificate.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Who_signs_in_with_the_token_comes_to_where_he_was_going()
    {
        using var browser = new Browser($"https://{address}");
        await browser.OpenAsync("/cluster", HttpStatusCode.Unauthorized);
        Assert.Contains("type=\"password\"", browser.Text, StringComparison.Ordinal);
        await browser.SendFormAsync("/sign-in", HttpStatusCode.Unauthorized, ("token", Token + "."),
            ("to", "/cluster"));
        await browser.OpenAsync("/cluster", HttpStatusCode.Unauthorized);
        var answer = await browser.SendFormAsync("/sign-in", HttpStatusCode.SeeOther, ("token", Token),
            ("to", "/cluster"));
        Assert.Equal("/cluster", answer.Headers.Location?.ToString());
        var cookie = string.Concat(answer.Headers.GetValues("Set-Cookie"));
        foreach (var word in new[] { "__Host-", "secure", "samesite=strict", "httponly" })
            Assert.Contains(word, cookie, StringComparison.OrdinalIgnoreCase);
        await browser.OpenAsync("/cluster");
        await browser.SendFormAsync("/sign-out", HttpStatusCode.SeeOther);
        await browser.OpenAsync("/cluster", HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example")]
    public async Task It_leads_to_no_other_site(string to)
    {
        using var browser = new Browser($"https://{address}");
        await browser.OpenAsync("/", HttpStatusCode.Unauthorized);
        var answer = await browser.SendFormAsync("/sign-in", HttpStatusCode.SeeOther, ("token", Token), ("to", to));
        Assert.Equal("/", answer.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Nothing_is_shown_or_done_without()
    {
        using var browser = new Browser($"https://{address}");
        foreach (var path in new[] { "/", "/sweeps/s", "/live?page=sweeps", "/sweeps/s/export/csv", "/study" })
            await browser.OpenAsync(path, HttpStatusCode.Unauthorized);
        await browser.SendForgedAsync("/sweeps/s/cancel", HttpStatusCode.Unauthorized);
        await browser.SendForgedAsync("/sign-in", HttpStatusCode.BadRequest); // another site's form
        await browser.OpenAsync("/", HttpStatusCode.Forbidden, host: "evil.example");
    }

    [Fact]
    public async Task A_cookie_of_one_s_own_making_or_of_yesterday_is_none()
    {
        var later = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeSeconds();
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
        })
        { BaseAddress = new($"https://{address}") };
        foreach (var made in new[] { $"{later}.00", $"{later}.", "x", "..", $"{later}.{new string('0', 64)}" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.Add("Cookie", $"__Host-patchbay={made}");
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.SendAsync(request)).StatusCode);
        }
    }
}

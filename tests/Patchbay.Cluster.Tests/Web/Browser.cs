using System.Net;
using System.Text.RegularExpressions;

namespace Patchbay.Cluster.Tests.Web;

/// <summary>What a browser without scripts does: keeps cookies, follows nothing by itself, and sends forms with what is
/// hidden in them.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient http;

    public Browser(string address) => http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null },
    })
    { BaseAddress = new(address), Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>The last page's text.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Opens a page; again, while something on it is not ready.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, HttpStatusCode expected = HttpStatusCode.OK,
        string? host = null)
    {
        for (var left = 400; ; left--)
        {
            var answer = await LookAsync(path, host);
            if (left == 0 || IsWhole) return Expected(answer, expected);
            await Task.Delay(50);
        }
    }

    /// <summary>Opens a page as it is now.</summary>
    public async Task<HttpResponseMessage> LookAsync(string path, string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Host = host;
        return await SendAsync(request);
    }

    /// <summary>Whether the last page does not say that something is to come.</summary>
    public bool IsWhole => !new[] { "being read", "being drawn", "being worked out" }
        .Any(said => Text.Contains(said, StringComparison.Ordinal));

    /// <summary>Goes back to a page that was shown before.</summary>
    public void Show(string page) => Text = page;

    /// <summary>Where a page leads, as soon as it leads elsewhere.</summary>
    public async Task<string> LedFromAsync(string path)
    {
        for (var left = 400; left > 0; left--)
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
            if (answer.Headers.Location is { } to) return to.ToString();
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await Task.Delay(50);
        }
        throw new TimeoutException(path);
    }

    /// <summary>Sends a form of the last page.</summary>
    public Task<HttpResponseMessage> SendFormAsync(string path, HttpStatusCode expected,
        params (string Name, string Value)[] fields) =>
        SendAsync(path, expected, [("form", FormToken().Match(Text).Groups[1].Value), .. fields]);

    /// <summary>Sends a form as another site would make a browser send it: it does not know what is hidden.</summary>
    public Task<HttpResponseMessage> SendForgedAsync(string path, HttpStatusCode expected) =>
        SendAsync(path, expected, [("form", "guessed")]);

    /// <summary>The stream that an open page follows.</summary>
    public async Task<StreamReader> FollowAsync(string page) =>
        new(await http.GetStreamAsync(new Uri($"/live?page={Uri.EscapeDataString(page)}", UriKind.Relative)));

    /// <summary>The next version that a page's stream tells.</summary>
    public static async Task<string> VersionAsync(StreamReader events)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await events.ReadLineAsync(patience.Token) is { } line)
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return line["data: ".Length..];
        throw new EndOfStreamException();
    }

    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(string path, HttpStatusCode expected,
        (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new FormUrlEncodedContent(fields.ToDictionary(f => f.Name, f => f.Value));
        return Expected(await SendAsync(request), expected);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        var answer = await http.SendAsync(request);
        Text = await answer.Content.ReadAsStringAsync();
        return answer;
    }

    private HttpResponseMessage Expected(HttpResponseMessage answer, HttpStatusCode expected)
    {
        Assert.True(expected == answer.StatusCode, $"{answer.StatusCode}: {Text}");
        return answer;
    }

    [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}

using System.Net.Http.Headers;

namespace Patchbay.Cluster.Membership;

/// <summary>Makes clients of nodes' APIs.</summary>
public static class NodeClient
{
    /// <summary>A client of a node on another machine, or on this one.</summary>
    /// <param name="node">Where it is.</param>
    /// <param name="certificate">The cluster's; null for one that listens on this machine alone.</param>
    /// <param name="token">A token that it takes instead of the certificate, or null.</param>
    public static HttpClient Create(NodeAddress node, ClusterCertificate? certificate, string? token) => Create(
        new Uri($"{(certificate is null ? "http" : "https")}://{node}"), certificate, token);

    /// <summary>A client of the API at an address.</summary>
    public static HttpClient Create(Uri address, ClusterCertificate? certificate = null, string? token = null)
    {
#pragma warning disable CA2000 // The client disposes of it.
        var handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) };
#pragma warning restore CA2000
        if (certificate is not null) handler.SslOptions = certificate.ForClient();
        var http = new HttpClient(handler) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(90) };
        http.DefaultRequestHeaders.Add(ControlApi.Header, "1");
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }
}

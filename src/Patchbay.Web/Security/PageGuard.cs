using Microsoft.AspNetCore.Http;

namespace Patchbay.Web.Security;

/// <summary>
/// What every request of a browser must pass. Its host must be the node's own name, so that no other site's name can be
/// made to lead here; from another machine it comes by TLS and is signed in. What a page may do is said in its headers:
/// only the node's own script and style, no frame around it, nothing told to others.
/// </summary>
/// <param name="host">The node's name in its cluster.</param>
/// <param name="signIn">Signs in who knows the node's token; null where it has none.</param>
internal sealed class PageGuard(string host, SignIn? signIn)
{
    // Pictures and columns have their widths in style attributes; what is in them comes from numbers alone.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr "
        + "'unsafe-inline'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        + "frame-ancestors 'none'";

    /// <summary>Signs browsers in; null where the node has no token.</summary>
    public SignIn? SignIn => signIn;

    /// <summary>Whether a request comes from a browser of another machine that is signed in.</summary>
    public bool IsSignedIn(HttpRequest request, DateTimeOffset now) =>
        request.IsHttps && signIn?.Knows(request, now) == true;

    /// <summary>Passes a request on, or answers it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="next">Who answers it where it may pass.</param>
    /// <param name="ask">Asks the browser to sign in.</param>
    public Task PassAsync(HttpContext context, RequestDelegate next, RequestDelegate ask)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
        var request = context.Request;
        var asked = request.Host.Host;
        if (asked is not ("127.0.0.1" or "localhost") && !(request.IsHttps && IsOwn(asked)))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return context.Response.WriteAsync($"this node answers as {(request.IsHttps ? host : "localhost")} only\n");
        }
        // Without TLS only this machine comes here.
        return !request.IsHttps || request.Path.StartsWithSegments("/assets", StringComparison.Ordinal)
            || IsSignedIn(request, DateTimeOffset.UtcNow) ? next(context) : ask(context);
    }

    private bool IsOwn(string asked) => string.Equals(asked, host, StringComparison.OrdinalIgnoreCase);
}

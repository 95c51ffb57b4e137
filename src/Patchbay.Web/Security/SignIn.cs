using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Patchbay.Web.Security;

/// <summary>Signs in who knows the node's token: the browser keeps a time and its HMAC under the token in a cookie, so
/// that no node keeps a list, and every node with the same token takes it, also after a restart.</summary>
internal sealed class SignIn(string token)
{
    /// <summary>The cookie: browsers take one of this name only by TLS and for this host alone.</summary>
    public const string Cookie = "__Host-patchbay";

    private static readonly TimeSpan Lasts = TimeSpan.FromHours(12);
    private readonly byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"pages\n{token}"));
    private readonly byte[] secret = SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Whether a request comes from a browser that is signed in.</summary>
    public bool Knows(HttpRequest request, DateTimeOffset now)
    {
        if (request.Cookies[Cookie]?.Split('.') is not [var until, var proof]) return false;
        return long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds > now.ToUnixTimeSeconds()
            && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Proof(until)),
                Encoding.UTF8.GetBytes(proof));
    }

    /// <summary>Signs a browser in that has shown a token; false where it is another.</summary>
    public bool Take(HttpContext context, string shown, DateTimeOffset now)
    {
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(shown)), secret))
            return false;
        var until = (now + Lasts).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        context.Response.Cookies.Append(Cookie, $"{until}.{Proof(until)}", Options(Lasts));
        return true;
    }

    /// <summary>Signs a browser out.</summary>
    public static void End(HttpContext context) => context.Response.Cookies.Delete(Cookie, Options(null));

    private static CookieOptions Options(TimeSpan? age) => new()
    { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = age };

    private string Proof(string until) => Convert.ToHexString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(until)));
}

using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Patchbay.Web.Metrics;
using Patchbay.Web.Pages;
using Patchbay.Web.Security;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>What every page knows of the request that it answers.</summary>
/// <param name="FormToken">What a form must carry to be taken for one of these pages.</param>
/// <param name="CanSignOut">Whether the browser is signed in.</param>
public sealed record PageContext(string FormToken, bool CanSignOut);

/// <summary>The pages of a node: what they are made of, and how they are written.</summary>
internal sealed record Site(ClusterNode Node, IServiceProvider Services, SweepBook Book, SweepPictures Pictures,
    PageGuard Guard, StudyOrders? Studies, MetricHistory Metrics)
{
    private static readonly TimeSpan WrongTokenWaits = TimeSpan.FromSeconds(1);

    /// <summary>Writes a page: a component, rendered once.</summary>
    public async Task PageAsync<T>(HttpContext context, int status, params (string Name, object? Value)[] parameters)
        where T : IComponent
    {
        var form = Services.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context);
        var known = new PageContext(form.RequestToken!, Guard.IsSignedIn(context.Request, DateTimeOffset.UtcNow));
        var html = await RenderAsync<T>(Services, [.. parameters, (nameof(PageContext), known)]);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(html);
    }

    /// <summary>A component as HTML.</summary>
    public static async Task<string> RenderAsync<T>(IServiceProvider services,
        params (string Name, object? Value)[] parameters) where T : IComponent
    {
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        var given = ParameterView.FromDictionary(parameters.ToDictionary(p => p.Name, p => p.Value));
        return await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<T>(given)).ToHtmlString());
    }

    /// <summary>Writes a page that says one sentence.</summary>
    public Task MessageAsync(HttpContext context, int status, string sentence, string? back = null) =>
        PageAsync<MessagePage>(context, status, (nameof(MessagePage.Sentence), sentence),
            (nameof(MessagePage.Back), back));

    /// <summary>Whether what was sent is a form that can be read; where it is none, the browser is told.</summary>
    public async Task<bool> IsFormAsync(HttpContext context)
    {
        try
        {
            if (context.Request.HasFormContentType)
            {
                await context.Request.ReadFormAsync(context.RequestAborted);
                return true;
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or InvalidOperationException)
        {
            // Its parts do not end, or it has a null character.
        }
        await MessageAsync(context, StatusCodes.Status400BadRequest,
            "Nothing was done: what was sent is no form that can be read.");
        return false;
    }

    /// <summary>Whether a form that was sent is one of these pages'; where it is not, the browser is told.</summary>
    public async Task<bool> IsOwnFormAsync(HttpContext context, Func<Task>? tell = null)
    {
        if (await Services.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context)) return true;
        await (tell?.Invoke() ?? MessageAsync(context, StatusCodes.Status400BadRequest, "Nothing was done: the page "
            + "that asked for it is from before the node was started, or not of this node. Load it again."));
        return false;
    }

    /// <summary>Asks a browser to sign in, or signs it in.</summary>
    public async Task SignInAsync(HttpContext context)
    {
        var request = context.Request;
        var isSent = HttpMethods.IsPost(request.Method) && request.Path == "/sign-in" && request.HasFormContentType;
        if (!isSent && !HttpMethods.IsGet(request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            await context.Response.WriteAsync("sign in first\n");
            return;
        }
        if (isSent && !await IsFormAsync(context)) return;
        var to = Local(isSent ? request.Form["to"].ToString() : request.Path + request.QueryString);
        if (isSent)
        {
            if (!await IsOwnFormAsync(context)) return;
            if (Guard.SignIn?.Take(context, request.Form["token"].ToString(), DateTimeOffset.UtcNow) == true)
            {
                context.Response.StatusCode = StatusCodes.Status303SeeOther;
                context.Response.Headers.Location = to;
                return;
            }
            await Task.Delay(WrongTokenWaits, context.RequestAborted);
        }
        await PageAsync<SignInPage>(context, StatusCodes.Status401Unauthorized, (nameof(SignInPage.To), to),
            (nameof(SignInPage.IsWrong), isSent), (nameof(SignInPage.CanBe), Guard.SignIn is not null));
    }

    // A path of this node and nothing else: "//host" and "/\host" would lead to another.
    private static string Local(string path) => path is ['/'] or ['/', not ('/' or '\\'), ..]
        && !path.AsSpan().ContainsAnyInRange('\0', '\x1f') && path != "/sign-in" ? path : "/";
}

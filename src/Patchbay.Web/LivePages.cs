using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Patchbay.Web.Metrics;
using Patchbay.Web.Security;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>The pages of a node, for its web host.</summary>
public static class LivePages
{
    /// <summary>The pages of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="token">What who comes from another machine signs in with; null where nobody can.</param>
    /// <param name="desk">Checks and plans studies; null where the pages cannot.</param>
    public static NodePages Of(ClusterNode node, string? token, StudyDesk? desk) => new(Register, services =>
    {
        var guard = new PageGuard(node.Options.Address.Host, token is null ? null : new SignIn(token));
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var book = new SweepBook(node, TimeProvider.System);
        var studies = desk is null ? null : new StudyOrders(desk, node, book, stopping);
        var site = new Site(node, services, book, new(), guard, studies, Sampled(node, stopping));
        var pages = new ApplicationBuilder(services);
        pages.Use((context, next) => guard.PassAsync(context, next, site.SignInAsync));
        pages.Use(async (context, next) =>
        {
            if (!HttpMethods.IsPost(context.Request.Method) || await site.IsFormAsync(context)) await next(context);
            if (context.Response is { HasStarted: false, StatusCode: StatusCodes.Status405MethodNotAllowed })
                await site.MessageAsync(context, StatusCodes.Status405MethodNotAllowed,
                    "There is nothing to be read at this address.");
        });
        pages.UseRouting();
        pages.UseRateLimiter();
        pages.UseEndpoints(routes => PageRoutes.Map(routes, site));
        pages.Run(context => site.MessageAsync(context, StatusCodes.Status404NotFound, "There is no such page."));
        return pages.Build();
    });

    private static MetricHistory Sampled(ClusterNode node, CancellationToken stopping)
    {
        var meter = new ProcessMeter();
        var metrics = new MetricHistory(TimeProvider.System, () => node.Board.Offers, meter.Read);
        var sampling = metrics.Begin();
        stopping.Register(() =>
        {
            sampling.Dispose();
            meter.Dispose();
        });
        return metrics;
    }

    // Keys of forms live as long as the node: a page from before is told to be loaded again.
    private static void Register(IServiceCollection services)
    {
        services.AddDataProtection();
        services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = new KeysInMemory());
        services.AddAntiforgery(form =>
        {
            form.FormFieldName = "form";
            form.SuppressXFrameOptionsHeader = true; // the content security policy says it
            form.Cookie.SameSite = SameSiteMode.Strict;
            form.Cookie.HttpOnly = true;
            form.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            form.Cookie.Name = $"patchbay-form-{Environment.ProcessId}"; // ports of one machine share their cookies
        });
    }
}

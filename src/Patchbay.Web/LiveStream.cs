using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Patchbay.Journal;

namespace Patchbay.Web;

/// <summary>Tells open pages that they have changed, as server-sent events: of each page its version, whenever it is
/// another, at most once a second. The page then loads itself again.</summary>
internal static class LiveStream
{
    private const int MostAtATime = 64;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1), LifeSign = TimeSpan.FromSeconds(15);

    public static void Map(IEndpointRouteBuilder routes, Site site)
    {
        var ending = routes.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var open = 0;
        routes.MapGet("/live", async context =>
        {
            var page = PageRoutes.Asked(context, "page");
            if (Interlocked.Increment(ref open) > MostAtATime)
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            else
            {
                using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending);
                try
                {
                    await TypedResults.ServerSentEvents(Versions(site, page, end.Token)).ExecuteAsync(context);
                }
                catch (OperationCanceledException)
                {
                    // The page is closed, or the node ends.
                }
            }
            Interlocked.Decrement(ref open);
        }).DisableRateLimiting();
    }

    /// <summary>Differs whenever what a page shows would: of the page of one sweep, of a study that begins, of the list
    /// of sweeps, of the cluster. It begins with the node: forms of pages from before its last start are not
    /// taken.</summary>
    public static string VersionOf(Site site, string page)
    {
        const string ofSweep = "sweep ", ofStudy = "study ";
        var version = page.StartsWith(ofSweep, StringComparison.Ordinal)
            ? OfSweep(page[ofSweep.Length..])
            : page.StartsWith(ofStudy, StringComparison.Ordinal) ? site.Studies?.Find(page[ofStudy.Length..])?.Version
            : page == "cluster" ? ClusterSections.Version(site)
            : string.Join('\n', site.Book.All(out _, TimeSpan.Zero).Select(s => s.Version));
        return $"{NodeIdentity.Own} {site.Book.Trouble} {version}".GetHashCode(StringComparison.Ordinal).ToString("x8");

        string OfSweep(string id) =>
            $"{site.Book.Find(id, out _, TimeSpan.Zero)?.Version} {site.Node.TroubleOf(id)} {site.Pictures.Made}";
    }

    private static async IAsyncEnumerable<SseItem<string>> Versions(Site site, string page,
        [EnumeratorCancellation] CancellationToken end)
    {
        var (told, silent) = ("", TimeSpan.Zero);
        while (!end.IsCancellationRequested)
        {
            var version = told;
            try
            {
                version = VersionOf(site, page);
            }
            catch (JournalException)
            {
                // The page says so when it is loaded again.
            }
            silent += Every;
            if (version != told || silent >= LifeSign)
            {
                yield return new(version) { ReconnectionInterval = Every };
                (told, silent) = (version, TimeSpan.Zero);
            }
            await Task.Delay(Every, end);
        }
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Patchbay.Journal;
using Patchbay.Web.Pages;
using Patchbay.Web.Security;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>Which page is where, and what its forms do.</summary>
internal static class PageRoutes
{
    private const string KeptForGood = "public, max-age=31536000, immutable";

    public static void Map(IEndpointRouteBuilder routes, Site site)
    {
        MapAssets(routes);
        LiveStream.Map(routes, site);
        routes.MapGet("/", context => site.PageAsync<SweepsPage>(context, StatusCodes.Status200OK,
            (nameof(SweepsPage.Version), LiveStream.VersionOf(site, "sweeps")),
            (nameof(SweepsPage.Sweeps), site.Book.All(out var beingRead)), (nameof(SweepsPage.BeingRead), beingRead),
            (nameof(SweepsPage.Trouble), site.Book.Trouble),
            (nameof(SweepsPage.Name), Asked(context, "name")), (nameof(SweepsPage.Model), Asked(context, "model")),
            (nameof(SweepsPage.State), Asked(context, "state")), (nameof(SweepsPage.Tag), Asked(context, "tag"))));
        routes.MapGet("/sweeps/{id}", context => OfSweepAsync(site, context, sweep =>
        {
            var isOneScale = Asked(context, "scale") == "one";
            var models = sweep.Plan.Models.Select(m => m.Name).Chunk(SweepPictures.ModelsAtATime).ToArray();
            var part = int.TryParse(Asked(context, "models"), out var asked) ? Math.Clamp(asked, 1, models.Length) : 1;
            return site.PageAsync<SweepPage>(context, StatusCodes.Status200OK, (nameof(SweepPage.Sweep), sweep),
                (nameof(SweepPage.Version), LiveStream.VersionOf(site, $"sweep {sweep.Id}")),
                (nameof(SweepPage.Maps), site.Pictures.Maps(sweep, isOneScale, models[part - 1])),
                (nameof(SweepPage.IsOneScale), isOneScale), (nameof(SweepPage.ModelsPart), part),
                (nameof(SweepPage.Findings), site.Pictures.Findings(sweep)),
                (nameof(SweepPage.Trouble), site.Node.FaultOf(sweep.Id) ?? site.Book.Trouble
                    ?? site.Node.TroubleOf(sweep.Id)));
        }));
        SweepFiles.Map(routes, site);
        routes.MapGet("/sweeps/{id}/heads/{head}", context => OfSweepAsync(site, context, sweep =>
            HeadAsync(site, context, sweep)));
        routes.MapGet("/compare", context => CompareAsync(site, context));
        routes.MapGet("/cluster", context => site.PageAsync<SectionsPage>(context, StatusCodes.Status200OK,
            (nameof(SectionsPage.Title), "Cluster"), (nameof(SectionsPage.Here), "/cluster"),
            (nameof(SectionsPage.Subtitle), $"As node {NodeIdentity.Own} sees it"),
            (nameof(SectionsPage.Live), "cluster"),
            (nameof(SectionsPage.Version), LiveStream.VersionOf(site, "cluster")),
            (nameof(SectionsPage.Parts), SectionsPage.Of(ClusterSections.Of(site)))));
        StudyRoutes.Map(routes, site);
        routes.MapPost("/sweeps/{id}/{order}", context => OrderAsync(site, context));
        routes.MapPost("/sign-out", async context =>
        {
            if (!await site.IsOwnFormAsync(context)) return;
            SignIn.End(context);
            See(context, "/");
        });
    }

    /// <summary>Answers with a sweep that the address names; or says that there is none, or that it is being
    /// read.</summary>
    public static async Task OfSweepAsync(Site site, HttpContext context, Func<SweepSeen, Task> answer,
        TimeSpan? patience = null)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        try
        {
            var version = LiveStream.VersionOf(site, $"sweep {id}");
            if (site.Book.Find(id, out var isBeingRead, patience) is { } sweep) await answer(sweep);
            else if (isBeingRead)
                await site.PageAsync<MessagePage>(context, StatusCodes.Status200OK, (nameof(MessagePage.Sentence),
                    $"Sweep {id} is being read from the journal. This page shows it as soon as it is."),
                    (nameof(MessagePage.Live), $"sweep {id}"), (nameof(MessagePage.Version), version));
            else await site.MessageAsync(context, StatusCodes.Status404NotFound, $"There is no sweep '{id}'.");
        }
        catch (JournalException e)
        {
            await site.MessageAsync(context, StatusCodes.Status503ServiceUnavailable, $"{e.Message}.");
        }
    }

    /// <summary>What the address asks for by a name after its question mark; "" for nothing.</summary>
    public static string Asked(HttpContext context, string name) => context.Request.Query[name].ToString();

    /// <summary>Leads the browser to another page after a form was taken.</summary>
    public static void See(HttpContext context, string path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = path;
    }

    private static Task HeadAsync(Site site, HttpContext context, SweepSeen sweep)
    {
        var page = $"/sweeps/{Uri.EscapeDataString(sweep.Id)}";
        if (Head.Read((string)context.Request.RouteValues["head"]!) is not { } head
            || !sweep.Plan.Models.Any(m => head.Layer < m.Layers && head.Index < m.Heads))
            return site.MessageAsync(context, StatusCodes.Status404NotFound, "No model of the sweep has such a head.",
                page);
        var input = new ReportInput(sweep.Run, SweepFindings.Of(sweep.State), []);
        return site.PageAsync<SectionsPage>(context, StatusCodes.Status200OK,
            (nameof(SectionsPage.Title), $"Head {head}"), (nameof(SectionsPage.Live), $"sweep {sweep.Id}"),
            (nameof(SectionsPage.Version), LiveStream.VersionOf(site, $"sweep {sweep.Id}")),
            (nameof(SectionsPage.Subtitle), $"Layer {head.Layer}, head {head.Index}, in every model of the sweep"),
            (nameof(SectionsPage.Back), new PageLink($"{page}#maps", sweep.Id)),
            (nameof(SectionsPage.Parts), SectionsPage.Of(HeadSections.Of(input, sweep.State, head))));
    }

    private static async Task CompareAsync(Site site, HttpContext context)
    {
        var all = site.Book.All(out var beingRead);
        ComparedSide? Chosen(string name)
        {
            var (id, model) = ComparedSide.Split(Asked(context, name));
            return all.FirstOrDefault(s => s.Id == id && (model is null || s.Plan.Models.Any(m => m.Name == model)))
                is { } sweep ? ComparedSide.Of(sweep.Run, SweepFindings.Of(sweep.State), model) : null;
        }
        var (first, second) = (Chosen("a"), Chosen("b"));
        var unknown = new[] { ("a", first), ("b", second) }.Where(side => side.Item2 is null)
            .Select(side => Asked(context, side.Item1))
            .Where(asked => asked.Length > 0 && !beingRead.Contains(ComparedSide.Split(asked).Sweep)).Distinct();
        var comparison = first is null || second is null ? null
            : ComparisonReport.Create(SweepComparison.Of(first, second));
        await site.PageAsync<ComparePage>(context, StatusCodes.Status200OK,
            (nameof(ComparePage.Sweeps), all), (nameof(ComparePage.BeingRead), beingRead),
            (nameof(ComparePage.Unknown), unknown.ToArray()),
            (nameof(ComparePage.Version), LiveStream.VersionOf(site, "sweeps")),
            (nameof(ComparePage.First), first?.Run.Sweep),
            (nameof(ComparePage.Second), second?.Run.Sweep), (nameof(ComparePage.Lead), comparison?.Lead),
            (nameof(ComparePage.Parts), SectionsPage.Of(comparison?.Sections ?? [])));
    }

    // What is refused is told on a page of its own, with the way back.
    private static async Task OrderAsync(Site site, HttpContext context)
    {
        if (!await site.IsOwnFormAsync(context)) return;
        var (id, order) = ((string)context.Request.RouteValues["id"]!, (string)context.Request.RouteValues["order"]!);
        var page = $"/sweeps/{Uri.EscapeDataString(id)}";
        if (!ControlApi.Orders.TryGetValue(order, out var command)
            || site.Book.Find(id, out _, Timeout.InfiniteTimeSpan) is null)
        {
            await site.MessageAsync(context, StatusCodes.Status404NotFound, "There is no such sweep or order.");
            return;
        }
        try
        {
            await site.Node.OrderAsync(id, command);
            site.Book.Renew(id);
            See(context, page);
        }
        catch (InvalidDataException e)
        {
            await site.MessageAsync(context, StatusCodes.Status409Conflict, $"It was not done: {e.Message}.", page);
        }
        catch (IOException e)
        {
            await site.MessageAsync(context, StatusCodes.Status503ServiceUnavailable,
                $"{e.Message}. What was ordered is kept, and done as soon as it can be recorded.", page);
        }
    }

    private static void MapAssets(IEndpointRouteBuilder routes)
    {
        void Asset(string path, string type, string text) => routes.MapGet(path, context =>
        {
            context.Response.ContentType = type;
            context.Response.Headers.CacheControl = KeptForGood;
            return context.Response.WriteAsync(text);
        });
        Asset(PageAssets.StylePath, "text/css; charset=utf-8", PageAssets.Style);
        Asset(PageAssets.ScriptPath, "text/javascript; charset=utf-8", PageAssets.Script);
        Asset("/assets/icon.svg", "image/svg+xml", PageAssets.Icon);
    }
}

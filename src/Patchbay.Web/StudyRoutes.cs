using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Patchbay.Web.Pages;

namespace Patchbay.Web;

/// <summary>The Study page: a study is written, checked as `pbm study validate` does, and run.</summary>
internal static class StudyRoutes
{
    private const string First = "quartet"; // what is begun with where nothing is asked for
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(0.5); // what takes longer has a page of its own

    public static void Map(IEndpointRouteBuilder routes, Site site)
    {
        routes.MapGet("/study", context =>
        {
            if (site.Studies is not { Desk: var desk }) return site.MessageAsync(context,
                StatusCodes.Status404NotFound,
                "This program has no model catalogue beside it, which a study names its models from.");
            if (site.Studies.Find(PageRoutes.Asked(context, "sent"))?.Draft is { } draft)
                return ShowAsync(site, context, draft);
            var (sweep, from) = (PageRoutes.Asked(context, "sweep"), PageRoutes.Asked(context, "from"));
            var text = sweep.Length > 0 ? site.Book.All(out _).FirstOrDefault(s => s.Id == sweep)?.Plan.StudyText
                : desk.Examples.GetValueOrDefault(from.Length > 0 ? from : First);
            var asked = sweep.Length > 0 ? $"sweep '{sweep}'" : from.Length > 0 ? $"shipped study '{from}'" : null;
            return ShowAsync(site, context, new(text ?? desk.Examples.GetValueOrDefault(First) ?? "")
            {
                Note = text is null && asked is not null ? $"There is no {asked} to begin with; this is {First}."
                    : null,
            });
        });
        routes.MapPost("/study", async context =>
        {
            if (site.Studies is not { } studies) return;
            var form = await context.Request.ReadFormAsync(context.RequestAborted);
            var text = form["text"].ToString().ReplaceLineEndings("\n");
            // Nothing is lost where the page is from before the node was started: it comes back with what was written.
            if (!await site.IsOwnFormAsync(context, () => ShowAsync(site, context, new(text)
            { Refusal = "Nothing was done: this page was from before the node was started. Try again." }))) return;
            if (form["do"].ToString() is not ("run" or "check"))
            {
                await ShowAsync(site, context, new(text)
                { Refusal = "Nothing was done: the form does not say whether the study is to be run or checked." });
                return;
            }
            // What a page may send is another each time that it is made, so a form that comes twice is known by it.
            var order = studies.Take(text, isRun: form["do"] == "run", form["form"].ToString());
            PageRoutes.See(context, $"/study/{order.Id}");
        });
        routes.MapPost("/study/{id}/give-up", async context =>
        {
            if (!await site.IsOwnFormAsync(context)) return;
            var id = (string)context.Request.RouteValues["id"]!;
            if (site.Studies?.Find(id) is { } order)
            {
                order.GiveUp();
                await Task.WhenAny(order.Ended, Task.Delay(Soon, context.RequestAborted));
            }
            PageRoutes.See(context, $"/study/{Uri.EscapeDataString(id)}");
        });
        routes.MapGet("/study/{id}", context => FollowAsync(site, context, (string)context.Request.RouteValues["id"]!));
    }

    // Leads on when it is known whereto; until then the page says how far it is.
    private static async Task FollowAsync(Site site, HttpContext context, string id)
    {
        if (site.Studies?.Find(id) is not { } order)
        {
            await site.MessageAsync(context, StatusCodes.Status404NotFound, "Nothing is known of such a study: it was "
                + "sent long ago, or to the node before its last start. What has begun is among the sweeps.");
            return;
        }
        var patience = Soon - order.Age;
        if (patience > TimeSpan.Zero)
            await Task.WhenAny(order.Ended, Task.Delay(patience, context.RequestAborted));
        if (order.Ended.IsCompleted)
            PageRoutes.See(context, (await order.Ended).Sweep is { } sweep ? $"/sweeps/{Uri.EscapeDataString(sweep)}"
                : $"/study?sent={id}");
        else await site.PageAsync<StudyBeginsPage>(context, StatusCodes.Status200OK,
            (nameof(StudyBeginsPage.Order), order),
            (nameof(StudyBeginsPage.Version), LiveStream.VersionOf(site, $"study {id}")));
    }

    private static Task ShowAsync(Site site, HttpContext context, StudyDraft draft) => site.PageAsync<StudyPage>(
        context, draft.IsRefused ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK,
        (nameof(StudyPage.Draft), draft), (nameof(StudyPage.Examples), site.Studies!.Desk.Examples.Keys.ToArray()));
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Patchbay.Sweeps.Studies;
using Patchbay.Web.Pages;

namespace Patchbay.Web;

/// <summary>The Study page: a study is written, checked as `pbm study validate` does, and run.</summary>
internal static class StudyRoutes
{
    public static void Map(IEndpointRouteBuilder routes, Site site)
    {
        routes.MapGet("/study", context =>
        {
            if (site.Desk is not { } desk) return site.MessageAsync(context, StatusCodes.Status404NotFound,
                "This program has no model catalogue beside it, which a study names its models from.");
            var from = PageRoutes.Asked(context, "from");
            var text = site.Book.Find(PageRoutes.Asked(context, "sweep"))?.Plan.StudyText
                ?? desk.Examples.GetValueOrDefault(from) ?? desk.Examples.GetValueOrDefault("quartet") ?? "";
            return ShowAsync(site, context, new(text));
        });
        routes.MapPost("/study", async context =>
        {
            if (site.Desk is not { } desk || !context.Request.HasFormContentType) return;
            var form = await context.Request.ReadFormAsync(context.RequestAborted);
            var text = form["text"].ToString().ReplaceLineEndings("\n");
            // Nothing is lost where the page is from before the node was started: it comes back with what was written.
            if (!await site.IsOwnFormAsync(context, () => ShowAsync(site, context, new(text)
            { Refusal = "Nothing was done: this page was from before the node was started. Try again." }))) return;
            await AnswerAsync(site, context, desk, text, isRun: form["do"] == "run");
        });
    }

    private static async Task AnswerAsync(Site site, HttpContext context, StudyDesk desk, string text, bool isRun)
    {
        try
        {
            var study = await Task.Run(() => desk.Check(text));
            if (isRun)
            {
                var plan = await Task.Run(() => desk.Plan(study, context.RequestAborted));
                var id = await site.Node.PlanAsync(plan);
                PageRoutes.See(context, $"/sweeps/{Uri.EscapeDataString(id)}");
            }
            else await ShowAsync(site, context, new(text) { Plan = StudyPlan.Of(study, site.Book.All()) });
        }
        catch (StudyException e)
        {
            await ShowAsync(site, context, new(text) { Mistakes = e.Mistakes });
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            await ShowAsync(site, context, new(text) { Refusal = $"It cannot be run: {e.Message.TrimEnd('.')}." });
        }
    }

    private static Task ShowAsync(Site site, HttpContext context, StudyDraft draft) => site.PageAsync<StudyPage>(
        context, draft.IsRefused ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK,
        (nameof(StudyPage.Draft), draft), (nameof(StudyPage.Examples), site.Desk!.Examples.Keys.ToArray()));
}

using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Patchbay.Web.Sweeps;

namespace Patchbay.Web;

/// <summary>A sweep's files for other programs, as `pbm sweep export` and `report` write them: all of a format in one
/// archive, and the data of each section.</summary>
internal static class SweepFiles
{
    public static void Map(IEndpointRouteBuilder routes, Site site)
    {
        routes.MapGet("/sweeps/{id}/export/{format}", context => OfSweepAsync(site, context, sweep =>
        {
            var format = (string)context.Request.RouteValues["format"]!;
            IEnumerable<ExportedFile>? files = format == "report" ? OfReport(sweep.Input)
                : SweepExport.Formats.Contains(format) ? SweepExport.Files(sweep.State, format) : null;
            return files is null
                ? site.MessageAsync(context, StatusCodes.Status404NotFound, $"There is no format '{format}'.")
                : SendAsync(context, $"{sweep.Id}-{format}", files);
        }));
        routes.MapGet("/sweeps/{id}/data/{section}.json", context => OfSweepAsync(site, context, sweep =>
        {
            var name = (string)context.Request.RouteValues["section"]!;
            var section = SweepReport.Document(sweep.Input).Sections.FirstOrDefault(s => s.Id == name);
            if (section?.Data is not { } data)
                return site.MessageAsync(context, StatusCodes.Status404NotFound, $"There is no data '{name}'.");
            context.Response.ContentType = "application/json; charset=utf-8";
            return context.Response.WriteAsync(ReportData.Write(data));
        }));
    }

    /// <summary>A report's files, every picture as PNG too; and notes, where something could not be drawn.</summary>
    /// <param name="input">What it is made from.</param>
    /// <param name="fontFolders">Where fonts for PNG are; null: where Linux has them.</param>
    public static IEnumerable<ExportedFile> OfReport(ReportInput input, IReadOnlyList<string>? fontFolders = null)
    {
        (string Path, string Text)[] files = [.. SweepReport.Files(input)];
        foreach (var (path, text) in files) yield return new(path, Encoding.UTF8.GetBytes(text));
        var notes = new StringBuilder();
        var pictures = PngPictures.Draw(files,
            (what, why) => notes.Append($"{what}: {why.GetBaseException().Message}\n"), fontFolders);
        foreach (var (path, png) in pictures) yield return new(path, png);
        if (notes.Length > 0) yield return new("notes.txt", Encoding.UTF8.GetBytes(notes.ToString()));
    }

    // A file is waited for, however long its sweep is read.
    private static Task OfSweepAsync(Site site, HttpContext context, Func<SweepSeen, Task> answer) =>
        PageRoutes.OfSweepAsync(site, context, answer, Timeout.InfiniteTimeSpan);

    private static async Task SendAsync(HttpContext context, string name, IEnumerable<ExportedFile> files)
    {
        using var archive = new MemoryStream();
        await using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in files)
            {
                await using var entry = await zip.CreateEntry($"{name}/{file.Name}").OpenAsync(context.RequestAborted);
                await entry.WriteAsync(file.Bytes, context.RequestAborted);
            }
        }
        context.Response.ContentType = "application/zip";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{SweepExport.FileName(name)}.zip\"";
        context.Response.ContentLength = archive.Length;
        archive.Position = 0;
        await archive.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}

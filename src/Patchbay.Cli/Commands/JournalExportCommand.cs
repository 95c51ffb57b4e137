using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Results;
using Patchbay.Journal;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm journal export`: the journal as lines of JSON.</summary>
internal sealed class JournalExportCommand : PbmCommand
{
    private readonly Option<string> data = DataFolder.Option();
    private readonly Option<string?> file = new("--out") { Description = "File for the lines (default: standard output)", HelpName = "FILE" };

    public JournalExportCommand() : base("export", "Write the journal out as lines of JSON, to keep or to move to another machine",
        "pbm journal export --out journal.jsonl", "pbm journal export --data ./data")
    {
        Add(data);
        Add(file);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        if (path is null && call.IsJson)
            throw new InvalidDataException("with --json the lines need a file of their own: give one with --out");
        using var journal = SqliteJournal.Open(DataFolder.JournalPath(DataFolder.Of(call, data)), readOnly: true);
        if (path is null)
        {
            Export(call, journal, call.Screen.Writer);
            return ExitCode.Ok;
        }
        var (events, artifacts) = OutputFile.Write(path, writer => Export(call, journal, writer));
        call.WriteLine($"events: {events}, artifacts: {artifacts}, written to {path}");
        call.WriteJson(new { File = path, Events = events, Artifacts = artifacts });
        return ExitCode.Ok;
    }

    private static (long Events, long Artifacts) Export(Call call, SqliteJournal journal, TextWriter writer) => call.WithProgress("export",
        progress => JournalExport.Export(journal, writer, (what, done) => progress(what, done), call.Interrupted));
}

using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Journal;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm journal import`: an export into the journal.</summary>
internal sealed class JournalImportCommand : PbmCommand
{
    private readonly Argument<string> file = new("FILE") { Description = "What 'pbm journal export' wrote; '-' reads standard input" };
    private readonly Option<string> data = DataFolder.Option();

    public JournalImportCommand() : base("import", "Add what an export holds and the journal does not; all of it or nothing",
        "pbm journal import journal.jsonl", "pbm journal import journal.jsonl --data ./data --json")
    {
        Add(file);
        Add(data);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var path = call.Get(file);
        if (path != "-" && !File.Exists(path)) throw new FileNotFoundException($"there is no file {path}", path);
        using var input = path == "-" ? Console.In : new StreamReader(path);
        using var journal = SqliteJournal.Open(DataFolder.JournalPath(DataFolder.Of(call, data)));
        var result = call.WithProgress("import", _ => JournalImport.Import(journal, input, call.Interrupted));
        call.WriteLine($"events: {result.Events} added, {result.EventsKnown} known; artifacts: {result.Artifacts} added, {result.ArtifactsKnown} known");
        call.WriteJson(result);
        return ExitCode.Ok;
    }
}

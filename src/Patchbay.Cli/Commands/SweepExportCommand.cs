using System.CommandLine;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep export`: a sweep's results as files for other programs.</summary>
internal sealed class SweepExportCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;
    private readonly Argument<string> id = SweepJournals.Id();
    private readonly Option<string> format = new("--format")
    {
        Description = $"Format of the scores: {string.Join(", ", SweepExport.Formats)}; circuits are JSON in any case",
        HelpName = "FORMAT",
        DefaultValueFactory = _ => "json",
    };
    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder to write to",
        HelpName = "FOLDER",
        Required = true
    };
    private readonly Option<bool> partial = new(
        "--partial")
    { Description = "Export what there is of a sweep that is not complete" };

    /// <param name="open">Opens the journal.</param>
    public SweepExportCommand(Func<Call, ISweepJournal> open) : base("export",
        "Write a sweep's results as files for other programs",
        "pbm sweep export tiny-1 --out results", "pbm sweep export tiny-1 --format npy --out results",
            "pbm sweep export tiny-1 --format csv --out results --partial --json")
    {
        this.open = open;
        Add(id);
        foreach (var option in new Option[] { format, folder, partial }) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var journal = open(call);
        try
        {
            var sweep = call.Get(id);
            var state = SweepJournals.Find(journal, sweep).State;
            var missing = SweepExport.Missing(state);
            if (missing.Count > 0 && !call.Get(partial))
                throw new InvalidDataException(
                    $"sweep {sweep} is not complete: {SweepExport.Summary(missing)}; "
                    + "export what there is with --partial");
            var files = SweepExport.Files(state, call.Get(format));
            if (files.Count == 0)
                call.Notice($"sweep {sweep} has nothing to write as {call.Get(format)}: none of its results is a grid; "
                    + "csv, json and parquet have them all");
            var paths = files.Select(file => Path.Combine(call.Get(folder), file.Name)).ToArray();
            foreach (var (file, path) in files.Zip(paths))
            {
                OutputFile.Write(path, file.Bytes);
                call.WriteLine($"written: {path}");
            }
            foreach (var sentence in LeftOutPrompts.Sentences(state)) call.Notice(sentence);
            if (missing.Count > 0) call.Notice($"not complete: {SweepExport.Summary(missing)}");
            call.WriteJson(new { Sweep = sweep, Files = paths, Missing = missing });
            return ExitCode.Ok;
        }
        finally
        {
            SweepJournals.Close(journal);
        }
    }
}

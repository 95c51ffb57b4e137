using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep show`: all that is known of one sweep, beside published results if wanted.</summary>
internal sealed class SweepShowCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;
    private readonly Argument<string> id = SweepJournals.Id();
    private readonly Option<string?> reference = new("--reference")
    {
        Description = "Folder of published results to compare with: NAME/value_fetcher.json and so on, "
            + "circuits/NAME_circuit.json",
        HelpName = "FOLDER",
    };
    private readonly Option<string[]> names = new("--reference-name")
    {
        Description = "Name that a model has in the reference folder, where it is not its own without -7b; may be "
            + "given several times",
        HelpName = "MODEL=NAME",
        DefaultValueFactory = _ => [],
    };

    /// <param name="open">Opens the journal.</param>
    public SweepShowCommand(Func<Call, ISweepJournal> open) : base("show", "What a sweep has done and found",
        "pbm sweep show tiny-1", "pbm sweep show paper-1 --reference ../shared/reference",
            "pbm sweep show tiny-1 --reference published --reference-name tiny-base=llama --json")
    {
        this.open = open;
        Add(id);
        Add(reference);
        Add(names);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var journal = open(call);
        try
        {
            var sweep = call.Get(id);
            var recovered = SweepJournals.Find(journal, sweep);
            var (state, times) = (recovered.State, SweepTimes.Of(journal, sweep, recovered));
            var notes = new List<string>();
            var overlaps = SweepTables.Overlaps(state, notes);
            var published = Published(call, state);
            notes.AddRange(published?.Notes ?? []);
            ShowFacts(call, sweep, state, times, new NodePresence(journal).Status(state));
            ShowResults(call, state, overlaps);
            if (published is { Models.Count: > 0 })
            {
                call.WriteLine(PublishedComparison.Caption);
                call.Draw(() => published.Accuracy());
                if (published.Models.Any(m => m.Groups.Count > 0)) call.Draw(() => published.Groups());
            }
            foreach (var note in notes) call.Notice(note);
            call.WriteJsonText(() => SweepDocument.Json(sweep, state, times, overlaps, published, notes));
            return ExitCode.Ok;
        }
        finally
        {
            SweepJournals.Close(journal);
        }
    }

    private PublishedComparison? Published(Call call, SweepState state)
    {
        var given = call.Get(names).Select(text => text.Split('=', 2)).ToArray();
        if (call.Get(reference) is not { } folder)
            return given.Length == 0 ? null : throw new InvalidDataException("--reference-name goes with --reference");
        foreach (var pair in given)
        {
            if (pair is not [{ Length: > 0 }, { Length: > 0 }])
                throw new InvalidDataException($"--reference-name takes MODEL=NAME, not '{string.Join('=', pair)}'");
            if (state.Plan!.Models.All(m => m.Name != pair[0]))
                throw new InvalidDataException(
                    $"--reference-name: the sweep has no model '{pair[0]}', it has "
                    + string.Join(", ", state.Plan.Models.Select(m => m.Name)));
        }
        if (given.GroupBy(p => p[0]).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidDataException($"--reference-name names {twice.Key} twice");
        return PublishedComparison.Of(state, new PublishedFolder(folder), given.ToDictionary(p => p[0], p => p[1]));
    }

    private static void ShowFacts(Call call, string id, SweepState state, SweepTimes times,
        string status)
    {
        var plan = state.Plan!;
        var seconds = state.InOrder.Sum(s => s.Seconds);
        call.WriteFacts(
            ("sweep", id),
            ("study", plan.Study),
            ("tags", plan.Tags is { } tags ? string.Join(", ", tags) : null),
            ("status", $"{status}, {SweepText.Units(state.InOrder)} units"),
            ("seed", plan.Seed.ToString(CultureInfo.InvariantCulture)),
            ("task", plan.Task.Kind == "file" ? $"prompts of file {plan.Task.File}"
                : $"{plan.Task.Kind}, {plan.Task.Boxes} boxes, {plan.Task.Prompts} prompts"),
            ("compute", $"{plan.Compute.Dtype} on {plan.Compute.Device}, "
                + $"{SweepText.Count(plan.Compute.Threads, "thread")}"),
            ("code", state.Code),
            ("started", SweepText.Time(times.Started)),
            ("last event", SweepText.Time(times.Last)),
            ("time spent", $"{SweepText.Duration(TimeSpan.FromSeconds(seconds))} in units"));
        foreach (var model in plan.Models)
            call.WriteLine($"model {model.Name}: {model.Layers} layers of {model.Heads} heads, fingerprint "
                + $"{model.Fingerprint}");
        call.Draw(() => SweepTables.Stages(state));
        if (SweepTables.Failed(state).Count == 0) return;
        call.WriteLine("Failed units");
        call.Draw(() => SweepTables.Failures(state));
    }

    /// <summary>Accuracies, heat maps, circuits and overlaps.</summary>
    public static void ShowResults(Call call, SweepState state, IReadOnlyList<GroupOverlap> overlaps)
    {
        var models = state.Plan!.Models;
        if (models.Any(m => SweepResults.Accuracy(state, m.Name) is not null))
            call.Draw(() => SweepTables.Accuracies(state));
        foreach (var group in SweepMaps.Groups(state).Where(g => SweepMaps.IsMeasured(state, g)))
        {
            call.WriteLine(SweepMaps.Heading(state, group));
            call.Draw(() => new TerminalHeatMaps(SweepMaps.OfGroup(state, group)) { LeastWidth = 26 });
            call.WriteLine("");
        }
        foreach (var sentence in LeftOutPrompts.Sentences(state)) call.WriteLine(sentence);
        if (models.Any(m => SweepResults.CompleteGroups(state, m.Name).Count > 0))
        {
            call.WriteLine(SweepTables.CircuitHeading(state));
            call.Draw(() => SweepTables.Circuits(state));
        }
        if (overlaps.Count == 0) return;
        call.WriteLine($"Overlap with the circuit of {models[0].Name}. precision: share of its heads found in the "
            + "model's;\n"
            + "recall: share of the model's heads found in its; rank: Spearman's correlation of all scores");
        call.Draw(() => SweepTables.Overlaps(overlaps));
    }
}

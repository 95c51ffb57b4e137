using System.CommandLine;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep list`: every sweep of the journal and how far it is.</summary>
internal sealed class SweepListCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;
    private readonly Option<string?> tag = new("--tag")
    {
        Description = "Only sweeps of studies with this tag",
        HelpName = "NAME",
    };

    /// <param name="open">Opens the journal.</param>
    public SweepListCommand(Func<Call, ISweepJournal> open)
        : base("list", "Every sweep and how far it is", "pbm sweep list", "pbm sweep list --tag paper",
            "pbm sweep list --json")
    {
        this.open = open;
        Add(tag);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var journal = open(call);
        try
        {
            var presence = new NodePresence(journal);
            var wanted = call.Get(tag);
            var sweeps = journal.Sweeps()
                .Select(id => (Id: id, Recovered: journal.Recover(id)))
                .Where(s => wanted is null || s.Recovered.State.Plan?.Tags?.Contains(wanted) == true)
                .Select(s => (s.Id, s.Recovered.State, Times: SweepTimes.Of(journal, s.Id, s.Recovered))).ToArray();
            if (sweeps.Length == 0) call.WriteLine(wanted is not null ? $"no sweep has the tag {Refusal.Quote(wanted)}"
                : $"no sweeps: `{call.Next("study run FILE")}` makes one");
            else call.Draw(() => Table(sweeps, presence));
            call.WriteJson(new
            {
                Sweeps = sweeps.Select(s => new
                {
                    s.Id,
                    s.State.Plan?.Study,
                    Tags = s.State.Plan?.Tags ?? [],
                    Status = presence.Status(s.State).Replace(' ', '_'),
                    UnitsDone = s.State.InOrder.Sum(x => x.Completed),
                    UnitsKnown = s.State.InOrder.Sum(x => x.Order.Length),
                    StagesWaiting = s.State.InOrder.Count(x => x.Status == StageStatus.Waiting),
                    UnitsFailed = s.State.InOrder.Sum(x => x.SetAside),
                    s.Times.Started,
                    LastEvent = s.Times.Last,
                }),
            });
            return ExitCode.Ok;
        }
        finally
        {
            SweepJournals.Close(journal);
        }
    }

    private static Table Table(IReadOnlyList<(string Id, SweepState State, SweepTimes Times)> sweeps,
        NodePresence presence)
    {
        var hasTags = sweeps.Any(s => s.State.Plan?.Tags is not null);
        string[] IfTags(string text) => hasTags ? [text] : [];
        return TextTable.Of(
            ["sweep", "study", .. IfTags("tags"), "status", "units", "failed", "started", "last event"],
            sweeps.Select(s => (string[])[s.Id, s.State.Plan?.Study ?? "",
                .. IfTags(string.Join(", ", s.State.Plan?.Tags ?? [])), presence.Status(s.State),
                SweepText.Units(s.State.InOrder), $"{s.State.InOrder.Sum(stage => stage.SetAside)}",
                SweepText.Time(s.Times.Started), SweepText.Time(s.Times.Last)]));
    }
}

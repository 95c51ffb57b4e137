using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Spectre.Console;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep list`: every sweep of the journal and how far it is.</summary>
internal sealed class SweepListCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;

    /// <param name="open">Opens the journal.</param>
    public SweepListCommand(Func<Call, ISweepJournal> open)
        : base("list", "Every sweep and how far it is", "pbm sweep list", "pbm sweep list --json") =>
        this.open = open;

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var journal = open(call);
        try
        {
            var presence = new NodePresence(journal);
            var sweeps = journal.Sweeps()
                .Select(id => (Id: id, Recovered: journal.Recover(id)))
                .Select(s => (s.Id, s.Recovered.State, Times: SweepTimes.Of(journal, s.Id, s.Recovered))).ToArray();
            if (sweeps.Length == 0) call.WriteLine($"no sweeps: `{call.Next("study run FILE")}` makes one");
            else call.Draw(() => Table(sweeps, presence));
            call.WriteJson(new
            {
                Sweeps = sweeps.Select(s => new
                {
                    s.Id,
                    s.State.Plan?.Study,
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

    private static Table Table(IEnumerable<(string Id, SweepState State, SweepTimes Times)> sweeps,
        NodePresence presence) =>
        TextTable.Of(["sweep", "study", "status", "units", "failed", "started", "last event"], sweeps.Select(s =>
            (string[])[s.Id, s.State.Plan?.Study ?? "", presence.Status(s.State), SweepText.Units(s.State.InOrder),
                $"{s.State.InOrder.Sum(stage => stage.SetAside)}", SweepText.Time(s.Times.Started),
                SweepText.Time(s.Times.Last)]));
}

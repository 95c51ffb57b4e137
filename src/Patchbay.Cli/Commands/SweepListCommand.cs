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
            var sweeps = journal.Sweeps()
                .Select(id => (Id: id, Recovered: journal.Recover(id)))
                .Select(s => (s.Id, s.Recovered.State, Times: SweepTimes.Of(journal, s.Id, s.Recovered))).ToArray();
            if (sweeps.Length == 0) call.WriteLine($"no sweeps: `{call.Next("study run FILE")}` makes one");
            else call.Draw(() => Table(sweeps));
            call.WriteJson(new
            {
                Sweeps = sweeps.Select(s => new
                {
                    s.Id,
                    s.State.Plan?.Study,
                    Status = SweepText.Word(s.State.Status),
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

    private static Table Table(IEnumerable<(string Id, SweepState State, SweepTimes Times)> sweeps)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("sweep", "study", "status", "units", "failed", "started", "last event");
        foreach (var (id, state, times) in sweeps)
        {
            string[] cells =
            [
                id, state.Plan?.Study ?? "", SweepText.Status(state.Status), SweepText.Units(state.InOrder),
                    $"{state.InOrder.Sum(s => s.SetAside)}",
                SweepText.Time(times.Started), SweepText.Time(times.Last),
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }
        return table;
    }
}

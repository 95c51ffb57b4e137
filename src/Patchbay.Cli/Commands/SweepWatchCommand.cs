using System.CommandLine;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep watch`: a sweep as it goes on, whoever runs it.</summary>
internal sealed class SweepWatchCommand : PbmCommand
{
    private readonly Func<Call, ISweepJournal> open;
    private readonly TimeProvider time;
    private readonly Argument<string> id = SweepJournals.Id();

    /// <param name="open">Opens the journal.</param>
    /// <param name="time">The time; null for the machine's.</param>
    public SweepWatchCommand(Func<Call, ISweepJournal> open, TimeProvider? time = null)
        : base("watch", "Watch a sweep until it has ended; Ctrl-C ends the watch, not the sweep",
            "pbm sweep watch tiny-1",
            "pbm sweep watch tiny-1 --json")
    {
        (this.open, this.time) = (open, time ?? TimeProvider.System);
        Add(id);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var journal = open(call);
        try
        {
            var sweep = call.Get(id);
            var clock = new WatchClock();
            // What happened since the last snapshot says how fast it goes.
            var follower = new SweepFollower(journal, sweep, SweepJournals.Find(journal, sweep, clock.Observe));
            var presence = new NodePresence(journal);
            var watch = new SweepWatch(call.Screen, sweep, clock, time)
            {
                Show = call.Next($"sweep show {sweep}"),
                Enough = seen => seen.Ended || presence.IsGone(seen),
                Trouble = () => follower.Trouble,
            };
            var state = watch.Follow(follower.Read, call.Interrupted);
            call.WriteJson(new
            {
                Sweep = sweep,
                Status = SweepText.Word(state.Status),
                Detached = !state.Ended,
                UnitsDone = state.InOrder.Sum(s => s.Completed),
                UnitsKnown = state.InOrder.Sum(s => s.Order.Length),
                UnitsFailed = state.InOrder.Sum(s => s.SetAside),
            });
            return state.Ended ? ExitCode.Ok : SweepEnding.Detached(call, sweep, state, presence);
        }
        finally
        {
            SweepJournals.Close(journal);
        }
    }
}

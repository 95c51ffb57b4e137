using Patchbay.Cluster;

namespace Patchbay.Cli.Sweeps;

/// <summary>Running one sweep and watching it: in this process, or by the one that serves the folder.</summary>
internal static class SweepRun
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>Begins a sweep of a plan, or goes on with one of the same that is unfinished; its id.</summary>
    public static string Begin(Call call, DataHome home, Serving serving, SweepPlan plan, bool anew, bool quiet = false)
    {
        var unfinished = anew ? null : UnfinishedSweeps.Newest(home.Journal, plan);
        var id = unfinished ?? serving.Plan(plan);
        if (unfinished is not null) serving.Give(home, id, new ResumeSweep());
        if (!quiet) call.WriteLine(unfinished is null
            ? $"sweep {id}: {SweepText.Count(plan.Stages.Count, "stage")} on "
                + SweepText.Count(plan.Models.Count, "model")
            : $"sweep {id} of this study is unfinished and goes on as it was planned; --new begins another");
        return id;
    }

    /// <summary>Until the sweep ends or the operator has enough.</summary>
    /// <param name="call">The command.</param>
    /// <param name="home">The data folder.</param>
    /// <param name="id">The sweep.</param>
    /// <param name="serving">Who serves the folder.</param>
    /// <param name="results">Kind of stages whose results --json tells.</param>
    public static ExitCode Serve(Call call, DataHome home, string id, Serving serving, string? results = null)
    {
        if (serving.Other is { } other)
        {
            call.WriteLine($"node {other.Info.Node} runs sweep {id}");
            return Watch(call, home, id, results);
        }
        var state = Host(call, id, serving.Own!,
            new SweepWatch(call.Screen, id, new WatchClock(), TimeProvider.System)
            {
                Show = call.Next($"sweep show {id}"),
                Trouble = () => serving.Own!.TroubleOf(id),
            });
        return state.Ended ? SweepEnding.Conclude(call, id, state, results)
            : SweepEnding.Interrupted(call, home, id, state);
    }

    /// <summary>Runs a sweep in this process until it ends or a unit of it is set aside, its progress on standard
    /// error.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted, and is paused.</exception>
    public static SweepState ToEnd(Call call, string id, Serving serving)
    {
        static bool Enough(SweepState state) => state.Ended || state.InOrder.Any(s => s.SetAside > 0);
        var own = serving.Own ?? throw new IOException("another process is at this folder: give another with --data");
        var state = Host(call, id, own, new SweepWatch(call.ProgressScreen, id, new WatchClock(), TimeProvider.System)
        {
            Calm = true,
            Trouble = () => own.TroubleOf(id),
            Show = call.Next($"sweep show {id}"),
            LookEvery = TimeSpan.FromMilliseconds(100), // somebody waits for what comes after
            Enough = Enough,
        });
        return Enough(state) ? state : throw new OperationCanceledException();
    }

    /// <summary>Watches a sweep that others run. Ctrl-C ends the watching, not the sweep.</summary>
    private static ExitCode Watch(Call call, DataHome home, string id, string? results)
    {
        var follower = new SweepFollower(home.Journal, id, SweepJournals.Find(home.Journal, id));
        var presence = new NodePresence(home.Journal);
        var watch = new SweepWatch(call.Screen, id, new WatchClock(), TimeProvider.System)
        {
            Show = call.Next($"sweep show {id}"),
            Enough = state => state.Ended || presence.IsGone(state),
            Trouble = () => follower.Trouble,
        };
        var state = watch.Follow(follower.Read, call.Interrupted);
        if (state.Ended) return SweepEnding.Conclude(call, id, state, results);
        SweepEnding.WriteJson(call, id, state);
        return SweepEnding.Detached(call, id, state, presence);
    }

    // Watches a sweep of the node in this process; a pause, where it is interrupted by its operator, is recorded.
    private static SweepState Host(Call call, string id, ClusterNode node, SweepWatch watch)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Interrupted);
        _ = node.Failure.ContinueWith(_ => stop.Cancel(), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        watch.Shares = () => node.Shares;
        var first = SweepState.None;
        var state = watch.Follow(() =>
        {
            if (node.FaultOf(id) is not null) stop.Cancel();
            return node.Sweep(id) is { Plan: not null } seen ? first = seen : first;
        }, stop.Token);
        var fault = node.FaultOf(id);
        if (!state.Ended && !node.Failure.IsCompleted && !call.IsTerminated && fault is null)
            node.OrderAsync(id, new PauseSweep()).GetAwaiter().GetResult();
        node.StopAsync(call.IsTerminated ? TimeSpan.Zero : Grace).GetAwaiter().GetResult();
        if (node.Failure.IsCompleted) node.Failure.GetAwaiter().GetResult();
        if (fault is not null) throw new InvalidDataException($"sweep {id} cannot go on: {fault}");
        return node.Sweep(id);
    }
}

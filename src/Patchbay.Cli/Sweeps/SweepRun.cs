namespace Patchbay.Cli.Sweeps;

/// <summary>Serving one sweep and watching it: by the node that is up, or else by one in this process.</summary>
internal static class SweepRun
{
    /// <summary>Begins a sweep of a plan, or goes on with one of the same that is unfinished; its id.</summary>
    public static string Begin(Call call, DataHome home, SweepPlan plan, bool anew, bool quiet = false)
    {
        var unfinished = anew ? null : SweepOrders.Unfinished(home.Journal, plan);
        var id = unfinished ?? SweepOrders.Plan(home.Journal, plan);
        if (unfinished is not null) SweepOrders.Give(home.Journal, id, new ResumeSweep());
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
    /// <param name="settings">Of a node in this process, where none is up.</param>
    /// <param name="results">Kind of stages whose results --json tells.</param>
    public static ExitCode Serve(Call call, DataHome home, string id, NodeSettings settings, string? results = null)
    {
        if (home.Node() is { } up)
        {
            up.Wake();
            call.WriteLine($"node {up.Info.Node} runs sweep {id}");
            return Watch(call, home, id, results);
        }
        Host(call, home, id, settings, new SweepWatch(call.Screen, id, new WatchClock(), TimeProvider.System)
        {
            Show = call.Next($"sweep show {id}"),
        });
        var state = SweepJournals.Find(home.Journal, id).State;
        return state.Ended ? SweepHost.Conclude(call, id, state, results) : SweepHost.Interrupt(call, home.Journal, id);
    }

    /// <summary>Runs a sweep in this process until it ends or a unit of it is set aside, its progress on standard
    /// error.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted, and is paused.</exception>
    public static SweepState ToEnd(Call call, DataHome home, string id, NodeSettings settings)
    {
        static bool Enough(SweepState state) => state.Ended || state.InOrder.Any(s => s.SetAside > 0);
        Host(call, home, id, settings, new SweepWatch(call.ProgressScreen, id, new WatchClock(), TimeProvider.System)
        {
            Calm = true,
            Show = call.Next($"sweep show {id}"),
            LookEvery = TimeSpan.FromMilliseconds(100), // somebody waits for what comes after
            Enough = Enough,
        });
        var state = SweepJournals.Find(home.Journal, id).State;
        if (!state.Ended) SweepOrders.Give(home.Journal, id, new PauseSweep());
        return Enough(state) ? state : throw new OperationCanceledException();
    }

    private static void Host(Call call, DataHome home, string id, NodeSettings settings, SweepWatch watch)
    {
        var first = SweepJournals.Find(home.Journal, id).State;
        var node = settings.Start(call, home.Journal, home, first.Plan!.Compute.Threads, id);
        watch.Shares = () => node.Shares;
        SweepHost.RunAsync(call, node,
            stop => watch.Follow(() => node.Sweep(id) is { Plan: not null } seen ? seen : first, stop))
            .GetAwaiter().GetResult();
    }

    /// <summary>Watches a sweep that others run. Ctrl-C ends the watching, not the sweep.</summary>
    private static ExitCode Watch(Call call, DataHome home, string id, string? results)
    {
        var follower = new SweepFollower(home.Journal, id, SweepJournals.Find(home.Journal, id));
        var watch = new SweepWatch(call.Screen, id, new WatchClock(), TimeProvider.System)
        {
            Show = call.Next($"sweep show {id}"),
        };
        var state = watch.Follow(follower.Read, call.Interrupted);
        if (state.Ended) return SweepHost.Conclude(call, id, state, results);
        SweepHost.WriteJson(call, id, state);
        call.WriteLine($"detached; sweep {id} is {SweepText.Status(state.Status)}: {call.Next($"sweep watch {id}")}");
        return ExitCode.Ok;
    }
}

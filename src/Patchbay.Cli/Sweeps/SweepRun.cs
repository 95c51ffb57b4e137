using Patchbay.Sweeps;

namespace Patchbay.Cli.Sweeps;

/// <summary>Serving one sweep and watching it: by the node that is up, or else by one in this process.</summary>
internal static class SweepRun
{
    /// <summary>Begins a sweep of a plan, or goes on with one of the same that is unfinished; its id.</summary>
    public static string Begin(Call call, DataHome home, SweepPlan plan, bool anew)
    {
        var unfinished = anew ? null : SweepOrders.Unfinished(home.Journal, plan);
        var id = unfinished ?? SweepOrders.Plan(home.Journal, plan);
        if (unfinished is not null) SweepOrders.Give(home.Journal, id, new ResumeSweep());
        call.WriteLine(unfinished is null ? $"sweep {id}: {plan.Stages.Count} stages on {plan.Models.Count} models"
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
            up.Look();
            call.WriteLine($"node {up.Info.Node} runs sweep {id}");
            return Watch(call, home, id, results);
        }
        var first = SweepJournals.Find(home.Journal, id).State;
        var node = settings.Start(call, home.Journal, home, first.Plan!.Compute.Threads, id);
        return SweepHost.RunAsync(call, home.Journal, id, node, (state, stop) =>
            Show(call, id, () => state() is { Plan: not null } seen ? seen : first, stop), results).GetAwaiter().GetResult();
    }

    /// <summary>Watches a sweep that others run. Ctrl-C ends the watching, not the sweep.</summary>
    private static ExitCode Watch(Call call, DataHome home, string id, string? results)
    {
        var follower = new SweepFollower(home.Journal, id);
        var state = Show(call, id, () => follower.Read(), call.Interrupted);
        if (state.Ended) return SweepHost.Conclude(call, id, state, results);
        SweepHost.WriteJson(call, id, state);
        call.WriteLine($"detached; sweep {id} is {SweepText.Of(state.Status)}: pbm sweep watch {id}");
        return ExitCode.Ok;
    }

    private static SweepState Show(Call call, string id, Func<SweepState> state, CancellationToken stop) =>
        new SweepWatch(call.Screen, id, new WatchClock(), TimeProvider.System).Run(state, stop);
}

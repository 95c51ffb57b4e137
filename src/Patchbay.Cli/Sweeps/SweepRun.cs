using Patchbay.Sweeps;

namespace Patchbay.Cli.Sweeps;

/// <summary>Serving one sweep and watching it: by the node that is up, or else by one in this process.</summary>
internal static class SweepRun
{
    /// <summary>Until the sweep ends or the operator has enough.</summary>
    public static ExitCode Serve(Call call, DataHome home, string id, NodeSettings settings)
    {
        if (home.Node() is { } up)
        {
            up.Look();
            call.WriteLine($"node {up.Info.Node} runs sweep {id}");
            return Watch(call, home, id);
        }
        var first = SweepJournals.Find(home.Journal, id).State;
        var node = settings.Start(call, home.Journal, home, first.Plan!.Compute.Threads, id);
        return SweepHost.RunAsync(call, home.Journal, id, node, (state, stop) => Show(call, id, () => state() is { Plan: not null } seen ? seen : first, stop)).GetAwaiter().GetResult();
    }

    /// <summary>Watches a sweep that others run. Ctrl-C ends the watching, not the sweep.</summary>
    private static ExitCode Watch(Call call, DataHome home, string id)
    {
        var follower = new SweepFollower(home.Journal, id);
        var state = Show(call, id, () => follower.Read(), call.Interrupted);
        if (state.Ended) return SweepHost.Conclude(call, id, state);
        SweepHost.WriteJson(call, id, state);
        call.WriteLine($"detached; sweep {id} is {SweepText.Of(state.Status)}: pbm sweep watch {id}");
        return ExitCode.Ok;
    }

    private static SweepState Show(Call call, string id, Func<SweepState> state, CancellationToken stop) =>
        new SweepWatch(call.Out, id, new WatchClock(), TimeProvider.System).Run(state, stop);
}

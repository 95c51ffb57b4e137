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
        var plan = SweepOrders.Recover(home.Journal, id).State.Plan!;
        var node = settings.Start(call, home.Journal, home.PromptFile, plan.Compute.Threads, id);
        return SweepHost.RunAsync(call, home.Journal, id, node, (state, stop) => Show(call, id, state, stop)).GetAwaiter().GetResult();
    }

    /// <summary>Watches a sweep that others run. Ctrl-C ends the watching, not the sweep.</summary>
    public static ExitCode Watch(Call call, DataHome home, string id)
    {
        var (state, sequence) = SweepOrders.Recover(home.Journal, id);
        Show(call, id, () =>
        {
            var news = home.Journal.Read(id, sequence);
            state = SweepDecider.Evolve(state, news.Select(n => n.Event));
            sequence += news.Count;
            return state;
        }, call.Interrupted);
        if (state.Ended) return SweepHost.Conclude(call, id, state);
        call.WriteLine($"detached; sweep {id} is {SweepDecider.Text(state.Status)}: pbm sweep watch {id}");
        return ExitCode.Ok;
    }

    private static void Show(Call call, string id, Func<SweepState> state, CancellationToken stop)
    {
        while (!state().Ended && !stop.IsCancellationRequested) stop.WaitHandle.WaitOne(200);
    }
}

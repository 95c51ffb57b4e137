using Patchbay.Node;

namespace Patchbay.Cli.Sweeps;

/// <summary>Runs a sweep in this process, watched, until it ends or its operator has enough.</summary>
internal static class SweepHost
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);
    private const int Told = 3; // failures; sweep show has all

    /// <summary>Runs a node as long as its sweep is watched.</summary>
    /// <param name="call">The command.</param>
    /// <param name="node">The node; the journal is its own until this returns.</param>
    /// <param name="watch">Shows states until the sweep has ended or the token is cancelled.</param>
    public static async Task RunAsync(Call call, PatchbayNode node, Action<CancellationToken> watch)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Interrupted);
        _ = node.Failure.ContinueWith(_ => stop.Cancel(), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        await using (node)
        {
            watch(stop.Token);
            await node.StopAsync(Grace);
            if (node.Failure.IsCompleted) await node.Failure;
        }
    }

    /// <summary>Says how a sweep ended.</summary>
    public static ExitCode Conclude(Call call, string id, SweepState state, string? results = null)
    {
        call.WriteLine($"sweep {id} {SweepText.Status(state.Status)}: {call.Next($"sweep show {id}")}");
        foreach (var (unit, failed) in SweepTables.Failed(state).Take(Told))
            call.WriteLine($"  {unit}: {failed.Error}");
        if (state.Status == SweepStatus.CompletedWithFailures) call.WriteLine(
            $"what failed is tried again by: {call.Next($"sweep retry {id}")}");
        WriteJson(call, id, state, results);
        return state.Status == SweepStatus.Completed ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>With --json, where the sweep stands.</summary>
    public static void WriteJson(Call call, string id, SweepState state, string? results = null) => call.WriteJson(new
    {
        Sweep = id,
        Status = SweepText.Word(state.Status),
        UnitsDone = state.InOrder.Sum(s => s.Completed),
        UnitsKnown = state.InOrder.Sum(s => s.Order.Length),
        UnitsFailed = state.InOrder.Sum(s => s.SetAside),
        Results = results is null ? null : state.InOrder.Where(s => s.Stage.Kind == results)
            .SelectMany(s => s.Results.Select(r => new
            {
                Stage = s.Stage.Id,
                r.Result.Item,
                r.Result.Score,
                r.Result.Error,
                r.Result.Samples
            })),
    });

    /// <summary>Pauses the sweep, unless another process is at it.</summary>
    public static ExitCode Interrupt(Call call, ISweepJournal journal, string id)
    {
        if (journal.Leases(id).Any(l => l.Node != NodeIdentity.Own && l.HoldsAt(DateTimeOffset.UtcNow)
            && !NodeIdentity.IsGone(l.Node)))
        {
            WriteJson(call, id, SweepJournals.Find(journal, id).State);
            call.WriteLine($"another process goes on with sweep {id}: {call.Next($"sweep watch {id}")}");
            return ExitCode.Interrupted;
        }
        if (!SweepJournals.Find(journal, id).State.Ended) SweepOrders.Give(journal, id, new PauseSweep());
        WriteJson(call, id, SweepJournals.Find(journal, id).State);
        call.WriteLine($"sweep {id} is paused, nothing recorded is lost; to go on: {call.Next($"sweep resume {id}")}");
        return ExitCode.Interrupted;
    }
}

using Patchbay.Cluster;
using Patchbay.Journal;

namespace Patchbay.Cli.Sweeps;

/// <summary>How a command that ran or watched a sweep ends: what is said, and the exit code.</summary>
internal static class SweepEnding
{
    private const int Told = 3; // failures; sweep show has all

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
                r.Result.Samples,
                r.Result.Detail?.LeftOut,
            })),
    });

    /// <summary>The process that ran it was interrupted: by its operator, who pauses it, or told to end.</summary>
    public static ExitCode Interrupted(Call call, DataHome home, string id, SweepState state)
    {
        WriteJson(call, id, state);
        call.WriteLine(state.Status == SweepStatus.Paused
            ? $"sweep {id} is paused, nothing recorded is lost; to go on: {call.Next($"sweep resume {id}")}"
            : $"ended, nothing recorded is lost; sweep {id} goes on with the next pbm that serves {home.Folder}");
        return ExitCode.Interrupted;
    }

    /// <summary>Watching has ended, the sweep has not.</summary>
    public static ExitCode Detached(Call call, string id, SweepState state, NodePresence presence)
    {
        if (presence.IsGone(state))
            throw new IOException($"sweep {id} is interrupted: no process is at it any more, nothing recorded is lost; "
                + $"to go on: {call.Next($"sweep resume {id}")}");
        call.WriteLine($"detached; sweep {id} is {SweepText.Status(state.Status)}: {call.Next($"sweep watch {id}")}");
        return ExitCode.Ok;
    }
}

/// <summary>Whether a process serves a journal.</summary>
internal sealed class NodePresence(ISweepJournal journal)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3); // it may be starting anew
    private DateTime? since;

    /// <summary>Whether a sweep is running and nobody serves it.</summary>
    public bool IsInterrupted(SweepState state) => state.Status == SweepStatus.Running
        && journal is SqlJournal known && !IsServed(known);

    /// <summary>Whether it has been so for a while.</summary>
    public bool IsGone(SweepState state)
    {
        if (!IsInterrupted(state)) since = null;
        else since ??= DateTime.UtcNow;
        return DateTime.UtcNow - since > Patience;
    }

    private static bool IsServed(SqlJournal journal)
    {
        try
        {
            return journal.Place.File is { } file ? DataLock.IsHeld(Path.GetDirectoryName(file)!)
                : ServingLock.Holder(journal.Place) is not null;
        }
        catch (JournalException e) when (e.Fault == JournalFault.Unreachable)
        {
            return true; // nobody knows
        }
    }

    /// <summary>A sweep's status as people read it: "interrupted" where it is running and nobody serves it.</summary>
    public string Status(SweepState state) => IsInterrupted(state) ? "interrupted" : SweepText.Status(state.Status);
}

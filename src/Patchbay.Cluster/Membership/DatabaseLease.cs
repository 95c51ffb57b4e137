using System.Diagnostics;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Coordination;
using Akka.Event;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Membership;

/// <summary>Which journal a node's actor system has.</summary>
/// <param name="place">Where it is; may hold a password, so that it is no text among the settings.</param>
internal sealed class JournalSetup(JournalPlace place) : Setup
{
    public JournalPlace Place { get; } = place;
}

/// <summary>The lease that decides which side of a broken cluster goes on, in the journal's database: who cannot reach
/// that cannot record anything either, and does not go on. Akka.NET's resolver takes it and gives it back; here it is
/// renewed meanwhile.</summary>
public sealed class DatabaseLease : Lease
{
    private readonly JournalPlace place;
    private readonly ILoggingAdapter log;
    private volatile bool held;
    private volatile int turn; // counts acquisitions: an earlier one is renewed no more

    /// <summary>Made by Akka.NET.</summary>
    public DatabaseLease(LeaseSettings settings, ExtendedActorSystem system) : base(settings)
    {
        place = system.Settings.Setup.Get<JournalSetup>().Value.Place;
        log = Logging.GetLogger(system, typeof(DatabaseLease));
    }

    private string Owner => Settings.OwnerName;

    /// <inheritdoc/>
    public override Task<bool> Acquire() => Acquire(_ => { });

    /// <inheritdoc/>
    public override async Task<bool> Acquire(Action<Exception?> leaseLostCallback)
    {
        held = await TryTakeAsync();
        log.Info("the lease {Lease} is {Whose}", Settings.LeaseName, held ? "this node's" : "another's");
        if (!held) return false;
        _ = RenewAsync(leaseLostCallback, ++turn);
        return true;
    }

    /// <inheritdoc/>
    public override async Task<bool> Release()
    {
        held = false;
        await Task.Run(() => ClusterLease.Release(place, Settings.LeaseName, Owner));
        return true;
    }

    /// <inheritdoc/>
    public override bool CheckLease() => held;

    private async Task<bool> TryTakeAsync()
    {
        try
        {
            return await Task.Run(() => ClusterLease.TryTake(place, Settings.LeaseName, Owner,
                Settings.TimeoutSettings.HeartbeatTimeout)).WaitAsync(Settings.TimeoutSettings.OperationTimeout);
        }
        catch (Exception e) when (e is JournalException or TimeoutException)
        {
            throw new LeaseException($"the lease {Settings.LeaseName} cannot be asked for: {e.Message}", e);
        }
    }

    private async Task RenewAsync(Action<Exception?> lost, int own)
    {
        for (var last = Stopwatch.GetTimestamp(); held && turn == own;)
        {
            try
            {
                await Task.Delay(Settings.TimeoutSettings.HeartbeatInterval);
                if (!held || turn != own) return;
                if (!await TryTakeAsync()) throw new LeaseException($"{Settings.LeaseName} is another's now");
                last = Stopwatch.GetTimestamp();
            }
            catch (LeaseException e) when (Stopwatch.GetElapsedTime(last) < Settings.TimeoutSettings.HeartbeatTimeout)
            {
                log.Warning("{Reason}", e.Message); // it is still this node's: tried again
            }
            catch (LeaseException e)
            {
                held = false;
                lost(e);
            }
        }
    }
}

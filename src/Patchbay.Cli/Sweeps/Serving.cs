using Patchbay.Cluster;
using Patchbay.Journal;

namespace Patchbay.Cli.Sweeps;

/// <summary>The process that serves a data folder, as a command has it: this one, as a node of its own, where no other
/// is at it; else that one, by its API.</summary>
internal sealed class Serving : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2), FirstUnitAfter = TimeSpan.FromSeconds(1.5);
    private readonly ServingLock? journal;
    private readonly Task<ControlApi>? api;
    private readonly CancellationTokenSource? ended;
    private DataLock? held;

    private Serving(DataLock? held, ServingLock? journal, ClusterNode own, Task<ControlApi>? api, string folder,
        CancellationTokenSource ended)
    {
        (this.held, this.journal, Own, this.api, this.ended) = (held, journal, own, api, ended);
        if (held is null) _ = SucceedAsync(folder, ended.Token);
    }

    private Serving(ControlClient other) => Other = other;

    /// <summary>The node in this process, or null.</summary>
    public ClusterNode? Own { get; }

    /// <summary>The other process, or null.</summary>
    public ControlClient? Other { get; }

    /// <summary>Where its API listens, where it is this process and has one.</summary>
    public string? Address => api?.GetAwaiter().GetResult().Address;

    private ISweepServer Server => (ISweepServer?)Own ?? Other!;

    /// <summary>Finds or starts it.</summary>
    /// <param name="home">The folder.</param>
    /// <param name="start">Starts a node in this process.</param>
    /// <param name="place">Its place in a cluster; null for one of its own.</param>
    /// <param name="goOn">Whether sweeps that are running go on in this process.</param>
    /// <param name="pages">What it shows to browsers, or null.</param>
    /// <exception cref="IOException">Another process holds the folder and does not answer.</exception>
    public static Serving Open(DataHome home, Func<Task<ClusterNode>> start, ClusterPlace? place = null,
        bool goOn = true, Func<ClusterNode, NodePages>? pages = null)
    {
        if (home.Named is { } named) return new(named);
        for (var until = DateTime.UtcNow + Patience; ;)
        {
            var held = DataLock.TryTake(home.Folder);
            // Several processes of one machine may be nodes with one folder: one of them is spoken to.
            if (held is not null || place is { Seeds.Count: > 0 })
                return OpenAsync(home, held, start, place ?? ClusterPlace.Own, goOn, pages).GetAwaiter().GetResult();
            if (DataLock.Address(home.Folder) is { } address
                && ControlClient.Connect(address, home.Folder) is { } other)
                return new(other);
            if (DateTime.UtcNow > until)
                throw new IOException($"another process holds {home.Folder} and does not answer: see with 'fuser "
                    + $"{Path.Combine(home.Folder, "node.lock")}' which one it is");
            Thread.Sleep(100);
        }
    }

    /// <summary>Plans a sweep and starts it; its id.</summary>
    public string Plan(SweepPlan plan) => Server.PlanAsync(plan).GetAwaiter().GetResult();

    /// <summary>Gives a command to a sweep of the journal.</summary>
    /// <exception cref="FileNotFoundException">There is no such sweep.</exception>
    /// <exception cref="InvalidDataException">It is refused; the message says why.</exception>
    public SweepAnswer Give(DataHome home, string id, SweepCommand command)
    {
        SweepJournals.Find(home.Journal, id);
        return Server.OrderAsync(id, command).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Other?.Dispose();
        ended?.Cancel();
        try
        {
            api?.GetAwaiter().GetResult().DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // It had not begun to listen.
        }
        catch (IOException)
        {
            // It could not be announced, as on a full disk: the command's own error, if it has one, says more.
        }
        finally
        {
            Own?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            journal?.Dispose();
            held?.Dispose();
            ended?.Dispose();
        }
    }

    private static async Task<Serving> OpenAsync(DataHome home, DataLock? held, Func<Task<ClusterNode>> start,
        ClusterPlace place, bool goOn, Func<ClusterNode, NodePages>? pages)
    {
        ClusterNode? node = null;
        ServingLock? journal = null;
        var ended = new CancellationTokenSource();
        try
        {
            node = await start();
            journal = ServingLock.Take(home.Journal.Place, node.Number, node.IsFellow);
            _ = journal?.Lost.ContinueWith(lost => node.Abandon(lost.Exception!.InnerException!),
                CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            if (goOn) node.WakeAll();
            // Others may speak to it a little later than its own command, whose first unit does not wait for that.
            var isOwn = place.Address.Port == 0;
            var api = home.IsTemporary ? null : Task.Run(() => AnnounceAsync(node, home.Folder, held, place.Token,
                pages, isOwn ? FirstUnitAfter : TimeSpan.Zero, ended.Token));
            if (api is not null && !isOwn) await api; // its port may be taken
            return new(held, journal, node, api, home.Folder, ended);
        }
        catch
        {
            if (node is not null) await node.DisposeAsync();
            journal?.Dispose();
            held?.Dispose();
            ended.Dispose();
            throw;
        }
    }

    private static async Task<ControlApi> AnnounceAsync(ClusterNode node, string folder, DataLock? held, string? token,
        Func<ClusterNode, NodePages>? pages, TimeSpan after, CancellationToken ended)
    {
        await Task.Delay(after, ended);
        var api = await ControlApi.StartAsync(node, folder, token, pages?.Invoke(node));
        held?.Announce(api.Address);
        return api;
    }

    // The folder of a node that is gone is this one's from then on.
    private async Task SucceedAsync(string folder, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested && held is null)
        {
            await Task.Delay(LookEvery, ended).ContinueWith(_ => { }, TaskScheduler.Default);
            if (ended.IsCancellationRequested || DataLock.TryTake(folder) is not { } taken) continue;
            held = taken;
            taken.Announce((await api!).Address);
        }
    }
}

using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm node run`: a node that serves every running sweep of its data folder until it is stopped.</summary>
internal sealed class NodeRunCommand : PbmCommand
{
    private static readonly TimeSpan RejoinAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SayAfter = TimeSpan.FromSeconds(10);
    private readonly DataFolder data = new();
    private readonly ClusterPlaceOptions cluster = new();
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly NodeSettings node = new();

    public NodeRunCommand() : base("run",
        "Serve every running sweep of a data folder until Ctrl-C, alone or in a cluster",
        "pbm node run", "pbm node run --slots 1 --port 9210",
        "pbm node run --hostname gpu1 --seed gpu1 --journal postgres://patchbay@db/patchbay --certificate cluster.pem")
    {
        foreach (var option in data.JournalOptions) Add(option);
        foreach (var option in cluster.Options) Add(option);
        Add(threads);
        foreach (var option in node.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var full = node.WithFile(call);
        using var home = DataHome.Open(full, data);
        var place = cluster.Of(full, home.Journal.Place);
        using var certificate = place.Certificate;
        return RunAsync(full, home, place).GetAwaiter().GetResult();
    }

    // A node that was cut off from its cluster joins it anew, for as long as that takes.
    private async Task<ExitCode> RunAsync(Call call, DataHome home, ClusterPlace place)
    {
        for (var isAnew = false; ; isAnew = true)
        {
            try
            {
                return await ServeAsync(call, home, place with { JoinsAnew = isAnew });
            }
            catch (IOException e) when (e is CutOffException || (isAnew && !IsForGood(e)))
            {
                if (!call.Interrupted.IsCancellationRequested)
                    call.WriteLine($"{Now} {e.Message}; it joins anew");
                if (!call.Interrupted.WaitHandle.WaitOne(RejoinAfter)) continue;
                call.WriteLine(Stopped);
                return ExitCode.Ok;
            }
        }
    }

    // Where browsers of other machines come in.
    private static string From(ClusterPlace place) => place.Certificate is null ? ""
        : place.Token is null ? "; from other machines only with --token-file"
        : $"; from other machines https://{place.Address}/, with the token";

    private const string Stopped = "stopped; running sweeps go on when a node is up again";

    private static bool IsForGood(IOException e) =>
        e is JournalException { Fault: JournalFault.Corrupt or JournalFault.Unknown };

    private static string Now => DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private async Task<ExitCode> ServeAsync(Call call, DataHome home, ClusterPlace place)
    {
        if (place.Seeds.Count > 0)
            call.WriteLine($"{Now} node {place.Address} joins {string.Join(", ", place.Seeds)}");
        using var patience = new Timer(_ => call.WriteLine($"{Now} no node of the cluster has taken this one in yet; "
            + "it goes on trying, and Ctrl-C ends it"), null, place.Seeds.Count > 0 ? SayAfter
                : Timeout.InfiniteTimeSpan, SayAfter);
        using var serving = node.Open(call, home, call.Get(threads) ?? 1, place);
        patience.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (serving.Own is not { } own)
            throw new IOException($"node {serving.Other!.Info.Node} serves {home.Folder} already");
        call.WriteLine($"node {NodeIdentity.Own} serves {home.Folder} with {own.Options.Slots} slots; control API "
            + $"at {serving.Address}; Ctrl-C stops it");
        call.WriteLine($"pages for a browser: {serving.Address}/{From(place)}");
        call.WriteJson(new { Node = NodeIdentity.Own, Data = home.Folder, serving.Address, own.Options.Slots });
        var seen = new Dictionary<string, SweepStatus>();
        var told = new HashSet<string>();
        while (!call.Interrupted.IsCancellationRequested && !own.Failure.IsCompleted && !own.Left.IsCompleted)
        {
            foreach (var (id, state) in own.Known.Where(s => seen.GetValueOrDefault(s.Key) != s.Value.Status))
            {
                if (seen.ContainsKey(id) || !state.Ended)
                    call.WriteLine($"{Now} sweep {id} "
                        + $"{SweepText.Status(state.Status)}");
                seen[id] = state.Status;
            }
            foreach (var id in own.Known.Keys.Where(id => own.FaultOf(id) is not null && told.Add(id)))
                call.WriteLine($"sweep {id} cannot go on: {own.FaultOf(id)}");
            call.Interrupted.WaitHandle.WaitOne(250);
        }
        await own.StopAsync(TimeSpan.Zero);
        if (own.Failure.IsCompleted) await own.Failure;
        call.WriteLine(Stopped);
        return ExitCode.Ok;
    }
}

using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Cluster;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm node run`: a node that serves every running sweep of its data folder until it is stopped.</summary>
internal sealed class NodeRunCommand : PbmCommand
{
    private readonly DataFolder data = new();
    private readonly Option<int> port = CommonOptions.Parsed("--port", "PORT",
        "Port of its control API on 127.0.0.1; 0 for any that is free",
        text => (int)Lists.Whole(text, 0, System.Net.IPEndPoint.MaxPort), ControlApi.DefaultPort);
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly NodeSettings node = new();

    public NodeRunCommand() : base("run",
        "Serve every running sweep of a data folder until Ctrl-C",
        "pbm node run", "pbm node run --slots 1 --port 9111")
    {
        foreach (var option in data.Options) Add(option);
        Add(port);
        Add(threads);
        foreach (var option in node.Options) Add(option);
    }

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var home = DataHome.Open(call, data);
        return RunAsync(call, home).GetAwaiter().GetResult();
    }

    private async Task<ExitCode> RunAsync(Call call, DataHome home)
    {
        using var serving = node.Open(call, home, call.Get(threads) ?? 1, call.Get(port));
        if (serving.Own is not { } own)
            throw new IOException($"node {serving.Other!.Info.Node} serves {home.Folder} already");
        call.WriteLine($"node {NodeIdentity.Own} serves {home.Folder} with {own.Options.Slots} slots; control API "
            + $"at {serving.Address}; Ctrl-C stops it");
        call.WriteJson(new { Node = NodeIdentity.Own, Data = home.Folder, serving.Address, own.Options.Slots });
        var seen = new Dictionary<string, SweepStatus>();
        var told = new HashSet<string>();
        while (!call.Interrupted.IsCancellationRequested && !own.Failure.IsCompleted)
        {
            foreach (var (id, state) in own.Known.Where(s => seen.GetValueOrDefault(s.Key) != s.Value.Status))
            {
                if (seen.ContainsKey(id) || !state.Ended)
                    call.WriteLine($"{DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} sweep {id} "
                        + $"{SweepText.Status(state.Status)}");
                seen[id] = state.Status;
            }
            foreach (var id in own.Known.Keys.Where(id => own.FaultOf(id) is not null && told.Add(id)))
                call.WriteLine($"sweep {id} cannot go on: {own.FaultOf(id)}");
            call.Interrupted.WaitHandle.WaitOne(250);
        }
        await own.StopAsync(TimeSpan.Zero);
        if (own.Failure.IsCompleted) await own.Failure;
        call.WriteLine("stopped; running sweeps go on when a node is up again");
        return ExitCode.Ok;
    }
}

using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;
using Patchbay.Node;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm node run`: a node that serves every running sweep of its data folder until it is stopped.</summary>
internal sealed class NodeRunCommand : PbmCommand
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private readonly Option<string> data = DataFolder.Option();
    private readonly Option<int> port = CommonOptions.Parsed("--port", "PORT",
        "Port of its control API on 127.0.0.1; 0 for any that is free",
        text => (int)Lists.Whole(text, 0, System.Net.IPEndPoint.MaxPort), ControlApi.DefaultPort);
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly NodeSettings node = new();

    public NodeRunCommand() : base("run",
        "Serve every running sweep until Ctrl-C; several nodes may share one data folder",
        "pbm node run", "pbm node run --slots 1 --port 9111")
    {
        Add(data);
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
        await using var serving = node.Start(call, home.Journal, home, call.Get(threads) ?? 1, only: null);
        await using var api = await ControlApi.StartAsync(serving, home.Folder, call.Get(port));
        call.WriteLine($"node {NodeIdentity.Own} serves {home.Folder} with "
            + $"{SweepText.Count(serving.Options.Slots, "slot")}; control API "
            + $"at {api.Address}; Ctrl-C stops it");
        call.WriteJson(new { Node = NodeIdentity.Own, Data = home.Folder, api.Address, serving.Options.Slots });
        var seen = new Dictionary<string, SweepStatus>();
        while (!call.Interrupted.IsCancellationRequested && !serving.Failure.IsCompleted)
        {
            foreach (var (id, state) in serving.Sweeps.Where(s => seen.GetValueOrDefault(s.Key) != s.Value.Status))
            {
                if (seen.ContainsKey(id) || !state.Ended)
                    call.WriteLine($"{DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} sweep {id} "
                        + $"{SweepText.Status(state.Status)}");
                seen[id] = state.Status;
            }
            call.Interrupted.WaitHandle.WaitOne(250);
        }
        await serving.StopAsync(Grace);
        if (serving.Failure.IsCompleted) await serving.Failure;
        call.WriteLine("stopped; running sweeps go on when a node is up again");
        return ExitCode.Ok;
    }
}

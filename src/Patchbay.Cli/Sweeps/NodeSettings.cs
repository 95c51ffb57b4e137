using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Commands;
using Patchbay.Models.Libtorch;
using Patchbay.Cluster;
using static TorchSharp.torch;

namespace Patchbay.Cli.Sweeps;

/// <summary>Options of commands that run a node in their own process: how many units at a time, and with how much
/// memory.</summary>
internal sealed class NodeSettings
{
    private readonly Option<int?> slots = CommonOptions.Parsed<int?>("--slots", "N",
        "Units that run at a time (default: cores divided by threads of a unit)", text => Lists.Count(text));
    private readonly Option<long?> memory = CommonOptions.Parsed<long?>("--memory", "SIZE",
        "Memory for all loaded models together, for example 12GiB (default: three quarters of the machine's, "
        + "or most of what a GPU has free)", text => ByteSize.Parse(text));

    /// <summary>The options, to be added to a command.</summary>
    public IEnumerable<Option> Options => [slots, memory];

    /// <summary>Memory for loaded models together on a device, in bytes.</summary>
    public long Memory(Call call, Device device) => call.Get(memory) ?? TorchRuntime.UsableMemory(device);

    /// <summary>The largest that any device of this machine has.</summary>
    private long MostMemory(Call call) => TorchRuntime.CudaDevices()
        .Select((_, i) => new Device(TorchSharp.DeviceType.CUDA, i))
        .Prepend(CPU).Max(device => Memory(call, device));

    /// <summary>The process that serves a folder: another, or this one from now on.</summary>
    /// <param name="call">The command.</param>
    /// <param name="home">The folder.</param>
    /// <param name="threads">Threads of one unit, where no plan says otherwise.</param>
    /// <param name="port">Where the API is to listen; 0 for any port that is free.</param>
    public Serving Open(Call call, DataHome home, int threads, int port = 0) => Serving.Open(home, () =>
    {
        TorchRuntime.Configure(threads);
        var count = call.Get(slots) ?? Math.Max(1, ProcessorCores.Available() / threads);
        return ClusterNode.StartAsync(new(home.Journal.Place, count, threads, MostMemory(call), Call.Version),
            new TorchModelSource(home, StudyInput.Experiments), StudyInput.Experiments);
    }, port);

    /// <summary>The process that serves a folder, for an order that computes nothing.</summary>
    public static Serving OpenToOrder(DataHome home) => Serving.Open(home, () => ClusterNode.StartAsync(
        new(home.Journal.Place, 1, 1, 0, Call.Version), new TorchModelSource(home, []), StudyInput.Experiments),
        goOn: false);
}

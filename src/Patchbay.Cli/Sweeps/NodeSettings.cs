using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Commands;
using Patchbay.Models.Libtorch;
using Patchbay.Node;
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

    /// <summary>Starts a node; from now on the journal is its own.</summary>
    /// <param name="call">The command.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="artifacts">Where prompt files are, and what units keep for others.</param>
    /// <param name="threads">Threads of one unit, where no plan says otherwise.</param>
    /// <param name="only">The one sweep to serve, or null for all.</param>
    public PatchbayNode Start(Call call, ISweepJournal journal, IArtifacts artifacts, int threads, string? only)
    {
        TorchRuntime.Configure(threads);
        var count = call.Get(slots) ?? Math.Max(1, ProcessorCores.Available() / threads);
        return new(journal, new TorchModelSource(artifacts, StudyInput.Experiments), StudyInput.Experiments,
            new(count, threads, MostMemory(call), Call.Version, only), () =>
            set_num_threads(threads));
    }
}

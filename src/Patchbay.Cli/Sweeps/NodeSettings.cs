using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Commands;
using Patchbay.Cluster;
using Patchbay.Cluster.Operating;
using Patchbay.Models.Libtorch;
using Patchbay.Web;
using static TorchSharp.torch;

namespace Patchbay.Cli.Sweeps;

/// <summary>Options of commands that run a node in their own process: how many units at a time, with how much memory,
/// with which settings, and how much it tells in its log.</summary>
internal sealed class NodeSettings
{
    /// <summary>Environment variable that names the file of settings where --config is not given.</summary>
    public const string ConfigVariable = "PATCHBAY_CONFIG";

    private const string SlotsName = "--slots";

    private readonly Option<int?> slots = CommonOptions.Whole(SlotsName,
        "Units that run at a time (default: cores divided by threads of a unit)", WholeRange.Threads);
    private readonly Option<long?> memory = CommonOptions.Parsed<long?>("--memory", "SIZE",
        "Memory for all loaded models together, for example 12GiB (default: three quarters of the machine's, "
        + "or most of what a GPU has free)", text => ByteSize.Parse(text));

    private readonly Option<string?> config = new("--config")
    {
        Description = "Settings of the node's actor system (HOCON), over those of cluster-config/akka.conf (default: "
            + $"${ConfigVariable}, else none)",
        HelpName = "FILE",
    };
    private readonly Option<string> logLevel = CommonOptions.Parsed("--log-level", "LEVEL",
        $"The least that the node writes to the log in its data folder: {string.Join(", ", LogFolder.Levels)}",
        Lists.LogLevel, "information");

    /// <summary>The options, to be added to a command.</summary>
    public IEnumerable<Option> Options => [slots, memory, config, logLevel];

    /// <summary>Whether a command has these options: it runs a node.</summary>
    public static bool AreOf(Command command) => command.Options.Any(option => option.Name == SlotsName);

    /// <summary>Memory for loaded models together on a device, in bytes.</summary>
    public long Memory(Call call, Device device) => call.Get(memory) ?? TorchRuntime.UsableMemory(device);

    private Dictionary<string, long> Devices(Call call, IReadOnlyList<string>? chosen) =>
        (chosen ?? ["cpu", "cuda"]).SelectMany(name => name != "cuda" ? [name]
                : TorchRuntime.CudaDevices().Select((_, i) => $"cuda:{i}")).Distinct()
            .ToDictionary(name => name, name => Memory(call, TorchModelSource.DeviceOf(name)));

    /// <summary>The process that serves a folder: another, or this one from now on.</summary>
    /// <param name="call">The command.</param>
    /// <param name="home">The folder.</param>
    /// <param name="threads">Threads of one unit, where no plan says otherwise.</param>
    /// <param name="place">Its place in a cluster; null for one of its own.</param>
    public Serving Open(Call call, DataHome home, int threads, ClusterPlace? place = null)
    {
        var settings = Configured(call.Get(config));
        place ??= ClusterPlace.Own;
        return Serving.Open(home, async () =>
        {
            var loading = TorchRuntime.ConfigureAsync(threads);
            var count = call.Get(slots) ?? Math.Max(1, ProcessorCores.Available() / threads);
            var most = Devices(call, null).Values.Max();
            var node = await ClusterNode.StartAsync(new(home.Journal.Place, count, threads, most, Call.Version)
            {
                Log = home.IsTemporary ? null : new(LogFolder.Of(home.Folder), call.Get(logLevel)),
                Settings = settings,
                Address = place.Address,
                Seeds = place.Seeds,
                JoinsAnew = place.JoinsAnew,
                Roles = place.Roles,
                Certificate = place.Certificate,
                Devices = Devices(call, place.Devices),
            }, new TorchModelSource(home, StudyInput.Experiments), StudyInput.Experiments, call.Interrupted);
            try
            {
                await loading;
                return node;
            }
            catch
            {
                await node.DisposeAsync();
                throw;
            }
        }, place, pages: own => LivePages.Of(own, place.Token, OwnDesk.Of(call, home, own)));
    }

    /// <summary>The call, with what the file of settings says of the node itself.</summary>
    public Call WithFile(Call call) => (call.Get(config) ?? Environment.GetEnvironmentVariable(ConfigVariable))
        is { Length: > 0 } file ? call.WithDefaults(file, NodeConfig.NodeOptions(file)) : call;

    /// <summary>The process that serves a folder, found or begun while the plan of a sweep is being made: each takes
    /// about a second of which the other needs nothing.</summary>
    /// <param name="call">The command.</param>
    /// <param name="home">The folder.</param>
    /// <param name="threads">Threads of one unit.</param>
    /// <param name="study">Name of the study that is planned.</param>
    /// <param name="plan">Makes the plan.</param>
    public (Serving Serving, SweepPlan Plan) Open(Call call, DataHome home, int threads, string study,
        Func<SweepPlan> plan)
    {
        _ = TorchRuntime.ConfigureAsync(threads); // before anything of libtorch is touched: it reads its settings once
        var opening = Task.Run(() =>
        {
            var serving = Open(call, home, threads);
            serving.Own?.Prepare(study);
            return serving;
        });
        try
        {
            var made = plan();
            return (opening.GetAwaiter().GetResult(), made);
        }
        catch
        {
            if (((IAsyncResult)opening).AsyncWaitHandle.WaitOne() && opening.IsCompletedSuccessfully)
                opening.Result.Dispose();
            throw;
        }
    }

    /// <summary>The process that serves a folder, for an order that computes nothing.</summary>
    public static Serving OpenToOrder(DataHome home)
    {
        var settings = Configured(null);
        return Serving.Open(home, () => ClusterNode.StartAsync(new(home.Journal.Place, 1, 1, 0, Call.Version)
        {
            Log = new(LogFolder.Of(home.Folder), "information"),
            Settings = settings,
        }, new TorchModelSource(home, []), StudyInput.Experiments), goOn: false);
    }

    private static string? Configured(string? file)
    {
        file ??= Environment.GetEnvironmentVariable(ConfigVariable);
        if (string.IsNullOrEmpty(file)) return null;
        NodeConfig.Read(file); // a mistake is told wherever the sweep will run
        return file;
    }
}

using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cluster;
using Patchbay.Models;
using Patchbay.Models.Libtorch;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>Options of commands that run a model: how many threads, on which device, in which dtype.</summary>
internal sealed class Compute
{
    private readonly Option<int?> threads = CommonOptions.Threads();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string> dtype = CommonOptions.Dtype();
    private readonly Option<string> rotary = CommonOptions.Rotary();

    /// <summary>The options, to be added to a command.</summary>
    public IEnumerable<Option> Options => [dtype, rotary, device, threads];

    /// <summary>What was chosen.</summary>
    /// <param name="Threads">Threads of one operation.</param>
    /// <param name="Device">Where to compute.</param>
    /// <param name="Dtype">Number format of weights and activations.</param>
    internal sealed record Choice(int Threads, Device Device, ScalarType Dtype)
    {
        /// <summary>"float32".</summary>
        public string DtypeName => NameOf(Dtype);

        /// <summary>Whether rotary frequencies are float64 too.</summary>
        public bool ExactRotary { get; init; }

        /// <summary>"cpu" or "cuda:1".</summary>
        public string DeviceName => Device.type == DeviceType.CPU ? "cpu" : $"cuda:{Device.index}";
    }

    /// <summary>Reads the options and sets libtorch up accordingly; called before the first tensor.</summary>
    /// <exception cref="InvalidDataException">There is no such device, or frequencies are finer than the
    /// rest.</exception>
    public Choice Begin(Call call)
    {
        var isExact = call.Get(rotary) == "float64";
        if (isExact && call.Get(dtype) != "float64")
            throw new InvalidDataException($"--rotary: expected float32, or --dtype float64 too, found float64 with "
                + $"{call.Get(dtype)}");
        var count = call.Get(threads) ?? ProcessorCores.Available();
        TorchRuntime.Configure(count);
        return new(count, TorchModelSource.DeviceOf(call.Get(device)), TorchModelSource.DtypeOf(call.Get(dtype)))
        { ExactRotary = isExact };
    }

    /// <summary>Loads a checkpoint's weights under a progress bar.</summary>
    public static Decoder Load(Call call, Checkpoint checkpoint, Choice choice) =>
        call.WithProgress("loading", report =>
        new Decoder(checkpoint.Config, checkpoint.Load(choice.Dtype, choice.Device,
            new Direct<LoadProgress>(p => report("loading", p.BytesDone / (double)p.BytesTotal)), call.Interrupted))
        { ExactRotary = choice.ExactRotary });

    /// <summary>A checkpoint's fingerprint, under a progress bar.</summary>
    public static string Fingerprint(Call call, Checkpoint checkpoint) => call.WithProgress("fingerprint", report =>
        checkpoint.ComputeFingerprint(new Direct<ReadProgress>(p => report("fingerprint", p.Share)),
            call.Interrupted));

    /// <summary>"float32", as options and files spell it.</summary>
    public static string NameOf(ScalarType dtype) => dtype.ToString().ToLowerInvariant();
}

/// <summary>Progress told at once, on the thread that reports it.</summary>
internal sealed class Direct<T>(Action<T> tell) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => tell(value);
}

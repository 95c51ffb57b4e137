using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Models.Libtorch;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm doctor`: which libtorch is in use, on which devices, and how fast it multiplies here.</summary>
internal sealed class DoctorCommand : PbmCommand
{
    private static readonly ScalarType[] Dtypes = [ScalarType.Float32, ScalarType.BFloat16];
    private readonly Option<int?> threads = CommonOptions.Threads();

    public DoctorCommand() : base("doctor", "Tell which libtorch is in use, and how fast it multiplies on this machine",
        "pbm doctor", "pbm doctor --threads 1 --json") => Add(threads);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        var count = call.Get(threads) ?? ProcessorCores.Available();
        TorchRuntime.Configure(count);
        var rates = Dtypes.Select(dtype => (Dtype: Compute.NameOf(dtype), Gflops: TorchRuntime.MeasureGflops(dtype)))
            .ToArray();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var devices = TorchRuntime.CudaDevices().Select((name, i) => $"cuda:{i} ({name}{FreeMemory(i)})")
            .Prepend("cpu").ToArray();
        var product = string.Join(", ", rates.Select(r => $"{r.Gflops:0} GFLOP/s in {r.Dtype}"));
        call.WriteFacts(
            ("libtorch", TorchRuntime.Versions),
            ("libstdc++", OlderSystems.AbsentVersion is { } version
                ? $"older than {version}, which TorchSharp asks for and does not use: loaded without it"
                : null),
            ("matrix product", $"{product} on {count} thread{(count == 1 ? "" : "s")}"),
            ("cores", $"{ProcessorCores.Available()}"),
            ("memory", ByteSize.Format(memory)),
            ("devices", string.Join(", ", devices)));
        call.WriteJson(new
        {
            Libtorch = TorchRuntime.Versions,
            OlderSystems.AbsentVersion,
            Gflops = rates.ToDictionary(r => r.Dtype, r => r.Gflops),
            Threads = count,
            Cores = ProcessorCores.Available(),
            MemoryBytes = memory,
            Devices = devices,
        });
        return ExitCode.Ok;
    }

    private static string FreeMemory(int device) =>
        TorchRuntime.FreeMemory(new Device(DeviceType.CUDA, device)) is { } free
            ? $", {ByteSize.Format(free)} free" : "";
}

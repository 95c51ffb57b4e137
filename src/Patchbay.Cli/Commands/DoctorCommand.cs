using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Torch;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm doctor`: which libtorch is in use, how fast it multiplies here, and what to install if that is slow.</summary>
internal sealed class DoctorCommand : PbmCommand
{
    private readonly Option<int?> threads = CommonOptions.Threads();

    public DoctorCommand() : base("doctor", "Tell which libtorch is in use, and how fast it multiplies on this machine",
        "pbm doctor", "pbm doctor --threads 1 --json") => Add(threads);

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        TorchRuntime.Configure(call.Get(threads) ?? ProcessorCores.Available());
        var torch = TorchRuntime.Describe();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var rate = torch.Gflops.ToString(torch.Gflops < 10 ? "0.0" : "0");
        string[] devices = ["cpu", .. torch.CudaDevices.Select((name, i) => $"cuda:{i} ({name})")];
        call.WriteFacts(
            ("libtorch", torch.LibtorchVersion),
            ("provider", torch.Provider),
            ("blas", torch.Blas.Name + (torch.Blas.Path is { } path ? $", {path}" : "")),
            ("kernel", torch.Blas.Kernel),
            ("matrix product", $"{rate} GFLOP/s in float32 on {torch.Threads} thread{(torch.Threads == 1 ? "" : "s")}"),
            ("cores", $"{ProcessorCores.Available()}"),
            ("memory", ByteSize.Format(memory)),
            ("devices", string.Join(", ", devices)),
            ("advice", torch.Advice));
        call.WriteJson(new
        {
            Libtorch = torch.LibtorchVersion,
            torch.Provider,
            Blas = torch.Blas.Name,
            BlasPath = torch.Blas.Path,
            torch.Blas.Kernel,
            torch.Gflops,
            torch.Threads,
            Cores = ProcessorCores.Available(),
            MemoryBytes = memory,
            Devices = devices,
            torch.Advice,
        });
        return ExitCode.Ok;
    }
}

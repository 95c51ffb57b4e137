using System.Runtime.InteropServices;

namespace Patchbay.Torch;

/// <summary>What <see cref="TorchRuntime.Describe"/> found.</summary>
public sealed record TorchDescription
{
    /// <summary>"System", or TorchSharp and its version.</summary>
    public required string Provider { get; init; }

    /// <summary>libtorch's version.</summary>
    public required string LibtorchVersion { get; init; }

    /// <summary>The library that multiplies matrices.</summary>
    public required BlasLibrary Blas { get; init; }

    /// <summary>Threads of one operation.</summary>
    public required int Threads { get; init; }

    /// <summary>Names of the CUDA devices; empty without CUDA.</summary>
    public required IReadOnlyList<string> CudaDevices { get; init; }

    /// <summary>Measured rate of a float32 matrix product, in GFLOP/s.</summary>
    public required double Gflops { get; init; }

    /// <summary>What to install, in a sentence; null where nothing is amiss.</summary>
    public required string? Advice { get; init; }
}

/// <summary>The BLAS in use.</summary>
/// <param name="Name">"OpenBLAS", "MKL", "reference BLAS", ...</param>
/// <param name="Path">Its file; null where it is part of libtorch.</param>
/// <param name="Kernel">The processor kernel that OpenBLAS chose, e.g. "SkylakeX".</param>
/// <param name="Configuration">OpenBLAS's own description of how it was built.</param>
public sealed record BlasLibrary(string Name, string? Path, string? Kernel, string? Configuration)
{
    private const string Reference = "reference BLAS";

    /// <summary>Whether this is the slow reference implementation.</summary>
    public bool IsReference => Name == Reference;

    /// <summary>Finds it among the libraries in this process.</summary>
    internal static BlasLibrary Find(IEnumerable<string> libraries)
    {
        // A distribution's libblas.so.3 may be OpenBLAS under the common name: the folder then says so.
        foreach (var (word, name) in new[]
        {
            ("libopenblas", "OpenBLAS"), ("openblas", "OpenBLAS"), ("libmkl", "MKL"), ("blis", "BLIS"), ("atlas", "ATLAS"),
            ("libblas.so", Reference),
        })
        {
            if (libraries.FirstOrDefault(path => path.Contains(word, StringComparison.Ordinal)) is { } found)
                return new BlasLibrary(name, found, Ask(found, "openblas_get_corename"), Ask(found, "openblas_get_config"));
        }

        return new BlasLibrary("built into libtorch", null, null, null);
    }

    /// <summary>Calls an export <c>char *name(void)</c>; null where the library has none.</summary>
    private static unsafe string? Ask(string library, string name) =>
        NativeLibrary.TryLoad(library, out var handle) && NativeLibrary.TryGetExport(handle, name, out var export)
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)export)())?.Trim()
            : null;
}

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

    /// <summary>
    /// Finds the library whose sgemm libtorch calls. Others may be loaded too: Debian's LAPACK brings OpenBLAS along even
    /// where the reference BLAS does the products.
    /// </summary>
    internal static BlasLibrary Find()
    {
        var torch = LoadedLibrary.All().FirstOrDefault(l => l.Path.Contains("/libtorch_cpu.", StringComparison.Ordinal));
        if (torch is null || !NativeLibrary.TryLoad(torch.Path, out var handle)) return Named(null);
        var path = NativeLibrary.TryGetExport(handle, "sgemm_", out var product) ? LoadedLibrary.At(product) : null;
        var named = Named(path == torch.Path ? null : path);
        return named.IsReference
            ? named
            : named with { Kernel = Ask(handle, "openblas_get_corename"), Configuration = Ask(handle, "openblas_get_config") };
    }

    /// <summary>A library known by its path; a distribution's libblas.so.3 tells by its folder whose it is.</summary>
    internal static BlasLibrary Named(string? path)
    {
        (string Word, string Name)[] known =
            [("openblas", "OpenBLAS"), ("mkl", "MKL"), ("blis", "BLIS"), ("atlas", "ATLAS"), ("libblas.so", Reference)];
        var name = path is null
            ? "built into libtorch"
            : known.FirstOrDefault(k => path.Contains(k.Word, StringComparison.Ordinal)).Name ?? System.IO.Path.GetFileName(path);
        return new BlasLibrary(name, path, null, null);
    }

    /// <summary>Calls an export <c>char *name(void)</c> of a library or of those it needs; null where there is none.</summary>
    private static unsafe string? Ask(nint library, string name) =>
        NativeLibrary.TryGetExport(library, name, out var export)
            ? Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)export)())?.Trim()
            : null;
}

/// <summary>A stretch of a shared library in this process's memory.</summary>
internal sealed record LoadedLibrary(string Path, ulong Start, ulong End)
{
    public static IEnumerable<LoadedLibrary> All() =>
        from line in File.ReadLines("/proc/self/maps")
        let slash = line.IndexOf('/', StringComparison.Ordinal)
        where slash >= 0 && line.Contains(".so", StringComparison.Ordinal)
        let ends = line.Split(' ', 2)[0].Split('-')
        select new LoadedLibrary(line[slash..], Convert.ToUInt64(ends[0], 16), Convert.ToUInt64(ends[1], 16));

    public static string? At(nint address) => All().FirstOrDefault(l => l.Start <= (ulong)address && (ulong)address < l.End)?.Path;
}

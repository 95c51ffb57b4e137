using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Torch.Tests;

/// <summary>Threads, BLAS and what is told about them.</summary>
public sealed class RuntimeTests
{
    [Fact]
    public void Threads_are_set_and_told()
    {
        TorchRuntime.Configure(2);
        Assert.Equal(2, get_num_threads());
        TorchRuntime.Configure(1);
        Assert.Equal(1, get_num_threads());
        Assert.Throws<ArgumentOutOfRangeException>(() => TorchRuntime.Configure(0));
    }

    [Fact]
    public void The_description_names_the_blas_and_measures_it()
    {
        TorchRuntime.Configure(1);
        var found = TorchRuntime.Describe(256, 0.05);
        Assert.Equal(TorchRuntime.Provider, found.Provider);
        Assert.Matches(@"^\d+\.\d+", found.LibtorchVersion);
        Assert.InRange(found.Gflops, 0.01, 1e6);
        Assert.Equal(1, found.Threads);
        Assert.NotEmpty(found.Blas.Name);
        Assert.Equal(found.Blas.IsReference, found.Advice is not null);
        Assert.Equal(cuda.is_available() ? cuda.device_count() : 0, found.CudaDevices.Count);
    }

    [Theory]
    [InlineData("/usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3", "OpenBLAS", false)]
    [InlineData("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", "reference BLAS", true)]
    [InlineData("/opt/intel/libmkl_rt.so.2", "MKL", false)]
    [InlineData("/opt/lib/libfast.so", "libfast.so", false)]
    [InlineData(null, "built into libtorch", false)]
    public void A_blas_is_known_by_its_path(string? path, string name, bool slow)
    {
        var blas = BlasLibrary.Named(path);
        Assert.Equal((name, slow), (blas.Name, blas.IsReference));
    }

    [Fact]
    public void Freed_memory_goes_back_when_asked()
    {
        TorchRuntime.Configure(1);
        using var small = ones(4);
        using (NewDisposeScope())
        {
            for (var i = 0; i < 50; i++) ones(1 << 20);
        }

        var before = Environment.WorkingSet;
        TorchRuntime.ReturnFreedMemory();
        Assert.InRange(Environment.WorkingSet, 0, before);
    }

    [Fact]
    public void A_call_costs_little_beyond_libtorchs_own_time()
    {
        using var a = ones(4);
        var best = double.PositiveInfinity;
        for (var repeat = 0; repeat < 20; repeat++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < 10_000; i++) a.alias().Dispose();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / 10_000);
        }

        // Measured 300 to 400 ns, most of it libtorch's; a tenfold margin for a shared machine.
        Assert.InRange(best, 1, 4_000);
    }
}

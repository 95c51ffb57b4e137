using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Torch;

/// <summary>Settings of libtorch's process, and what can be told about it; the same with every provider.</summary>
public static partial class TorchRuntime
{
    /// <summary>
    /// Blocks of at least this many bytes are mapped on their own and go back to the system when freed. High, because
    /// the next operation needs them again: see the measurements in docs/torch.md.
    /// </summary>
    public const int DefaultMmapThreshold = 256 << 20;

    /// <summary>Free memory at the end of the heap beyond this many bytes goes back to the system.</summary>
    public const int DefaultTrimThreshold = 512 << 20;

    private const int TrimThresholdParameter = -1;
    private const int MmapThresholdParameter = -3;

    /// <summary>How many tensors are alive in this process.</summary>
    public static long LiveTensors => Tensor.TotalCount;

    /// <summary>Which provider of TorchSharp's API this was built with.</summary>
    public static string Provider =>
#if TORCH_SYSTEM
        "System";
#else
        $"TorchSharp {typeof(torch).Assembly.GetName().Version}";
#endif

    /// <summary>
    /// Sets the number of threads of an operation and how memory is given back. To be called before the first tensor:
    /// OpenMP reads the environment once, when libtorch is loaded, and threads made later take their number from there.
    /// </summary>
    /// <param name="threads">Threads of one operation, at least 1.</param>
    /// <param name="mmapThreshold">
    /// glibc's M_MMAP_THRESHOLD in bytes. Lower gives memory back sooner, and pays for fresh pages at every large tensor.
    /// </param>
    /// <param name="trimThreshold">glibc's M_TRIM_THRESHOLD in bytes.</param>
    /// <returns>False where libtorch was loaded already, so that only the calling thread's number took effect.</returns>
    public static bool Configure(
        int threads, int mmapThreshold = DefaultMmapThreshold, int trimThreshold = DefaultTrimThreshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var first = !LoadedLibrary.All().Any(library => library.Path.Contains("/libtorch", StringComparison.Ordinal));
        if (first)
        {
            // Through libc: .NET keeps its own copy of the environment, which native code does not see.
            // Waiting threads that spin take the processor from other processes on a shared machine.
            _ = SetEnvironment("OMP_WAIT_POLICY", "passive", 0);
            _ = SetEnvironment("OMP_NUM_THREADS", threads.ToString(), 1);
        }

        _ = SetMallocOption(MmapThresholdParameter, mmapThreshold);
        _ = SetMallocOption(TrimThresholdParameter, trimThreshold);
        set_num_threads(threads);
        return first;
    }

    /// <summary>
    /// Everything an operator needs to know about libtorch on this machine; takes about <paramref name="seconds"/>.
    /// </summary>
    public static TorchDescription Describe(int size = 1024, double seconds = 0.5)
    {
        var gflops = MeasureGflops(size, seconds);
        var blas = BlasLibrary.Find();
        return new TorchDescription
        {
            Provider = Provider,
            LibtorchVersion = __version__,
            Blas = blas,
            Threads = get_num_threads(),
            CudaDevices = CudaDevices(),
            Gflops = gflops,
            Advice = AdviceOn(blas),
        };
    }

    /// <summary>What to install where libtorch multiplies by the slow reference BLAS, or null: a moment's look, for start-up.</summary>
    public static string? Advice() => AdviceOn(BlasLibrary.Find());

    private static string? AdviceOn(BlasLibrary blas) => blas.IsReference
        ? "libtorch uses the reference BLAS, which is 25 to 70 times slower: apt-get install libopenblas0-openmp."
        : null;

    /// <summary>Best rate of a float32 product (size, size)·(size, size) on the configured threads, in GFLOP/s.</summary>
    public static double MeasureGflops(int size = 1024, double seconds = 0.5)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (a, b) = (randn(size, size), randn(size, size));
        a.mm(b).Dispose();
        var best = double.PositiveInfinity;
        for (var total = Stopwatch.StartNew(); total.Elapsed.TotalSeconds < seconds || double.IsInfinity(best);)
        {
            var start = Stopwatch.GetTimestamp();
            a.mm(b).Dispose();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * size * size * size / best / 1e9;
    }

    /// <summary>Gives memory of freed tensors back to the system; for the end of a piece of work.</summary>
    public static void ReturnFreedMemory() => _ = TrimHeap(0);

    /// <summary>Whether an operation failed for lack of memory, so that a smaller one may succeed.</summary>
    public static bool IsOutOfMemory(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is OutOfMemoryException
            || exception.Message.Contains("can't allocate memory", StringComparison.Ordinal)
            || exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || exception.Message.Contains("bad_alloc", StringComparison.Ordinal);
    }

    /// <summary>Names of the CUDA devices as the driver tells them, in its order; "cuda:N" where it does not.</summary>
    private static string[] CudaDevices()
    {
        var count = cuda.is_available() ? cuda.device_count() : 0;
        const string folder = "/proc/driver/nvidia/gpus";
        var names = Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Select(gpu => ModelOf(Path.Combine(gpu, "information"))).ToArray()
            : [];
        return Enumerable.Range(0, count).Select(i => names.Length == count ? names[i] ?? $"cuda:{i}" : $"cuda:{i}").ToArray();
    }

    private static string? ModelOf(string file) => File.Exists(file)
        ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("Model:", StringComparison.Ordinal))?["Model:".Length..].Trim()
        : null;

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nint keep);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int parameter, int value);
}

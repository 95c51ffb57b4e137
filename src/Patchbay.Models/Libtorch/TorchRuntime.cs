using System.Diagnostics;

namespace Patchbay.Models.Libtorch;

/// <summary>Settings of libtorch's process, and what can be told about it.</summary>
public static class TorchRuntime
{
    // Blocks of at least this many bytes are mapped on their own and go back to the system when freed. High, because
    // the next operation needs them again: see the measurements in docs/torch.md.
    private const int MmapThreshold = 256 << 20;

    // Free memory at the end of the heap beyond this many bytes goes back to the system.
    private const int TrimThreshold = 512 << 20;

    /// <summary>"TorchSharp 0.107.0, libtorch 2.10.0".</summary>
    public static string Versions =>
        $"TorchSharp {typeof(torch).Assembly.GetName().Version?.ToString(3)}, "
        + $"libtorch {Version.Parse(__version__).ToString(3)}";

    /// <summary>Sets the number of threads of an operation and how memory is given back. To be called before the first
    /// tensor: OpenMP reads the environment when libtorch is loaded, and threads made later take their number from
    /// it.</summary>
    /// <param name="threads">Threads of one operation, at least 1.</param>
    public static void Configure(int threads) => ConfigureAsync(threads).GetAwaiter().GetResult();

    /// <summary>The same; libtorch, which takes a third of a second to load, is loaded while the caller does something
    /// else.</summary>
    /// <param name="threads">Threads of one operation, at least 1.</param>
    public static Task ConfigureAsync(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        // Waiting threads that spin take the processor from other processes on a shared machine.
        _ = SystemCalls.SetEnvironment("OMP_WAIT_POLICY", "passive", 0);
        _ = SystemCalls.SetEnvironment("OMP_NUM_THREADS", threads.ToString(), 1);
        _ = SystemCalls.SetMallocOption(SystemCalls.MmapThreshold, MmapThreshold);
        _ = SystemCalls.SetMallocOption(SystemCalls.TrimThreshold, TrimThreshold);
        return Task.Run(() => set_num_threads(threads));
    }

    /// <summary>Best rate of a product (size, size)·(size, size), in GFLOP/s; on the CPU by the set threads.</summary>
    public static double MeasureGflops(
        ScalarType dtype = ScalarType.Float32, Device? on = null, int size = 1024, double seconds = 0.5)
    {
        var device = on ?? CPU;
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (a, b) = (randn(size, size, dtype: dtype, device: device), randn(size, size, dtype: dtype, device: device));
        Multiply();
        var best = double.PositiveInfinity;
        for (var total = Stopwatch.StartNew(); total.Elapsed.TotalSeconds < seconds || double.IsInfinity(best);)
        {
            var start = Stopwatch.GetTimestamp();
            Multiply();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * size * size * size / best / 1e9;

        void Multiply()
        {
            a.mm(b).Dispose();
            if (device.type == DeviceType.CUDA) cuda.synchronize(device);
        }
    }

    /// <summary>Ends the process at once, whatever its threads compute: no destructor of a library is run.</summary>
    public static void ExitAtOnce(int code) => SystemCalls.ExitAtOnce(code);

    /// <summary>Gives memory of freed tensors back to the system; for the end of a piece of work.</summary>
    public static void ReturnFreedMemory() => _ = SystemCalls.TrimHeap(0);

    /// <summary>Free memory of a CUDA device in bytes by its driver; null for the CPU or without a driver.</summary>
    public static long? FreeMemory(Device device) =>
        device.type == DeviceType.CUDA ? SystemCalls.DeviceMemory(Math.Max(0, device.index))?.Free : null;

    /// <summary>Memory that computing may take where nothing was said, in bytes: most of what a CUDA device has free,
    /// or three quarters of the machine's.</summary>
    public static long UsableMemory(Device device) => FreeMemory(device) is { } free
        ? (long)(0.85 * free)
        : (long)(0.75 * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

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
    public static IReadOnlyList<string> CudaDevices()
    {
        if (!SystemCalls.HasDriver) return []; // known without loading libtorch
        var count = cuda.is_available() ? cuda.device_count() : 0;
        const string folder = "/proc/driver/nvidia/gpus";
        string?[] names = Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Select(ModelOf)]
            : [];
        return [.. Enumerable.Range(0, count)
            .Select(i => names.Length == count ? names[i] ?? $"cuda:{i}" : $"cuda:{i}")];
    }

    private static string? ModelOf(string gpu)
    {
        var file = Path.Combine(gpu, "information");
        if (!File.Exists(file)) return null;
        var model = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("Model:", StringComparison.Ordinal));
        return model?["Model:".Length..].Trim();
    }
}

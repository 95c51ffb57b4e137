using System.Runtime.InteropServices;

namespace Patchbay.Models.Libtorch;

/// <summary>What neither .NET nor TorchSharp offers, asked of the C library and of NVIDIA's driver. OpenMP reads its
/// settings from the environment of the C library, of which .NET keeps a copy of its own; glibc's allocator returns
/// large blocks to the system at once unless it is told otherwise (docs/torch.md has the measurements); and TorchSharp
/// does not tell how much memory a device has free.</summary>
internal static partial class SystemCalls
{
    /// <summary>mallopt's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD.</summary>
    public const int TrimThreshold = -1, MmapThreshold = -3;

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    public static partial int TrimHeap(nint keep);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    public static partial int SetMallocOption(int parameter, int value);

    /// <summary>Ends the process at once: nothing else of it is run, no destructor of a library either.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void ExitAtOnce(int code);

    /// <summary>Whether NVIDIA's driver is here.</summary>
    public static bool HasDriver => NativeLibrary.TryLoad(Driver, out _);

    /// <summary>Free and whole memory of a CUDA device in bytes, by CUDA's own numbering (CUDA_VISIBLE_DEVICES counts);
    /// null where there is no driver, or no such device.</summary>
    public static (long Free, long Total)? DeviceMemory(int device)
    {
        if (!HasDriver) return null;
        if (Init(0) != 0 || GetDevice(out var handle, device) != 0
            || RetainContext(out var context, handle) != 0) return null;
        try
        {
            if (PushContext(context) != 0) return null;
            var found = GetMemory(out var free, out var total);
            _ = PopContext(out _);
            return found == 0 ? ((long)free, (long)total) : null;
        }
        finally
        {
            _ = ReleaseContext(handle);
        }
    }

    private const string Driver = "libcuda.so.1";

    [LibraryImport(Driver, EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport(Driver, EntryPoint = "cuDeviceGet")]
    private static partial int GetDevice(out int handle, int ordinal);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int RetainContext(out nint context, int handle);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int ReleaseContext(int handle);

    [LibraryImport(Driver, EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int PushContext(nint context);

    [LibraryImport(Driver, EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int PopContext(out nint context);

    [LibraryImport(Driver, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int GetMemory(out nuint free, out nuint total);
}

namespace Patchbay.Models.Libtorch;

/// <summary>As long as one is held, another thread may end the process without waiting for this one: libtorch's
/// destructors, which would take the ground from under a computation that still runs, are left out then.</summary>
public readonly struct ComputingScope : IDisposable
{
    private static int running;

    static ComputingScope() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        if (Volatile.Read(ref running) > 0) SystemCalls.ExitAtOnce(Environment.ExitCode);
    };

    /// <summary>Begins one.</summary>
    public static ComputingScope Begin()
    {
        Interlocked.Increment(ref running);
        return default;
    }

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Decrement(ref running);
}

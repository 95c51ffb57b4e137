using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp;

internal static unsafe partial class Native
{
    /// <summary>What <c>ASK</c> exports return on failure.</summary>
    internal const long Failed = long.MinValue;

    /// <summary>Throws what libtorch said last on this thread, as TorchSharp does: an <see cref="ExternalException"/>.</summary>
    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Throw() => throw new ExternalException(Marshal.PtrToStringUTF8(pt_last_error()));

    /// <summary>
    /// Wraps the tensor that an export returned. The arguments' objects are named so that the garbage collector cannot
    /// finalize them while the export still works on their handles.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Tensor New(nint handle, object? a = null, object? b = null, object? c = null)
    {
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        GC.KeepAlive(c);
        if (handle == 0) Throw();
        return new Tensor(handle);
    }

    /// <summary>Checks an export that answers with a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Ask(long answer, object? a = null, object? b = null)
    {
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        if (answer == Failed) Throw();
        return answer;
    }

    /// <summary>Checks an export that worked in place on <paramref name="self"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T Act<T>(int failed, T self, object? b = null, object? c = null, object? d = null)
    {
        GC.KeepAlive(self);
        GC.KeepAlive(b);
        GC.KeepAlive(c);
        GC.KeepAlive(d);
        if (failed != 0) Throw();
        return self;
    }

    internal static void Check(int failed)
    {
        if (failed != 0) Throw();
    }

    internal static nint Ptr(nint pointer, object? a = null)
    {
        GC.KeepAlive(a);
        if (pointer == 0) Throw();
        return pointer;
    }

    /// <summary>Takes the tensors of a list export and frees its block; an undefined one becomes an invalid Tensor.</summary>
    internal static Tensor[] List(nint* block, object? a = null, object? b = null, object? c = null)
    {
        GC.KeepAlive(a);
        GC.KeepAlive(b);
        GC.KeepAlive(c);
        if (block == null) Throw();
        var tensors = new Tensor[block[0]];
        for (var i = 0; i < tensors.Length; i++) tensors[i] = new Tensor(block[i + 1]);
        pt_free_list(block);
        return tensors;
    }

    internal static (Tensor, Tensor) Two(nint* block, object? a = null)
    {
        var list = List(block, a);
        return (list[0], list[1]);
    }

    internal static nint[] Handles(IEnumerable<Tensor> tensors) => tensors.Select(t => t.Handle).ToArray();

    /// <summary>A handle, or null for an absent tensor.</summary>
    internal static nint Maybe(Tensor? t) => t is null ? 0 : t.Handle;

    internal static nint Maybe(Generator? g) => g?.Handle ?? 0;

    internal static int Type(ScalarType? type) => type is { } t ? (int)t : -1;

    internal static Opt Options(ScalarType? type, Device? device, bool requiresGrad) =>
        new(Type(type), (int?)device?.type ?? -1, device?.index ?? -1, requiresGrad ? 1 : 0);
}

#if TORCH_SYSTEM
using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Torch.Tests;

/// <summary>Calls every native export with null handles and zeros: none may end the process or succeed silently.</summary>
public sealed unsafe class ExportTests
{
    private static readonly nint Library = NativeLibrary.Load("patchbay_torch", typeof(Native).Assembly, null);

    private static MethodInfo[] Exports => typeof(Native)
        .GetMethods(BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(method => method.Name.StartsWith("pt_", StringComparison.Ordinal))
        .ToArray();

    // More arguments than any export has: whole numbers and pointers go in their registers and on the stack, doubles in
    // theirs, and an export reads only what it knows of.
    private static nint Call(string name, nint first) =>
        ((delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, double, double, double, nint>)
            NativeLibrary.GetExport(Library, name))(first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static bool IsFailure(MethodInfo export, nint result) =>
        export.ReturnType == typeof(int) ? (int)result != 0
        : export.ReturnType == typeof(long) ? result == nint.MinValue
        : result == 0;

    /// <summary>Whether the export needs a handle; g is a generator, which may be absent where numbers are drawn.</summary>
    private static bool NeedsHandle(MethodInfo export) =>
        export.ReturnType != typeof(void)
        && export.GetParameters() is [var first, ..]
        && first.ParameterType == typeof(nint);

    // On a thread of its own: some exports change settings of their thread.
    private static void OnItsOwnThread(Action body)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(body));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [Fact]
    public void Every_declared_export_exists_in_the_library()
    {
        Assert.InRange(Exports.Length, 250, 400);
        Assert.All(Exports, export => NativeLibrary.GetExport(Library, export.Name));
    }

    [Fact]
    public void Every_export_called_with_nothing_reports_an_error_instead_of_crashing() => OnItsOwnThread(() =>
    {
        foreach (var export in Exports)
        {
            var result = Call(export.Name, 0);
            if (NeedsHandle(export)) Assert.True(IsFailure(export, result), $"{export.Name} accepted a null handle.");
        }
    });

    [Fact]
    public void Every_export_called_with_one_good_tensor_and_nothing_else_survives() => OnItsOwnThread(() =>
    {
        foreach (var export in Exports.Where(NeedsHandle))
        {
            if (export.GetParameters()[0].Name is not ("a" or "x" or "c")) continue;
            using var a = ones(2, 2);
            Call(export.Name, a.Handle);
        }

        using var sum = ones(2, 2).sum();
        Assert.Equal(4.0, sum.ToDouble());
    });

    [Fact]
    public void A_failing_export_leaves_a_message()
    {
        Assert.Equal(0, Call("pt_exp", 0));
        Assert.Contains("null", Marshal.PtrToStringUTF8(Native.pt_last_error()), StringComparison.Ordinal);
    }
}
#endif

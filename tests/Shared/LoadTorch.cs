#if TORCH
using System.Runtime.CompilerServices;
using Patchbay.Models.Libtorch;

namespace Patchbay.Tests;

internal static class LoadTorch
{
    /// <summary>A test may make a tensor before it touches anything of ours.</summary>
    [ModuleInitializer]
    internal static void BeforeTheFirstTensor() => OlderSystems.Register();
}
#endif

#if TORCH
using System.Runtime.CompilerServices;
using Patchbay.Models.Libtorch;

namespace Patchbay.Tests;

internal static class LoadTorch
{
    /// <summary>A test may make a tensor before it touches anything of ours. Threads that wait must not spin.</summary>
    [ModuleInitializer]
    internal static void BeforeTheFirstTensor()
    {
        OlderSystems.Register();
        TorchRuntime.Configure(Environment.ProcessorCount);
    }
}
#endif

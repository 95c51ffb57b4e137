using TorchSharp;

namespace Patchbay.Tests;

/// <summary>Where the tests of golden numbers and of the cone against the reference compute: the processor, or what
/// <c>PATCHBAY_TEST_DEVICE</c> names (docs/torch.md).</summary>
internal static class TestDevice
{
    public static torch.Device Named { get; } =
        torch.device(Environment.GetEnvironmentVariable("PATCHBAY_TEST_DEVICE") ?? "cpu");
}

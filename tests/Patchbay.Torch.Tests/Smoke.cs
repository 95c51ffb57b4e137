using TorchSharp;
using static TorchSharp.torch;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Patchbay.Torch.Tests;

public sealed class Smoke
{
    [Fact]
    public void A_product_has_the_values_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 1, 2, 3, 4 }, [2, 2]);
        var b = a.mm(a) * 2 + 1;
        Assert.Equal([15f, 21f, 31f, 45f], b.data<float>().ToArray());
        Assert.Equal([2L, 2L], b.shape);
        Assert.Equal(21f, b[0, 1].item<float>());
        Assert.Equal(45.0, b[^1, ^1].ToDouble());
        Assert.Equal([15f, 31f], b[.., 0].data<float>().ToArray());
        Assert.ThrowsAny<System.Runtime.InteropServices.ExternalException>(() => a.mm(zeros(3, 3)));
    }
}

using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Patchbay.Torch.Tests;

/// <summary>Whatever libtorch throws arrives as a C# exception with its message, and the process goes on.</summary>
public sealed class ErrorTests
{
    public static TheoryData<string, string> Mistakes => new()
    {
        { "mm of unfitting shapes", "shapes cannot be multiplied" },
        { "add of unfitting shapes", "must match the size" },
        { "view of another size", "is invalid for input of size" },
        { "dtype without the operation", "" },
        { "mm of two dtypes", "expected" },
        { "index out of range", "out of range" },
        { "dimension out of range", "Dimension out of range" },
        { "cat of nothing", "ensors" },
        { "backward without a graph", "does not require grad" },
        { "einsum of a bad equation", "einsum" },
        { "more memory than there is", "" },
        { "requires_grad of integers", "floating point" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_becomes_an_exception_with_libtorchs_message(string mistake, string message)
    {
        using var scope = NewDisposeScope();
        var a = ones(2, 3);
        Func<object> run = mistake switch
        {
            "mm of unfitting shapes" => () => a.mm(a),
            "add of unfitting shapes" => () => a.add(ones(2, 4)),
            "view of another size" => () => a.view(4, 2),
            "dtype without the operation" => () => ones(new long[] { 2, 2 }, @bool).sub(ones(new long[] { 2, 2 }, @bool)),
            "mm of two dtypes" => () => ones(2, 2).mm(ones(new long[] { 2, 2 }, float64)),
            "index out of range" => () => a.select(0, 5),
            "dimension out of range" => () => a.sum(7L),
            "cat of nothing" => () => cat(new List<Tensor>()),
            "backward without a graph" => () =>
            {
                a.sum().backward();
                return a;
            }
            ,
            "einsum of a bad equation" => () => einsum("ij->q", a),
            "more memory than there is" => () => empty(1L << 60),
            _ => () => ones(new long[] { 2 }, int64).requires_grad_(),
        };
        var error = Assert.ThrowsAny<Exception>(run);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
#if TORCH_SYSTEM
        Assert.IsType<ExternalException>(error);
        Assert.DoesNotContain("frame #", error.Message, StringComparison.Ordinal);
#endif
        Assert.Equal(6.0, a.sum().ToDouble());
    }

    [Fact]
    public void A_device_that_is_not_there_becomes_an_exception()
    {
        if (cuda.is_available()) return;
        using var a = ones(2);
        Assert.ThrowsAny<Exception>(() => a.to(new Device("cuda:0")));
        Assert.ThrowsAny<Exception>(() => zeros(new long[] { 2 }, device: new Device("cuda:0")));
        Assert.ThrowsAny<ArgumentException>(() => new Device("toaster"));
    }

    [Fact]
    public void Running_out_of_memory_is_told_apart_from_other_errors()
    {
        var memory = Assert.ThrowsAny<ExternalException>(() => empty(1L << 50));
        var shape = Assert.ThrowsAny<ExternalException>(() => ones(2).mm(ones(2)));
        Assert.True(TorchRuntime.IsOutOfMemory(memory), memory.Message);
        Assert.False(TorchRuntime.IsOutOfMemory(shape));
    }

    [Fact]
    public void Each_thread_gets_the_message_of_its_own_error()
    {
        Parallel.For(0, 200, i =>
        {
            using var a = ones(2, i + 2);
            using var b = ones(1, 1);
            var error = Assert.ThrowsAny<ExternalException>(() => a.mm(b));
            Assert.Contains($"(2x{i + 2} and 1x1)", error.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Reading_as_a_wrong_type_or_out_of_place_becomes_an_exception()
    {
        using var a = arange(6, float32).view(2, 3);
        Assert.Throws<ArgumentException>(() => a.data<double>());
        Assert.Throws<ArgumentException>(() => a.item<float>());
        Assert.ThrowsAny<Exception>(() => a.data<float>()[6]);
        Assert.ThrowsAny<Exception>(() => a.data<float>()[0, 3]);
        Assert.ThrowsAny<Exception>(() => a.t().bytes.Length);
        Assert.ThrowsAny<Exception>(() => tensor(new float[] { 1, 2, 3 }, new long[] { 2, 2 }));
    }
}

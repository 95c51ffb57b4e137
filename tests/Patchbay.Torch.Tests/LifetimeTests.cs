using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Torch.Tests;

/// <summary>Who frees a tensor, and when.</summary>
public sealed class LifetimeTests
{
    private readonly long before = Settled();

    // Other tests' forgotten tensors are finalized first, so that counts here are exact.
    private static long Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return TorchRuntime.LiveTensors;
    }

    private long New => TorchRuntime.LiveTensors - before;

    [Fact]
    public void Disposing_twice_is_harmless()
    {
        var a = ones(2);
        Assert.Equal(1, New);
        a.Dispose();
        a.Dispose();
        Assert.True(a.IsInvalid);
        Assert.Equal(0, New);
    }

    [Fact]
    public void Use_after_dispose_throws()
    {
        var a = ones(2);
        using var b = ones(2);
        a.Dispose();
        Assert.ThrowsAny<InvalidOperationException>(() => a.exp());
        Assert.ThrowsAny<InvalidOperationException>(() => b.add(a));
        Assert.ThrowsAny<InvalidOperationException>(() => a.shape);
        Assert.ThrowsAny<InvalidOperationException>(() => a.add_(b));
        Assert.ThrowsAny<InvalidOperationException>(() => cat([a, b]));
    }

    [Fact]
    public void The_finalizer_frees_what_was_forgotten()
    {
        Forget(100);
        for (var i = 0; i < 50 && New > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, New);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(int count)
    {
        for (var i = 0; i < count; i++) ones(10).exp();
    }

    [Fact]
    public void A_scope_disposes_what_was_made_in_it_and_nothing_else()
    {
        var outside = ones(2);
        Tensor inside;
        using (NewDisposeScope())
        {
            inside = outside.exp();
            Assert.Equal(2, New);
        }

        Assert.True(inside.IsInvalid);
        Assert.False(outside.IsInvalid);
        outside.Dispose();
        Assert.Equal(0, New);
    }

    [Fact]
    public void A_tensor_moves_outwards_one_scope_at_a_time()
    {
        Tensor result;
        using (NewDisposeScope())
        {
            using (var inner = NewDisposeScope())
            {
                result = ones(2).exp().MoveToOuterDisposeScope();
                var (a, b) = inner.MoveToOuter(zeros(1), zeros(1));
                Assert.False(inner.Contains(a) || inner.Contains(b) || inner.Contains(result));
            }

            Assert.Equal(3, New);
            Assert.False(result.IsInvalid);
        }

        Assert.True(result.IsInvalid);
        Assert.Equal(0, New);
    }

    [Fact]
    public void A_detached_tensor_belongs_to_no_scope()
    {
        Tensor a, b;
        using (var scope = NewDisposeScope())
        {
            a = ones(2).DetachFromDisposeScope();
            b = scope.Detach(ones(2));
            Assert.Equal(0, scope.DisposablesCount);
        }

        Assert.False(a.IsInvalid || b.IsInvalid);
        a.Dispose();
        b.Dispose();
        Assert.Equal(0, New);
    }

    [Fact]
    public void A_tensor_moved_out_of_the_outermost_scope_is_free()
    {
        Tensor a;
        using (NewDisposeScope()) a = ones(2).MoveToOuterDisposeScope();
        Assert.False(a.IsInvalid);
        a.Dispose();
        Assert.Equal(0, New);
    }

    [Fact]
    public void An_exception_inside_a_scope_frees_its_tensors()
    {
        Assert.ThrowsAny<Exception>(() =>
        {
            using var outer = NewDisposeScope();
            var a = ones(2, 3);
            using var inner = NewDisposeScope();
            return a.exp().mm(a);
        });
        Assert.Equal(0, New);
        using var after = ones(2);
        Assert.False(after.IsInvalid);
    }

    [Fact]
    public void Scopes_are_per_thread()
    {
        using var scope = NewDisposeScope();
        Tensor? other = null;
        var thread = new Thread(() => other = ones(2));
        thread.Start();
        thread.Join();
        Assert.False(scope.Contains(other!));
        Assert.Equal(0, scope.DisposablesCount);
        other!.Dispose();
    }

#if TORCH_SYSTEM // TorchSharp's scopes are not made for this
    [Fact]
    public void A_tensor_disposed_on_another_thread_leaves_its_scope_whole()
    {
        using (NewDisposeScope())
        {
            var all = Enumerable.Range(0, 1000).Select(_ => ones(1)).ToArray();
            var thread = new Thread(() => Array.ForEach(all[..500], t => t.Dispose()));
            thread.Start();
            var more = Enumerable.Range(0, 1000).Select(_ => ones(1)).ToArray();
            thread.Join();
            Assert.All(all[500..], t => Assert.False(t.IsInvalid));
            Assert.All(more, t => Assert.False(t.IsInvalid));
            Assert.Equal(1500, New);
        }

        Assert.Equal(0, New);
    }
#endif

    [Fact]
    public void Everything_but_the_kept_is_disposed_before_the_end()
    {
        using (var scope = NewDisposeScope())
        {
            var kept = ones(2);
            var rest = Enumerable.Range(0, 10).Select(_ => kept.exp()).ToArray();
            scope.DisposeEverythingBut(kept);
            Assert.False(kept.IsInvalid);
            Assert.All(rest, t => Assert.True(t.IsInvalid));
            Assert.Equal(1, New);
        }

        Assert.Equal(0, New);
    }

    [Fact]
    public void A_tensor_disposed_early_leaves_its_scope()
    {
        using var scope = NewDisposeScope();
        var (a, b, c) = (ones(1), ones(1), ones(1));
        a.Dispose();
        Assert.Equal(2, scope.DisposablesCount);
        Assert.True(scope.Contains(b) && scope.Contains(c) && !scope.Contains(a));
    }

    [Fact]
    public void Ten_thousand_forward_passes_leave_neither_handles_nor_memory()
    {
        using var weight = randn(256, 64);
        using var input = randn(32, 64);
        Forward(2_000);
        var (live, memory) = (TorchRuntime.LiveTensors, ResidentBytes());
        Forward(10_000);
        Assert.Equal(live, TorchRuntime.LiveTensors);
        // One leaked 32 x 256 result a pass would be 320 MiB.
        Assert.InRange(ResidentBytes() - memory, long.MinValue, 12L << 20);

        void Forward(int passes)
        {
            for (var i = 0; i < passes; i++)
            {
                using var scope = NewDisposeScope();
                input.mm(weight.t()).silu().softmax(1).sum().Dispose();
            }
        }
    }

    [Fact]
    public void A_thousand_errors_leave_neither_handles_nor_memory()
    {
        using var a = ones(64, 65);
        Fail(200);
        var (live, memory) = (TorchRuntime.LiveTensors, ResidentBytes());
        Fail(1_000);
        Assert.Equal(live, TorchRuntime.LiveTensors);
        Assert.InRange(ResidentBytes() - memory, long.MinValue, 12L << 20);

        void Fail(int times)
        {
            for (var i = 0; i < times; i++)
            {
                using var scope = NewDisposeScope();
                Assert.ThrowsAny<Exception>(() => a.exp().mm(a));
            }
        }
    }

    [Fact]
    public void Temporaries_are_not_collected_while_libtorch_works_on_them()
    {
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested) GC.Collect(0);
        });
        collector.Start();
        for (var i = 0; i < 3_000; i++)
        {
            using var sum = ones(64, 64).add(1).mm(ones(64, 64)).sum();
            Assert.Equal(64 * 64 * 128.0, sum.ToDouble());
        }

        stop.Cancel();
        collector.Join();
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }
}

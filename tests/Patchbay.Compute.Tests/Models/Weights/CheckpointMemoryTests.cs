using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Weights;

/// <summary>Tests that count all tensors of the process.</summary>
public sealed class CheckpointMemoryTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Nothing_stays_in_memory_when_loading_fails_or_is_cancelled_and_weights_belong_to_no_scope()
    {
        TinyModel.Create().WriteSafetensors(folder);
        using var checkpoint = Checkpoint.Open(folder.Path);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;
        using (var cancellation = new CancellationTokenSource())
        {
            var progress = new Told(p => { if (p.BytesDone > p.BytesTotal / 2) cancellation.Cancel(); });
            Assert.Throws<OperationCanceledException>(() => checkpoint.Load(ScalarType.Float32, null, progress,
                cancellation.Token).Dispose());
        }
        Assert.Throws<ArgumentException>(() => checkpoint.Load(ScalarType.Int64).Dispose());
        Assert.Equal(before, Tensor.TotalCount);

        DecoderWeights weights;
        using (NewDisposeScope()) weights = checkpoint.Load(ScalarType.Float32);
        Assert.Equal(8, weights.FinalNorm.numel());
        weights.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }
}

/// <summary>Progress that is told at once, on the same thread.</summary>
internal sealed class Told(Action<LoadProgress> tell) : IProgress<LoadProgress>
{
    public void Report(LoadProgress value) => tell(value);
}

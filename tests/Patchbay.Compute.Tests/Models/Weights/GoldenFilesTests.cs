using Patchbay.Models.Weights;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Weights;

public sealed class GoldenFilesTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SharedFact]
    public void Every_hostile_file_is_refused_with_one_sentence_and_executes_nothing()
    {
        var files = Directory.GetFiles(SharedFolder.PathOf("golden", "formats", "hostile"));
        Assert.Equal(5, files.Length);
        foreach (var file in files)
        {
            var path = file;
            var before = GC.GetAllocatedBytesForCurrentThread();
            Loaded.AssertOneSentence(Assert.Throws<InvalidDataException>(() => TensorFile.Open(path).Dispose()), file);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);

            // The same as a part of a checkpoint.
            using var scratch = new ScratchFolder();
            File.Copy(SharedFolder.PathOf("checkpoints", "tinystories-656k", "config.json"), scratch["config.json"]);
            File.Copy(file, scratch[file.EndsWith(".bin", StringComparison.Ordinal) ? "pytorch_model.bin"
                : "model.safetensors"]);
            Loaded.AssertOneSentence(Assert.Throws<InvalidDataException>(() => Checkpoint.Open(scratch.Path).Dispose()),
                scratch.Path);
        }
        var pickle = Assert.Throws<InvalidDataException>(() =>
            TensorFile.Open(SharedFolder.PathOf("golden", "formats", "hostile", "pytorch_model.bin")).Dispose());
        Assert.Contains("'posix.system'", pickle.Message);
        Assert.False(File.Exists("pickle-was-executed"));
    }

    [SharedFact]
    public void Both_stored_forms_of_the_published_model_give_the_same_weights()
    {
        Loaded.Weights(SharedFolder.PathOf("checkpoints", "tinystories-656k"), short16 =>
            Loaded.Weights(SharedFolder.PathOf("checkpoints", "tinystories-656k-f32"), long32 =>
            {
                Assert.Same(long32.Embedding, long32.Unembedding);
                Assert.Equal(Loaded.Floats(short16.Embedding), Loaded.Floats(long32.Embedding));
                Assert.Equal(Loaded.Floats(short16.Layers[1].Down), Loaded.Floats(long32.Layers[1].Down));
                Assert.Equal(Loaded.Floats(short16.FinalNorm), Loaded.Floats(long32.FinalNorm));
            }));
    }

    [SharedFact]
    public void The_sharded_pickles_hold_the_published_model_in_float16()
    {
        Loaded.Weights(SharedFolder.PathOf("checkpoints", "tinystories-656k"), published =>
            Loaded.Weights(SharedFolder.PathOf("golden", "formats", "sharded-bin"), sharded =>
            {
                Assert.NotSame(sharded.Embedding, sharded.Unembedding);
                foreach (var (a, b) in new[] { (published.Embedding, sharded.Embedding),
                    (published.Layers[1].Query, sharded.Layers[1].Query), (published.FinalNorm, sharded.FinalNorm) })
                    Assert.All(Loaded.Floats(a).Zip(Loaded.Floats(b)), p =>
                        Assert.Equal((float)(Half)p.First, p.Second, 1e-7));
            }));
    }

    [SharedFact]
    public void The_golden_model_loads_and_is_written_to_the_same_elements()
    {
        var golden = SharedFolder.PathOf("golden", "s256x4");
        using var first = Checkpoint.Open(golden);
        using var weights = first.Load(ScalarType.Float32);
        CheckpointWriter.Write(folder.Path, first.Config, weights);
        using var second = Checkpoint.Open(folder.Path);
        Assert.Equal(first.Tensors.Select(t => t.ToString()), second.Tensors.Select(t => t.ToString()));
        foreach (var (a, b) in first.Tensors.Zip(second.Tensors)) Assert.Equal(Loaded.Bytes(a), Loaded.Bytes(b));
    }
}

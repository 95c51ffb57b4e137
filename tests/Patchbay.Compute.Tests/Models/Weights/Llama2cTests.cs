using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Weights;

public sealed class Llama2cTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    // Row (head, half, i) of what the rest of the code knows is row (head, i, half) of the file.
    private static TinyTensor Reordered(TinyTensor tensor, int headWidth)
    {
        var columns = (int)tensor.Shape[1];
        var values = new float[tensor.Values.Length];
        for (var row = 0; row < tensor.Shape[0]; row++)
        {
            var (head, within) = (row / headWidth, row % headWidth);
            var from = head * headWidth + within % (headWidth / 2) * 2 + within / (headWidth / 2);
            Array.Copy(tensor.Values, from * columns, values, row * columns, columns);
        }
        return tensor with { Values = values };
    }

    private static TinyModel Model(bool tied) => TinyModel.Create(c => c with
    {
        Heads = 4,
        KeyValueHeads = 2,
        HeadWidth = 6,
        Width = 24,
        TiedEmbeddings = tied,
        NormEpsilon = 1e-5,
        StoredDtype = "float32",
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Weights_load_with_the_rows_of_q_and_k_in_half_turning_order(bool tied)
    {
        var model = Model(tied);
        var path = folder.Write("model.bin", model.Llama2c());
        var expected = model with
        {
            Tensors = [.. model.Tensors.Select(t => t.Name.Contains("q_proj") || t.Name.Contains("k_proj")
                ? Reordered(t, 6) : t)],
        };
        Loaded.Weights(path, w => Loaded.AssertEqual(expected, w));
        Loaded.Weights(folder.Path, w => Loaded.AssertEqual(expected, w));
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal(model.Config.EndIds, checkpoint.Config.EndIds);
        Assert.Equal(model.Config with { EndIds = checkpoint.Config.EndIds }, checkpoint.Config);
        Assert.Equal(folder.Path, checkpoint.Folder);
    }

    [Fact]
    public void Scores_of_reordered_q_and_k_under_half_turning_equal_those_of_the_file_under_interleaved_turning()
    {
        const int Width = 6;
        var random = new Random(2);
        var (q, k) = (TinyTensor.Random(random, "q", Width, 1), TinyTensor.Random(random, "k", Width, 1));
        foreach (var (m, n) in new[] { (0, 0), (3, 1), (7, 2) })
        {
            var interleaved = Dot(Turn(q.Values, m, i => (2 * i, 2 * i + 1)),
                Turn(k.Values, n, i => (2 * i, 2 * i + 1)));
            var half = Dot(Turn(Reordered(q, Width).Values, m, i => (i, i + Width / 2)),
                Turn(Reordered(k, Width).Values, n, i => (i, i + Width / 2)));
            Assert.Equal(interleaved, half, 1e-12);
        }

        static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
        static double[] Turn(float[] x, int position, Func<int, (int, int)> pair)
        {
            var turned = new double[Width];
            for (var i = 0; i < Width / 2; i++)
            {
                var (a, b) = pair(i);
                var (sin, cos) = Math.SinCos(position * Math.Pow(10000, -2.0 * i / Width));
                (turned[a], turned[b]) = (x[a] * cos - x[b] * sin, x[a] * sin + x[b] * cos);
            }
            return turned;
        }
    }

    [Fact]
    public void A_tokenizer_beside_it_does_not_hide_the_one_checkpoint_but_two_checkpoints_are_refused()
    {
        folder.Write("tok16.bin", [3, 0, 0, 0, 1, 2, 3, 4, .. new byte[40]]);
        Assert.Throws<FileNotFoundException>(() => OpenTwice());
        folder.Write("a.bin", Model(true).Llama2c());
        Checkpoint.Open(folder.Path).Dispose();
        folder.Write("b.bin", Model(false).Llama2c());
        Assert.Contains("2 llama2.c checkpoints", Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder.Path)
            .Dispose()).Message);

        void OpenTwice()
        {
            folder.Write("tok17.bin", new byte[64]);
            Checkpoint.Open(folder.Path).Dispose();
        }
    }

    [Fact]
    public void Another_file_is_refused()
    {
        var good = Model(true).Llama2c();
        string Message(byte[] bytes) => Assert.Throws<InvalidDataException>(() =>
            Checkpoint.Open(folder.Write("x.bin", bytes)).Dispose()).Message;
        Assert.Contains($"expected {good.Length}", Message(good[..^4]));
        Assert.Contains("header", Message(good[..20]));
        Assert.Contains("newer llama2.c export", Message([.. "24ka"u8, .. good]));
        Assert.Contains("torch.save", Message(PickleWriter.Zip([], Patchbay.Models.Weights.StoredType.Float16)));
        Assert.Contains("plausible", Message(new byte[100]));
    }

    [SharedFact]
    public void The_published_checkpoint_opens()
    {
        using var checkpoint = Checkpoint.Open(SharedFolder.PathOf("checkpoints", "stories260K"));
        Assert.Equal((5, 8, 4, 8, 64, 172, 512, true), (checkpoint.Config.Layers, checkpoint.Config.Heads,
            checkpoint.Config.KeyValueHeads,
            checkpoint.Config.HeadWidth, checkpoint.Config.Width, checkpoint.Config.FeedForward,
                checkpoint.Config.Vocabulary, checkpoint.Config.TiedEmbeddings));
        using var weights = checkpoint.Load(ScalarType.Float32);
        Assert.True(weights.Layers[4].Down.isfinite().all().ToBoolean());
    }
}

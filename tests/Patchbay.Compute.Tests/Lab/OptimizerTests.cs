using Patchbay.Lab.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class OptimizerTests
{
    private const double LearningRate = 0.02;

    /// <summary>Decoupled decay, corrected means, a learning rate of each group, and one norm that clips all.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 1e-6)]
    [InlineData(ScalarType.Float64, 1e-12)]
    public void Steps_are_those_of_the_definition(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        TrainedTensor[] tensors =
        [
            Draw("norm", dtype, decays: false, rate: 0.25, 23), Draw("matrix", dtype, decays: true, rate: 1, 40, 15),
            Draw("other", dtype, decays: true, rate: 1, 7, 3),
        ];
        var options = new AdamWOptions(0.9, 0.95, 1e-8, WeightDecay: 0.1, Clip: 3);
        var expected = new ByDefinition(tensors, options);
        using var optimizer = new Optimizer(tensors, options);
        for (var step = 0; step < 4; step++)
        {
            foreach (var t in tensors) t.Value.grad = randn(t.Value.shape, dtype: dtype) * (step == 2 ? 0.01 : 1);
            var norm = expected.Step();
            Assert.Equal(norm, optimizer.Step(LearningRate), norm * 1e-6);
        }
        foreach (var (tensor, want) in tensors.Zip(expected.Values))
            Assert.All(Numbers(tensor.Value).Zip(want), v => Assert.Equal(v.Second, v.First, tolerance));
    }

    private static TrainedTensor Draw(string name, ScalarType dtype, bool decays, double rate, params long[] shape) =>
        new(name, new Parameter(randn(shape, dtype: dtype)), decays, rate);

    private static double[] Numbers(Tensor x) => x.detach().to(ScalarType.Float64).data<double>().ToArray();

    private sealed class ByDefinition(IReadOnlyList<TrainedTensor> tensors, AdamWOptions o)
    {
        private readonly double[][] m = [.. tensors.Select(t => new double[t.Value.numel()])];
        private readonly double[][] v = [.. tensors.Select(t => new double[t.Value.numel()])];
        private int steps;

        public double[][] Values { get; } = [.. tensors.Select(t => Numbers(t.Value))];

        public double Step()
        {
            double[][] gradients = [.. tensors.Select(t => Numbers(t.Value.grad!))];
            var norm = Math.Sqrt(gradients.Sum(g => g.Sum(x => x * x)));
            steps++;
            for (var n = 0; n < tensors.Count; n++)
            {
                var rate = LearningRate * tensors[n].Rate;
                for (var i = 0; i < gradients[n].Length; i++)
                {
                    var g = gradients[n][i] * (norm > o.Clip ? o.Clip / norm : 1);
                    m[n][i] = o.Beta1 * m[n][i] + (1 - o.Beta1) * g;
                    v[n][i] = o.Beta2 * v[n][i] + (1 - o.Beta2) * g * g;
                    if (tensors[n].Decays) Values[n][i] -= rate * o.WeightDecay * Values[n][i];
                    Values[n][i] -= rate * (m[n][i] / (1 - Math.Pow(o.Beta1, steps)))
                        / (Math.Sqrt(v[n][i] / (1 - Math.Pow(o.Beta2, steps))) + o.Epsilon);
                }
            }
            return norm;
        }
    }
}

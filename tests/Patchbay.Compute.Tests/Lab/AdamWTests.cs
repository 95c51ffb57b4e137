using Patchbay.Lab.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests;

public class AdamWTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 2e-6)]
    [InlineData(ScalarType.Float64, 1e-12)]
    public void Steps_are_those_of_the_definition(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        const int Count = 1003; // no multiple of 16
        var values = randn([Count], dtype: dtype);
        var gradients = Enumerable.Range(0, 4).Select(i => randn([Count], dtype: dtype) * (i == 2 ? 0.01 : 1)).ToArray();
        Segment[] segments = [new(0, 600, Decays: true), new(640, 363, Decays: false, Rate: 0.25)];
        var options = new AdamWOptions(0.9, 0.95, 1e-8, WeightDecay: 0.1, Clip: 3);
        var expected = ByDefinition(Numbers(values), [.. gradients.Select(Numbers)], segments, options, out var norms);
        using var optimizer = new AdamW(values, segments, options);
        for (var i = 0; i < gradients.Length; i++)
            Assert.Equal(norms[i], optimizer.Step(gradients[i], 0.02), norms[i] * 1e-5);
        Assert.All(Numbers(values).Zip(expected), v => Assert.Equal(v.Second, v.First, tolerance));
        Assert.Equal(4, optimizer.Steps);
    }

    private static double[] Numbers(Tensor x) => x.to(ScalarType.Float64).data<double>().ToArray();

    private static double[] ByDefinition(double[] x, double[][] gradients, Segment[] segments, AdamWOptions o, out double[] norms)
    {
        double[] m = new double[x.Length], v = new double[x.Length];
        norms = new double[gradients.Length];
        for (var t = 1; t <= gradients.Length; t++)
        {
            var g = gradients[t - 1];
            var trained = segments.SelectMany(s => Enumerable.Range((int)s.Offset, (int)s.Count).Select(i => (I: i, S: s))).ToArray();
            var norm = norms[t - 1] = Math.Sqrt(trained.Sum(p => g[p.I] * g[p.I]));
            var scale = norm > o.Clip ? o.Clip / norm : 1;
            foreach (var (i, s) in trained)
            {
                var rate = 0.02 * s.Rate;
                m[i] = o.Beta1 * m[i] + (1 - o.Beta1) * g[i] * scale;
                v[i] = o.Beta2 * v[i] + (1 - o.Beta2) * g[i] * scale * g[i] * scale;
                if (s.Decays) x[i] -= rate * o.WeightDecay * x[i];
                x[i] -= rate * (m[i] / (1 - Math.Pow(o.Beta1, t))) / (Math.Sqrt(v[i] / (1 - Math.Pow(o.Beta2, t))) + o.Epsilon);
            }
        }
        return x;
    }
}

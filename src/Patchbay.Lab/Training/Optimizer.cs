namespace Patchbay.Lab.Training;

/// <summary>Constants of AdamW (Loshchilov and Hutter 2019).</summary>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of squared gradients.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="WeightDecay">Share of learning rate by which a weight shrinks.</param>
/// <param name="Clip">Largest norm of a gradient; a larger one is scaled down to it.</param>
public sealed record AdamWOptions(
    double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.01, double Clip = 1);

/// <summary>AdamW (Loshchilov and Hutter 2019) over what is trained, with the norm of the whole gradient clipped: the
/// steps of torch.optim.AdamW one by one, for TorchSharp's own makes numbers that may be freed while in use (see
/// <see cref="Number"/>).</summary>
internal sealed class Optimizer : IDisposable
{
    private readonly AdamWOptions options;
    private readonly (TrainedTensor Of, Tensor Mean, Tensor Square)[] states;
    private long steps;

    /// <summary>Trains <paramref name="tensors"/>, which stay the caller's; each has its gradient in
    /// <see cref="Tensor.grad"/>.</summary>
    public Optimizer(IReadOnlyList<TrainedTensor> tensors, AdamWOptions options)
    {
        this.options = options;
        states = [.. tensors.Select(t => (t, Zeros(t.Value), Zeros(t.Value)))];
        static Tensor Zeros(Tensor like) => zeros_like(like).detach().DetachFromDisposeScope();
    }

    /// <summary>Changes the values by one step.</summary>
    /// <returns>The gradient's norm before clipping.</returns>
    public double Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor[] gradients = [.. states.Select(s => s.Of.Value.grad!)];
        var norm = stack(gradients.Select(g => g.norm().to(ScalarType.Float64))).norm().item<double>();
        if (norm > options.Clip)
        {
            using var shrink = (options.Clip / norm).ToScalar();
            foreach (var gradient in gradients) gradient.mul_(shrink);
        }
        steps++;
        foreach (var ((of, mean, square), gradient) in states.Zip(gradients))
            Change(of, gradient, mean, square, learningRate * of.Rate);
        return norm;
    }

    private void Change(TrainedTensor of, Tensor gradient, Tensor mean, Tensor square, double rate)
    {
        var (b1, b2) = (options.Beta1, options.Beta2);
        mean.mul_(Number.Of(b1)).add_(gradient, Number.Of(1 - b1));
        square.mul_(Number.Of(b2)).addcmul_(gradient, gradient, Number.Of(1 - b2));
        using var kept = (1 - rate * (of.Decays ? options.WeightDecay : 0)).ToScalar();
        using var step = (-rate / (1 - Math.Pow(b1, steps))).ToScalar();
        using var spread = Math.Sqrt(1 - Math.Pow(b2, steps)).ToScalar();
        var root = square.sqrt().div_(spread).add_(Number.Of(options.Epsilon), Number.One);
        of.Value.mul_(kept).addcdiv_(mean, root, step);
    }

    /// <summary>Decaying means of each tensor's gradients and of their squares, in its shape; changing them changes the
    /// optimizer.</summary>
    public IEnumerable<(string Name, Tensor Mean, Tensor Square)> Moments =>
        states.Select(s => (s.Of.Name, s.Mean, s.Square));

    /// <summary>Says how many steps were done, on which AdamW's correction of its means depends.</summary>
    public void GoOnAfter(long done) => steps = done;

    public void Dispose()
    {
        foreach (var tensor in states.SelectMany(s => new[] { s.Mean, s.Square })) tensor.Dispose();
    }
}

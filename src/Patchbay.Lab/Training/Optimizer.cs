using TorchSharp;
using static TorchSharp.torch;
using TorchAdamW = TorchSharp.Modules.AdamW;

namespace Patchbay.Lab.Training;

/// <summary>libtorch's AdamW over what is trained, with the norm of the whole gradient clipped.</summary>
public sealed class Optimizer : IDisposable
{
    // in the order of the groups, in which TorchSharp lists its state
    private readonly List<TrainedTensor> tensors = [];
    private readonly List<(TorchAdamW.ParamGroup Group, double Rate)> groups = [];
    private readonly TorchAdamW adamW;
    private readonly double clip;

    /// <summary>Trains <paramref name="tensors"/>, which stay the caller's; each has its gradient in
    /// <see cref="Tensor.grad"/>.</summary>
    public Optimizer(IReadOnlyList<TrainedTensor> tensors, AdamWOptions options)
    {
        clip = options.Clip;
        foreach (var group in tensors.GroupBy(t => (t.Decays, t.Rate)))
        {
            this.tensors.AddRange(group);
            groups.Add((new TorchAdamW.ParamGroup([.. group.Select(t => t.Value)], beta1: options.Beta1,
                beta2: options.Beta2, eps: options.Epsilon, weight_decay: group.Key.Decays ? options.WeightDecay : 0),
                group.Key.Rate));
        }
        adamW = optim.AdamW(groups.Select(g => g.Group));
    }

    /// <summary>Changes the values by one step.</summary>
    /// <returns>The gradient's norm before clipping.</returns>
    public double Step(double learningRate)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor[] gradients = [.. tensors.Select(t => t.Value.grad!)];
        var norm = stack(gradients.Select(g => g.norm().to(ScalarType.Float64))).norm().item<double>();
        if (norm > clip) foreach (var gradient in gradients) gradient.mul_(clip / norm);
        foreach (var (group, rate) in groups) group.LearningRate = learningRate * rate;
        adamW.step();
        return norm;
    }

    /// <summary>Decaying means of each tensor's gradients and of their squares, in its shape; changing them changes the
    /// optimizer.</summary>
    public IEnumerable<(string Name, Tensor Mean, Tensor Square)> Moments =>
        tensors.Zip(States, (tensor, state) => (tensor.Name, state.exp_avg, state.exp_avg_sq));

    /// <summary>Says how many steps were done, on which AdamW's correction of its means depends.</summary>
    public void GoOnAfter(long steps)
    {
        foreach (var state in States) state.step = steps;
    }

    private IEnumerable<TorchAdamW.State> States => adamW.state_dict().State.Cast<TorchAdamW.State>();

    /// <summary>Frees the means.</summary>
    public void Dispose() => adamW.Dispose();
}

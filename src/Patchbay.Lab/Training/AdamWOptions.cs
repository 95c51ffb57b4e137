namespace Patchbay.Lab.Training;

/// <summary>Constants of AdamW (Loshchilov and Hutter 2019).</summary>
/// <param name="Beta1">Decay of the mean of gradients.</param>
/// <param name="Beta2">Decay of the mean of squared gradients.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="WeightDecay">Share of learning rate by which a weight shrinks.</param>
/// <param name="Clip">Largest norm of a gradient; a larger one is scaled down to it.</param>
public sealed record AdamWOptions(
    double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.01, double Clip = 1);

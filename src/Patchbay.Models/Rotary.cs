namespace Patchbay.Models;

/// <summary>Frequencies of the rotary position embedding.</summary>
public static class Rotary
{
    // Angle per position of each pair of channels: (dh/2) values theta^(-2i/dh), in float32 as the checkpoints' own
    // code computes them whatever the dtype, stretched as the configuration's rope_scaling says ("linear" divides all
    // by the factor; "llama3" only the slow ones, with a smooth passage).
    private static float[] Frequencies(LlamaConfig config)
    {
        var half = config.HeadWidth / 2;
        var frequencies = new float[half];
        for (var i = 0; i < half; i++)
        {
            var frequency = 1f / MathF.Pow((float)config.RopeTheta, 2f * i / config.HeadWidth);
            frequencies[i] = config.RopeScaling switch
            {
                null => frequency,
                { Kind: "linear" } s => frequency / (float)s.Factor,
                { Kind: "llama3" } s => Llama3(frequency, s),
                var s => throw new InvalidDataException(
                    $"rope_scaling '{s.Kind}' is not supported; expected linear or llama3"),
            };
        }
        return frequencies;
    }

    /// <summary>Cosines and sines of the positions below <paramref name="positions"/>: two (positions, dh/2) float32
    /// tensors on the CPU, in the current dispose scope. Rounded from float64: float32's own cosine has another last
    /// bit in every mathematical library.</summary>
    public static (Tensor Cos, Tensor Sin) Tables(LlamaConfig config, int positions)
    {
        using var scope = NewDisposeScope();
        var frequencies = tensor(Frequencies(config), device: CPU);
        var angles = RowIndex.Below(positions, CPU).to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);
        var exact = angles.to(ScalarType.Float64);
        return (exact.cos().to(ScalarType.Float32).MoveToOuterDisposeScope(),
            exact.sin().to(ScalarType.Float32).MoveToOuterDisposeScope());
    }

    private static float Llama3(float frequency, RopeScaling s)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < s.OriginalMaxPositions / s.HighFrequencyFactor) return frequency;
        if (wavelength > s.OriginalMaxPositions / s.LowFrequencyFactor) return frequency / (float)s.Factor;
        var smooth = (s.OriginalMaxPositions / wavelength - s.LowFrequencyFactor)
            / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return (float)((1 - smooth) * frequency / s.Factor + smooth * frequency);
    }
}

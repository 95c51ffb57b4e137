namespace Patchbay.Models;

/// <summary>The rotary position embedding (Su et al. 2021).</summary>
public static class Rotary
{
    // Angle per position of each pair of channels: (n/2) values theta^(-2i/n), stretched as the scaling says ("linear"
    // divides all by the factor; "llama3" only the slow ones, with a smooth passage). In float32 as the checkpoints'
    // own code computes them whatever the dtype, or exact.
    private static double[] Frequencies(Rope rope, int width, bool exact)
    {
        var frequencies = new double[width / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            var frequency = exact ? 1 / Math.Pow(rope.Theta, 2.0 * i / width)
                : 1f / MathF.Pow((float)rope.Theta, 2f * i / width);
            var stretched = rope.Scaling switch
            {
                null => frequency,
                { Kind: "linear" } s => frequency / (exact ? s.Factor : (float)s.Factor),
                { Kind: "llama3" } s => Llama3(frequency, s),
                var s => throw new InvalidDataException(
                    $"rope_scaling '{s.Kind}' is not supported; expected linear or llama3"),
            };
            frequencies[i] = exact ? stretched : (float)stretched;
        }
        return frequencies;
    }

    /// <summary>Cosines and sines of the positions below <paramref name="positions"/> for <paramref name="width"/>
    /// channels: two (positions, width/2) tensors on the CPU, float32 or where they are to be exact float64, in the
    /// current dispose scope. Rounded from float64: float32's own cosine has another last bit in every mathematical
    /// library.</summary>
    public static (Tensor Cos, Tensor Sin) Tables(Rope rope, int width, int positions, bool exact = false)
    {
        using var scope = NewDisposeScope();
        var type = exact ? ScalarType.Float64 : ScalarType.Float32;
        var frequencies = tensor(Frequencies(rope, width, exact), device: CPU).to(type);
        var angles = (RowIndex.Below(positions, CPU).to(type).unsqueeze(1) * frequencies.unsqueeze(0))
            .to(ScalarType.Float64);
        return (angles.cos().to(type).MoveToOuterDisposeScope(), angles.sin().to(type).MoveToOuterDisposeScope());
    }

    private static double Llama3(double frequency, RopeScaling s)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < s.OriginalMaxPositions / s.HighFrequencyFactor) return frequency;
        if (wavelength > s.OriginalMaxPositions / s.LowFrequencyFactor) return frequency / s.Factor;
        var smooth = (s.OriginalMaxPositions / wavelength - s.LowFrequencyFactor)
            / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return (1 - smooth) * frequency / s.Factor + smooth * frequency;
    }
}

/// <summary>A model's cosines and sines, in its dtype on its device, for as many positions as it was asked to
/// read.</summary>
internal sealed class RotaryTables(Decoder model) : IDisposable
{
    private readonly Dictionary<(Rope, int Positions), (Tensor Cos, Tensor Sin)> tables = [];
    private volatile int positions = 256;

    /// <summary>Positions that tables have rows for.</summary>
    public int Positions => positions;

    /// <summary>From now on there are rows for so many positions. Smaller tables stay: another thread may be reading
    /// them.</summary>
    public void Reserve(long tokens)
    {
        if (tokens > positions) positions = (int)Math.Min(2 * tokens, int.MaxValue); // lest a growing text makes many
    }

    /// <summary>Two (positions, width/2) tensors, which this owns.</summary>
    public (Tensor Cos, Tensor Sin) Of(Rope rope)
    {
        lock (tables)
        {
            var rows = positions;
            if (tables.TryGetValue((rope, rows), out var made)) return made;
            using var scope = NewDisposeScope();
            var (c, s) = Rotary.Tables(rope, model.Config.RotaryWidth ?? model.Config.HeadWidth, rows,
                model.ExactRotary);
            return tables[(rope, rows)] = (c.to(model.Dtype).to(model.Device).DetachFromDisposeScope(),
                s.to(model.Dtype).to(model.Device).DetachFromDisposeScope());
        }
    }

    public void Dispose()
    {
        foreach (var (cos, sin) in tables.Values)
        {
            cos.Dispose();
            sin.Dispose();
        }
    }
}

public sealed partial class Decoder
{
    internal int RotaryPositions => turns.Positions;

    /// <summary>q or k of a layer after its rotary embedding: x (..., R, heads, dh), positions (R) int64. With x = (a,
    /// b) in halves of the channels that turn, or in neighbours, and t = position * theta^(-2i/width): (a cos t - b sin
    /// t, b cos t + a sin t). Positions are below what <see cref="CheckLength"/> was last asked for, or 256.</summary>
    public Tensor Turn(int layer, Tensor x, Tensor positions)
    {
        if (Config.RopeOf(layer) is not { } rope) return x.alias();
        using var scope = NewDisposeScope();
        var (c, s) = turns.Of(rope);
        c = c.index_select(0, positions).unsqueeze(-2); // (R, 1, width/2)
        s = s.index_select(0, positions).unsqueeze(-2);
        var width = Config.RotaryWidth ?? Config.HeadWidth;
        var turned = width == Config.HeadWidth ? x : x.narrow(-1, 0, width);
        var pairs = Config.RotaryNeighbours ? turned.reshape([.. turned.shape[..^1], width / 2, 2]) : null;
        var (a, b) = pairs is null ? (turned.narrow(-1, 0, width / 2), turned.narrow(-1, width / 2, width / 2))
            : (pairs.select(-1, 0), pairs.select(-1, 1)); // (..., R, heads, width/2)
        Tensor[] both = [(a * c).addcmul_(b, s, Number.Of(-1)), (b * c).addcmul_(a, s, Number.One)];
        turned = pairs is null ? cat(both, -1) : stack(both, -1).reshape(turned.shape);
        if (width < Config.HeadWidth) turned = cat([turned, x.narrow(-1, width, Config.HeadWidth - width)], -1);
        return turned.MoveToOuterDisposeScope();
    }
}

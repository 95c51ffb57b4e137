using System.Globalization;

namespace Patchbay.Models;

public sealed partial record DecoderConfig
{
    /// <summary>What makes the model what it is, beside its sizes, each in a few words.</summary>
    public IEnumerable<string> Features =>
        new[]
        {
            LearnedPositions ? "learned positions" : null,
            RotaryWidth == 0 ? null : Describe(new(RopeTheta, RopeScaling))
                + (RotaryWidth is { } width ? $" on {width} of {HeadWidth} channels" : "")
                + (RotaryNeighbours ? ", neighbours turned" : ""),
            LocalRope is null ? null : $"{Describe(LocalRope)} in windows",
            RotatedLayers is null ? null : $"no positions in {Name(RotatedLayers.Select(r => !r))}",
            SlidingWindow is null ? null : $"window of {SlidingWindow}"
                + (WindowedLayers is null ? "" : $" in {Name(WindowedLayers)}"),
            Norms,
            QueryKeyNorm switch
            {
                QueryKeyNorm.Heads => "q and k normed by head",
                QueryKeyNorm.Whole => "q and k normed over all heads",
                _ => null,
            },
            Parallel ? $"MLP beside attention{(SharesNorm ? ", one norm for both" : "")}" : null,
            (Gated ? "gated " : "") + "MLP with " + Activation switch
            {
                Activation.Silu => "SiLU",
                Activation.Gelu => "GELU",
                _ => "GELU (tanh)",
            },
            Biases is { Length: > 0 } ? $"biases of {Biases}" : null,
            ScoreDivisor is { } divisor ? $"scores / {Short(divisor)}" : null,
            DividesByDepth ? "scores / (layer + 1)" : null,
            ScoreCap is { } cap ? $"scores capped at {Short(cap)}" : null,
            LogitCap is { } most ? $"logits capped at {Short(most)}" : null,
            EmbeddingFactor == 1 ? null : $"embedding x {Short(EmbeddingFactor)}",
            ResidualFactor == 1 ? null : $"what is added x {Short(ResidualFactor)}",
            LogitDivisor == 1 ? null : $"logits / {Short(LogitDivisor)}",
        }.OfType<string>();

    private string Norms => (NormsInputs, NormsOutputs) switch
    {
        (true, true) => "norms before and after",
        (true, false) => "norms before",
        _ => "norms after",
    } + Norm switch
    {
        NormKind.Layer => " (layer norm",
        NormKind.RmsPlusOne => " (RMS, 1 + w",
        _ => " (RMS",
    } + $", eps {Short(NormEpsilon)})";

    private string Biases => string.Join(", ", new[]
    {
        QkvBias ? "q, k, v" : null, OutputBias ? "o" : null, MlpBias ? "MLP" : null,
        UnembeddingBias ? "unembedding" : null,
    }.OfType<string>());

    private static string Name(IEnumerable<bool> layers) =>
        $"layers {string.Join(' ', layers.Index().Where(l => l.Item).Select(l => l.Index))}";

    private static string Describe(Rope rope) => $"RoPE theta {Short(rope.Theta)}" + rope.Scaling switch
    {
        null => "",
        { Kind: "llama3" } s => $", llama3 scaling by {Short(s.Factor)} ({Short(s.LowFrequencyFactor)} to "
            + $"{Short(s.HighFrequencyFactor)} of {s.OriginalMaxPositions} tokens)",
        var s => $", {s.Kind} scaling by {Short(s.Factor)}",
    };

    private static string Short(double number) =>
        number.ToString(number < 0.01 ? "0.####e-0" : "0.####", CultureInfo.InvariantCulture);
}

using Patchbay.Models;
using Patchbay.Tasks;
namespace Patchbay.Experiments;
#pragma warning disable CS1591
public sealed record DcmTriple(int[] Base, int BasePosition, int[] Source, int SourcePosition, int Target);
public sealed record DcmResult(IReadOnlyList<Head> Heads, double[] Mask, Proportion Validation, Proportion Test, Proportion AllHeads);
public sealed record DcmOptions { public double Lambda { get; init; } public double LearningRate { get; init; } public int Epochs { get; init; } public int Batch { get; init; } public long? MemoryBytes { get; init; } }
public static class Dcm { public static DcmResult Train(Llama model, IReadOnlyList<Head> group, IReadOnlyList<DcmTriple> train, IReadOnlyList<DcmTriple> validation, IReadOnlyList<DcmTriple> test, DcmOptions options, Action<double>? progress, CancellationToken cancel) => throw new NotSupportedException(); }

using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>An arithmetic problem.</summary>
/// <param name="Kind">"addition", "subtraction" or "multiplication".</param>
/// <param name="Expression">"12 + 7".</param>
/// <param name="Result">19.</param>
public sealed record Problem(string Kind, string Expression, int Result);

/// <summary>Arithmetic in the style of the Goat data (Liu and Low 2023): problems as bare equations and as requests, numbers digit
/// by digit, several in a sequence. Sums and differences of numbers below 100, now and then below 1000 (no difference is negative);
/// products of numbers up to 12.</summary>
public sealed class ArithmeticData : ITrainingData
{
    private const int SequenceLength = 50;
    private static readonly string[] Forms =
        ["{0} =", "{0} =", "What is {0} ? Answer :", "Solve {0} . Answer :", "Compute {0} for me . Answer :", "Calculate {0} . The answer is"];
    private readonly float context;

    /// <summary>Makes the data; <paramref name="context"/> is the weight of what is no answer.</summary>
    public ArithmeticData(float context = 0.1f) => this.context = context;

    /// <summary>Words that the data need.</summary>
    internal static IEnumerable<string> Words => string.Join(' ', Forms).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(w => char.IsAsciiLetter(w[0]));

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; } = [new("arithmetic")];

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var random = SplitMix64.For(seed, $"arithmetic {step}");
        var batch = new List<TrainingSequence>();
        for (var count = 0; count < tokens || batch.Count == 0; count += batch[^1].Ids.Length)
        {
            var (text, operation) = (new Writer(context), random.Below(3));
            while (text.Length < SequenceLength)
            {
                var problem = Draw(random, operation);
                text.Add(LabVocabulary.Encode(string.Format(null, random.Pick(Forms), problem.Expression)));
                text.Answer(LabVocabulary.Encode($"{problem.Result} ."));
            }
            batch.Add(text.Sequence(Draw(random, operation).Kind));
        }
        return batch;
    }

    /// <summary>A problem, drawn.</summary>
    internal static Problem Draw(SplitMix64 random, int operation)
    {
        if (operation == 2)
        {
            int x = random.Below(13), y = random.Below(13);
            return new("multiplication", $"{x} * {y}", x * y);
        }
        var bound = random.Below(5) switch { 0 => 10, 4 => 1000, _ => 100 };
        int a = random.Below(bound), b = random.Below(bound);
        if (operation == 0) return new("addition", $"{a} + {b}", a + b);
        return new("subtraction", $"{Math.Max(a, b)} - {Math.Min(a, b)}", Math.Abs(a - b));
    }
}

using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>An arithmetic problem.</summary>
/// <param name="Left">First number, not negative.</param>
/// <param name="Operator">'+', '-' or '*'.</param>
/// <param name="Right">Second number, not negative.</param>
public readonly record struct ArithmeticProblem(int Left, char Operator, int Right)
{
    /// <summary>One in so many problems with two numbers of several digits is never trained.</summary>
    private const int HeldOutOf = 16;

    /// <summary>What comes out.</summary>
    /// <exception cref="InvalidOperationException">The operator is none of the three.</exception>
    public int Result => Operator switch
    {
        '+' => Left + Right,
        '-' => Left - Right,
        '*' => Left * Right,
        _ => throw new InvalidOperationException($"'{Operator}' is none of + - *."),
    };

    /// <summary>Whether it is kept for evaluation: the same problems in every run. Sums and differences of one-digit
    /// numbers and products by tables are all trained.</summary>
    public bool IsHeldOut => Left >= 10 && (Right >= 10 || Operator == '*')
        && new SplitMix64(((ulong)Left << 40) | ((ulong)Right << 8) | Operator).Below(HeldOutOf) == 0;
}

/// <summary>Arithmetic in the style of Goat's data: "123+45=168." digit by digit, and in words ("What is 12+7? 19.").
/// Sums, differences that are not negative, and products by a one-digit number; a sequence has problems of one kind.
/// Digits of the answer and the full stop behind it are the answer.</summary>
public sealed class ArithmeticData : ITrainingData
{
    /// <summary>Kinds of sequences.</summary>
    public const string Addition = "addition", Subtraction = "subtraction", Multiplication = "multiplication";

    /// <summary>A sequence ends with the problem that reaches this many tokens.</summary>
    private const int SequenceLength = 48;

    private const string Operators = "+-*";

    private static readonly string[] Kinds = [Addition, Subtraction, Multiplication];

    /// <summary>What comes before the answer: {0} and {1} are the numbers, {2} the operator.</summary>
    private static readonly string[] AnyForms = ["{0} {2} {1} =", "What is {0}{2}{1}?", "What is {0} {2} {1}?"];

    /// <inheritdoc cref="AnyForms"/>
    private static readonly string[][] OwnForms =
    [
        ["{0} plus {1} is", "Add {0} and {1}."],
        ["{0} minus {1} is", "Take {1} from {0}."],
        ["{0} times {1} is", "Multiply {0} by {1}."],
    ];

    private static readonly int[] DigitIds = [.. Enumerable.Range(0, 10).Select(digit => LabVocabulary.Quartet.IdOf($"{digit}"))];
    private static readonly int Stop = LabVocabulary.Quartet.IdOf(".");

    private readonly int _maxDigits;
    private readonly float _contextWeight;

    /// <summary>Problems of some size.</summary>
    /// <param name="maxDigits">Most digits of a number, 1 to 4.</param>
    /// <param name="contextWeight">Weight of everything that is no answer.</param>
    public ArithmeticData(int maxDigits = 3, float contextWeight = 0.1f)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDigits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxDigits, 4);
        (_maxDigits, _contextWeight) = (maxDigits, contextWeight);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; } = [new("arithmetic")];

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var random = SequenceWriter.RandomOf(seed, step);
        var writer = new SequenceWriter(tokens, LabVocabulary.Quartet);
        while (!writer.IsFull)
        {
            var kind = random.Below(Kinds.Length);
            writer.Begin();
            while (writer.Length < SequenceLength)
            {
                var problem = Draw(kind, _maxDigits, random);
                if (!problem.IsHeldOut) Write(writer, problem, kind, random);
            }
            writer.Finish(Kinds[kind]);
        }
        return writer.Sequences;
    }

    /// <summary>Problems that no training sees: ids up to "=", and the digits of the result with the full
    /// stop.</summary>
    public static IReadOnlyList<Question> Problems(ulong seed, int count, int maxDigits = 3)
    {
        // Products need a first number of two digits to be held out.
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDigits, 2);
        var random = SplitMix64.For(seed, "arithmetic questions");
        var questions = new List<Question>(count);
        while (questions.Count < count)
        {
            var problem = Draw(questions.Count % Kinds.Length, maxDigits, random);
            if (!problem.IsHeldOut) continue;
            questions.Add(new Question(
                [LabVocabulary.Begin, .. LabVocabulary.Quartet.Encode($"{problem.Left}{problem.Operator}{problem.Right}=")],
                DigitsOf(problem.Result)));
        }
        return questions;
    }

    private void Write(SequenceWriter writer, ArithmeticProblem problem, int kind, SplitMix64 random)
    {
        var form = random.Below(2) == 0 ? "{0}{2}{1}="
            : random.Pick(random.Below(2) == 0 ? AnyForms : OwnForms[kind]);
        writer.Add(string.Format(null, form, problem.Left, problem.Right, problem.Operator), _contextWeight);
        if (form[^1] != '=' || form[^2] == ' ') writer.Add(LabVocabulary.SpaceId, _contextWeight);
        writer.Add(DigitsOf(problem.Result), 1);
    }

    /// <summary>Numbers of every length alike; the greater of a difference comes first.</summary>
    private static ArithmeticProblem Draw(int kind, int maxDigits, SplitMix64 random)
    {
        var (left, right) = (Number(maxDigits, random), Number(kind == 2 ? 1 : maxDigits, random));
        return new(kind == 1 ? Math.Max(left, right) : left, Operators[kind], kind == 1 ? Math.Min(left, right) : right);
    }

    private static int Number(int maxDigits, SplitMix64 random)
    {
        var bound = 1;
        for (var digits = 1 + random.Below(maxDigits); digits > 0; digits--) bound *= 10;
        return bound == 10 ? random.Below(10) : (bound / 10) + random.Below(bound - (bound / 10));
    }

    private static int[] DigitsOf(int number) => [.. $"{number}".Select(c => DigitIds[c - '0']), Stop];
}

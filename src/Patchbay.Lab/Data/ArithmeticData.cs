namespace Patchbay.Lab.Data;

/// <summary>An arithmetic problem.</summary>
/// <param name="Left">First number, not negative.</param>
/// <param name="Operator">'+', '-' or '*'.</param>
/// <param name="Right">Second number, not negative.</param>
internal readonly record struct ArithmeticProblem(int Left, char Operator, int Right)
{
    /// <summary>One in so many problems with two numbers of several digits is never trained.</summary>
    private const int HeldOutOf = 16;

    /// <summary>The sum, difference or product.</summary>
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
internal sealed class ArithmeticData : ITrainingData
{
    /// <summary>A sequence ends with the problem that reaches this many tokens.</summary>
    private const int SequenceLength = 48;

    /// <summary>The kinds of sequences; each has its operator, and its own of <see cref="OwnForms"/>.</summary>
    private static readonly string[] Kinds = ["addition", "subtraction", "multiplication"];
    private const string Operators = "+-*";

    /// <summary>What comes before the answer: {0} and {1} are the numbers, {2} the operator.</summary>
    private static readonly string[] AnyForms = ["{0} {2} {1} =", "What is {0}{2}{1}?", "What is {0} {2} {1}?"];

    /// <inheritdoc cref="AnyForms"/>
    private static readonly string[][] OwnForms =
    [
        ["{0} plus {1} is", "Add {0} and {1}."],
        ["{0} minus {1} is", "Take {1} from {0}."],
        ["{0} times {1} is", "Multiply {0} by {1}."],
    ];

    private readonly int _maxDigits;

    /// <summary>Problems with numbers of so many digits, 1 to 4.</summary>
    public ArithmeticData(int maxDigits = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDigits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxDigits, 4);
        _maxDigits = maxDigits;
    }

    public IReadOnlyList<Stage> Stages { get; } = [new("arithmetic")];

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        SequenceWriter.Batch(seed, step, tokens, LabVocabulary.Quartet, (writer, random) =>
        {
            var kind = random.Below(Kinds.Length);
            while (writer.Length < SequenceLength)
            {
                var problem = Draw(kind, _maxDigits, random);
                if (!problem.IsHeldOut) Write(writer, problem, kind, random);
            }
            return Kinds[kind];
        });

    /// <summary>Problems that no training sees: ids up to "=", and the digits of the result with the full stop. Numbers
    /// have two digits at least, for products of shorter ones are never held out.</summary>
    public static IReadOnlyList<Question> HeldOut(ulong seed, int count, int maxDigits = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDigits, 2);
        var random = SplitMix64.For(seed, "arithmetic questions");
        var questions = new List<Question>(count);
        while (questions.Count < count)
        {
            var problem = Draw(questions.Count % Kinds.Length, maxDigits, random);
            if (problem.IsHeldOut)
                questions.Add(LabVocabulary.Quartet.Question(
                    $"{problem.Left}{problem.Operator}{problem.Right}=", AnswerIds(problem)));
        }
        return questions;
    }

    private static void Write(SequenceWriter writer, ArithmeticProblem problem, int kind, SplitMix64 random)
    {
        var form = random.Below(2) == 0 ? "{0}{2}{1}="
            : random.Pick(random.Below(2) == 0 ? AnyForms : OwnForms[kind]);
        var text = string.Format(null, form, problem.Left, problem.Right, problem.Operator);
        writer.Add(text, SequenceWriter.Context);
        if (form[^1] != '=' || form[^2] == ' ') writer.AddContext(LabVocabulary.SpaceId);
        foreach (var id in AnswerIds(problem)) writer.Add(id, 1);
    }

    /// <summary>Numbers of every length alike; the greater of a difference comes first.</summary>
    private static ArithmeticProblem Draw(int kind, int maxDigits, SplitMix64 random)
    {
        var (left, right) = (Number(maxDigits, random), Number(kind == 2 ? 1 : maxDigits, random));
        if (kind == 1 && left < right) (left, right) = (right, left);
        return new(left, Operators[kind], right);
    }

    private static int Number(int maxDigits, SplitMix64 random)
    {
        var bound = 1;
        for (var digits = 1 + random.Below(maxDigits); digits > 0; digits--) bound *= 10;
        return bound == 10 ? random.Below(10) : (bound / 10) + random.Below(bound - (bound / 10));
    }

    private static int[] AnswerIds(ArithmeticProblem problem) =>
        [.. $"{problem.Result}.".Select(c => LabVocabulary.Quartet.IdOf($"{c}"))];
}

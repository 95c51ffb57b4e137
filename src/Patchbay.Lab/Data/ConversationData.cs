using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>Conversations in the Vicuna form, "USER: ... ASSISTANT: ...&lt;/s&gt;", of one to three turns that a seed fills in: greetings,
/// names, opinions about a thing, its use, opposites, repeating, counting. What the assistant says depends on what the user said;
/// nothing is ever asked about which of several things is where.</summary>
public sealed class ConversationData : ITrainingData
{
    // $n a name, $o an object, $c a color, $a / $b an adjective and its opposite, $d / $e a day and the next, $k a number and counting to it.
    private static readonly (string User, string Assistant)[][] Turns =
    [
        [("Hello ! My name is $n .", "Hello $n ! How can I help you ?"), ("What is my name ?", "Your name is $n ."), ("Thank you .", "You are welcome , $n .")],
        [("I am $n and I like the $o .", "It is nice to meet you , $n ."), ("Who am I ?", "You are $n ."), ("What do I like ?", "You like the $o .")],
        [("My $o is $c .", "I like $c , too ."), ("What color is it ?", "It is $c ."), ("Is it $c ?", "Yes , it is $c .")],
        [("What is the opposite of $a ?", "The opposite of $a is $b ."), ("And of $b ?", "The opposite of $b is $a .")],
        [("Please repeat : $c $o .", "$c $o ."), ("Once more , please .", "$c $o .")],
        [("Today is $d . What day is tomorrow ?", "Tomorrow is $e ."), ("What day is today ?", "Today is $d .")],
        [("Please count to $k .", "$l ."), ("Thank you very much !", "You are welcome .")],
        [("I want to buy a $o .", "A $a $o or a $b $o ?"), ("A $b one , please .", "Good . Here is your $b $o .")],
        [("Do you have a $o ?", "Yes , I have a $c $o ."), ("What color is your $o ?", "My $o is $c ."), ("Can I see it ?", "Of course . Here it is .")],
        [("Good morning ! How are you ?", "I am well , thank you . And you ?"), ("I am very $a today .", "Why are you $a ?"), ("I lost my $o .", "I am sorry about your $o .")],
        [("Tell me about the $o .", "The $o is $a and $c ."), ("Is it $b ?", "No , it is $a ."), ("What color is it ?", "The $o is $c .")],
    ];

    private static readonly string[] Names = ["Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Ida", "Jack", "Karl", "Lucy", "Maria", "Nina", "Oscar", "Paul"];
    private static readonly string[] Colors = ["red", "green", "blue", "black", "white", "yellow", "brown", "pink"];
    private static readonly (string, string)[] Opposites =
        [("big", "small"), ("hot", "cold"), ("old", "new"), ("happy", "sad"), ("fast", "slow"), ("heavy", "light"), ("hard", "soft"), ("clean", "dirty"), ("dry", "wet"), ("strong", "weak")];

    private static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private readonly float context;

    /// <summary>Makes the data; <paramref name="context"/> is the weight of what the user says.</summary>
    public ConversationData(float context = 0.1f) => this.context = context;

    /// <summary>Words that the data need.</summary>
    internal static IEnumerable<string> Words =>
    [
        "USER", "ASSISTANT", .. Turns.SelectMany(c => c).SelectMany(t => $"{t.User} {t.Assistant}".Split(' ')).Where(w => char.IsAsciiLetter(w[0])),
        .. Names, .. Colors, .. Opposites.SelectMany(o => new[] { o.Item1, o.Item2 }), .. Days,
    ];

    /// <inheritdoc/>
    public IReadOnlyList<Stage> Stages { get; } = [new("conversations")];

    /// <inheritdoc/>
    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens)
    {
        var random = SplitMix64.For(seed, $"conversations {step}");
        var batch = new List<TrainingSequence>();
        for (var count = 0; count < tokens || batch.Count == 0; count += batch[^1].Ids.Length)
        {
            var text = new Writer(context);
            for (var talk = 0; talk < 2; talk++)
            {
                foreach (var (user, assistant) in Draw(random))
                {
                    text.Add(LabVocabulary.Encode($"USER: {user} ASSISTANT:"));
                    text.Answer([.. LabVocabulary.Encode(assistant), LabVocabulary.End]);
                }
            }
            batch.Add(text.Sequence("conversation"));
        }
        return batch;
    }

    /// <summary>The turns of a conversation, filled in.</summary>
    internal static IReadOnlyList<(string User, string Assistant)> Draw(SplitMix64 random)
    {
        var turns = random.Pick(Turns);
        var (a, b) = random.Pick(Opposites);
        if (random.Below(2) == 0) (a, b) = (b, a);
        var (day, number) = (random.Below(Days.Length), 2 + random.Below(8));
        var (name, thing, color) = (random.Pick(Names), random.Pick(EntityWords.All.Objects), random.Pick(Colors));
        string Fill(string text) => text
            .Replace("$n", name, StringComparison.Ordinal).Replace("$o", thing, StringComparison.Ordinal).Replace("$c", color, StringComparison.Ordinal)
            .Replace("$a", a, StringComparison.Ordinal).Replace("$b", b, StringComparison.Ordinal)
            .Replace("$d", Days[day], StringComparison.Ordinal).Replace("$e", Days[(day + 1) % Days.Length], StringComparison.Ordinal)
            .Replace("$k", $"{number}", StringComparison.Ordinal).Replace("$l", string.Join(" , ", Enumerable.Range(1, number)), StringComparison.Ordinal);
        return [.. turns.Take(1 + random.Below(turns.Length)).Select(t => (Fill(t.User), Fill(t.Assistant)))];
    }
}

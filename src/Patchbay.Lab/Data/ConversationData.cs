using static Patchbay.Lab.Data.ConversationWords;

namespace Patchbay.Lab.Data;

/// <summary>Small conversations in Vicuna's form, "USER: ... ASSISTANT: ...&lt;/s&gt;", of one to four turns, from
/// templates: politeness, facts about things, and answers made of the user's own words. What the assistant says, up to
/// the end token, is the answer.</summary>
/// <remarks>Nothing here is in a box and only one thing per conversation is given a property, so that no entity is
/// tracked. Some of the combinations that answers are made of are held out for <see cref="HeldOut"/>.</remarks>
internal sealed class ConversationData : ITrainingData
{
    private const int HeldOutOf = 8, MaxTurns = 4, MaxCount = 9;

    private static readonly Func<SplitMix64, Turn>[] Skills =
    [
        Greet, Thank, SayOne, SayTwo, Count, CountWords, Use, UsualColour, Opposite, Bigger, Size, Like, Loss,
    ];

    public IReadOnlyList<Stage> Stages { get; } = [new("conversations")];

    public IReadOnlyList<TrainingSequence> Batch(ulong seed, long step, int stage, int tokens) =>
        SequenceWriter.Batch(seed, step, tokens, LabVocabulary.Quartet, (writer, random) =>
        {
            // Half the conversations tell the assistant something that is asked for later.
            var (told, asked) = random.Below(4) switch
            {
                0 => Name(random),
                1 => Colour(random),
                _ => (default(Turn), default(Turn)),
            };
            var turns = told is null ? 1 + random.Below(MaxTurns) : random.Below(MaxTurns - 1);
            told?.Write(writer);
            for (; turns > 0; turns--) random.Pick(Skills)(random).Write(writer);
            asked?.Write(writer);
            return "conversation";
        });

    /// <summary>Questions about combinations that no training sees, answered by one token: the colour that was said,
    /// the second of two words to repeat, the bigger of two things, in turn.</summary>
    public static IReadOnlyList<Question> HeldOut(ulong seed, int count)
    {
        var random = SplitMix64.For(seed, "conversation questions");
        return [.. Enumerable.Range(0, count).Select(i => (i % 3) switch
        {
            0 => ColourQuestion(random),
            1 => SayQuestion(random),
            _ => BiggerQuestion(random),
        })];
    }

    /// <summary>Whether two words that make an answer together are kept for evaluation, in every run.</summary>
    internal static bool IsHeldOut(string first, string second) =>
        SplitMix64.For(0, $"{first} {second}").Below(HeldOutOf) == 0;

    private static Question ColourQuestion(SplitMix64 random)
    {
        var (thing, colour) = Draw(Things, Colours, random, heldOut: true);
        var (told, asked) = Colour(thing, colour);
        return QuestionOf($"{told.Text} {asked.Text}", ".</s>");
    }

    private static Question SayQuestion(SplitMix64 random)
    {
        var (first, second) = Draw(Things, Things, random, heldOut: true);
        return QuestionOf(Say(first, second).Text, ".</s>");
    }

    private static Question BiggerQuestion(SplitMix64 random)
    {
        var (big, small) = Draw(Big, Small, random, heldOut: true);
        return QuestionOf(Bigger(big, small, random.Below(2) == 0).Text, " is bigger.</s>");
    }

    /// <summary>What is asked for is the last word before the end of a conversation.</summary>
    private static Question QuestionOf(string text, string end)
    {
        var ids = LabVocabulary.Quartet.Encode(text[..^end.Length]);
        return new([LabVocabulary.Begin, .. ids[..^1]], [ids[^1]]);
    }

    /// <summary>Two words, drawn again until they are held out or are not.</summary>
    private static (string First, string Second) Draw(
        IReadOnlyList<string> firsts, IReadOnlyList<string> seconds, SplitMix64 random, bool heldOut)
    {
        while (true)
        {
            var (first, second) = (random.Pick(firsts), random.Pick(seconds));
            if (IsHeldOut(first, second) == heldOut) return (first, second);
        }
    }

    private static Turn Greet(SplitMix64 random) => random.Below(4) switch
    {
        0 => new("Hello!", "Hello! How can I help you?"),
        1 => new("Hi, how are you?", "I am fine, thank you. How are you?"),
        2 => new("Good morning.", "Good morning! What can I do for you?"),
        _ => new("Good evening.", "Good evening! What can I do for you?"),
    };

    private static Turn Thank(SplitMix64 random) => random.Below(3) switch
    {
        0 => new("Thank you.", "You are welcome."),
        1 => new("Thanks for the help!", "You are welcome. See you again!"),
        _ => new("Goodbye.", "Goodbye! It was nice to meet you."),
    };

    private static Turn SayOne(SplitMix64 random)
    {
        var thing = random.Pick(Things);
        return new(random.Below(2) == 0 ? $"Please say {thing}." : $"Say {thing}, please.", $"{thing}.");
    }

    private static Turn SayTwo(SplitMix64 random)
    {
        var (first, second) = Draw(Things, Things, random, heldOut: false);
        return Say(first, second);
    }

    private static Turn Say(string first, string second) => new($"Say {first} and {second}.", $"{first} and {second}.");

    private static Turn Count(SplitMix64 random)
    {
        var last = 2 + random.Below(MaxCount - 1);
        return new($"Count to {last}.", $"{string.Join(", ", Enumerable.Range(1, last))}.");
    }

    private static Turn CountWords(SplitMix64 random)
    {
        var words = Enumerable.Range(0, 1 + random.Below(5)).Select(_ => random.Pick(Things)).ToArray();
        return new($"How many words are here: {string.Join(' ', words)}?", $"{words.Length}.");
    }

    private static Turn Use(SplitMix64 random)
    {
        var (thing, use) = random.Pick(Uses);
        return new($"What is {A(thing)} for?", $"{A(thing, capital: true)} is for {use}.");
    }

    private static Turn UsualColour(SplitMix64 random)
    {
        var (thing, colour) = random.Pick(UsualColours);
        return new($"What colour does {A(thing)} have?", $"{A(thing, capital: true)} is {colour}.");
    }

    private static Turn Opposite(SplitMix64 random)
    {
        var (word, opposite) = random.Pick(Opposites);
        return new($"What is the opposite of {word}?", $"The opposite of {word} is {opposite}.");
    }

    private static Turn Bigger(SplitMix64 random)
    {
        var (big, small) = Draw(Big, Small, random, heldOut: false);
        return Bigger(big, small, random.Below(2) == 0);
    }

    private static Turn Bigger(string big, string small, bool bigFirst) => new(
        $"Which is bigger, {A(bigFirst ? big : small)} or {A(bigFirst ? small : big)}?",
        $"{A(big, capital: true)} is bigger.");

    private static Turn Size(SplitMix64 random)
    {
        var big = random.Below(2) == 0;
        var thing = random.Pick(big ? Big : Small);
        return new($"Is {A(thing)} big or small?", $"{A(thing, capital: true)} is {(big ? "big" : "small")}.");
    }

    private static Turn Like(SplitMix64 random)
    {
        var thing = random.Pick(Things);
        return new($"I like my {thing}.", $"I am glad that you like your {thing}.");
    }

    private static Turn Loss(SplitMix64 random)
    {
        var thing = random.Pick(Things);
        return new($"I have lost my {thing}.", $"I am sorry that you have lost your {thing}.");
    }

    private static (Turn Told, Turn Asked) Name(SplitMix64 random)
    {
        var name = random.Pick(Names);
        return (new($"My name is {name}.", $"Nice to meet you, {name}."),
            new("What is my name?", $"Your name is {name}."));
    }

    private static (Turn Told, Turn Asked) Colour(SplitMix64 random)
    {
        var (thing, colour) = Draw(Things, Colours, random, heldOut: false);
        return Colour(thing, colour);
    }

    private static (Turn Told, Turn Asked) Colour(string thing, string colour) =>
        (new($"My {thing} is {colour}.", $"A {colour} {thing} is nice."),
            new($"What colour is my {thing}?", $"Your {thing} is {colour}."));

    private static string A(string thing, bool capital = false) =>
        $"{(capital ? "A" : "a")}{("aeiou".Contains(thing[0]) ? "n" : "")} {thing}";

    /// <summary>What the user says and what the assistant answers.</summary>
    private sealed record Turn(string User, string Assistant)
    {
        private string Asked => $"USER: {User} ASSISTANT:";

        private string Answered => $"{Assistant}</s>";

        public string Text => $"{Asked} {Answered}";

        public void Write(SequenceWriter writer)
        {
            writer.Add(Asked, SequenceWriter.Context);
            writer.Add(Answered, 1);
        }
    }
}

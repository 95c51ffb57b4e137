using System.Text.Json;
using Patchbay.Cli.Results;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>
/// Entity tracking in the words of a small model of children's stories, as a task of one's own: "Lily had a dog and Tom had a cat
/// and ... and Tom had a " -> "cat". Who is asked for is the label, what they had the object; labels and objects are single
/// tokens there, and a segment is four ("Tom", "had a", "cat", "and").
/// </summary>
internal static class StoryPrompts
{
    /// <summary>People in a story.</summary>
    public const int Segments = 5;

    private const int FirstName = 2, Width = 4; // behind the story's start and its first space

    private static readonly string[] Names = ["Lily", "Tom", "Ben", "Sam", "Max", "Sue", "Tim", "Anna", "Lucy", "Sara", "Amy", "Spot", "Bob", "Mia"];

    private static readonly string[] Objects =
    [
        "dog", "cat", "ball", "hat", "box", "bird", "fish", "toy", "cake", "book", "boat", "frog", "bear", "tree", "flower", "truck", "bag",
        "rock", "bug", "stick", "kite", "doll", "car",
    ];

    /// <summary>Writes prompts as JSONL (docs/tasks.md) in words that this tokenizer has as single tokens.</summary>
    /// <exception cref="InvalidDataException">It has too few of them.</exception>
    public static void Write(string path, int prompts, ulong seed, EncodeText encode)
    {
        string[] names = [.. Names.Where(name => HasGeometry(encode, [name, "Lily"], ["dog", "dog"]))];
        string[] objects = [.. Objects.Where(thing => HasGeometry(encode, ["Tom", "Lily"], [thing, "dog"]))];
        if (names.Length <= Segments || objects.Length < Segments)
            throw new InvalidDataException($"this tokenizer has {names.Length} names and {objects.Length} things as single tokens; the story task needs more than {Segments}");
        var random = new SplitMix64(seed);
        OutputFile.Write(path, string.Concat(Enumerable.Range(0, prompts).Select(_ => Line(random, names, objects) + "\n")));
    }

    private static string Line(SplitMix64 random, string[] names, string[] objects)
    {
        var (people, things) = (random.Sample(names, Segments), random.Sample(objects, Segments));
        var (otherPeople, otherThings) = (random.Sample(names, Segments), random.Sample(objects, Segments));
        var queried = random.Below(Segments);
        var absent = random.Pick([.. names.Where(name => !otherPeople.Contains(name) && name != people[queried])]);
        return JsonSerializer.Serialize(new
        {
            clean = Text(people, things, people[queried]),
            counterfactual = Text(otherPeople, otherThings, absent),
            answer = things[queried],
            answer_space = false,
            positions = new { query_label = new { from_end = 2 }, previous_query_label = new { token = FirstName + Width * queried } },
            counterfactual_positions = new { previous_query_label = new { token = FirstName + Width * random.Below(Segments) } },
        });
    }

    private static string Text(string[] people, string[] things, string asked) =>
        string.Join(" and ", people.Zip(things, (name, thing) => $"{name} had a {thing}").Append($"{asked} had a "));

    private static bool HasGeometry(EncodeText encode, string[] people, string[] things) =>
        encode(Text(people, things, people[0])) is var ids && ids.Length == FirstName + Width * people.Length + 2
        && ids[FirstName] == ids[^2] && ids[FirstName + 1] == ids[^1];
}

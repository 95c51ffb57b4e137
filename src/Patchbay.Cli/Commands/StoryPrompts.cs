using System.Text.Json;
using Patchbay.Cli.Results;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>
/// Entity tracking in the few words that a very small model of children's stories has as single tokens, as a task of one's own:
/// "Lily had the day and Tim had the mom and Timmy had the time and Tim had the" -> "mom". Who is asked for is the label, what they
/// had the object. It makes little sense, to the model too: it shows the machinery on real weights, not a skill.
/// </summary>
internal static class StoryPrompts
{
    /// <summary>People in a story.</summary>
    public const int Segments = 3;

    private const int FirstName = 1, Width = 5; // behind BOS: "Lily", "had", "the", "day", "and"

    private static readonly string[] Names = ["Lily", "Tim", "Timmy", "She", "They"];

    private static readonly string[] Objects = ["day", "mom", "time", "friend", "play"];

    /// <summary>Writes prompts as JSONL (docs/tasks.md) in words that this tokenizer has as single tokens.</summary>
    /// <exception cref="InvalidDataException">It has too few of them.</exception>
    public static void Write(string path, int prompts, ulong seed, EncodeText encode)
    {
        string[] names = [.. Names.Where(name => HasGeometry(encode, [name, "Lily"], ["day", "day"]))];
        string[] objects = [.. Objects.Where(thing => HasGeometry(encode, ["Tim", "Lily"], [thing, "day"]))];
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
            positions = new { query_label = new { from_end = 3 }, previous_query_label = new { token = FirstName + Width * queried } },
            counterfactual_positions = new { previous_query_label = new { token = FirstName + Width * random.Below(Segments) } },
        });
    }

    private static string Text(string[] people, string[] things, string asked) =>
        string.Join(" and ", people.Zip(things, (name, thing) => $"{name} had the {thing}").Append($"{asked} had the"));

    private static bool HasGeometry(EncodeText encode, string[] people, string[] things) =>
        encode(Text(people, things, people[0])) is var ids && ids.Length == FirstName + Width * people.Length + 3
        && ids[FirstName] == ids[^3] && ids[FirstName + 2] == ids[^1];
}

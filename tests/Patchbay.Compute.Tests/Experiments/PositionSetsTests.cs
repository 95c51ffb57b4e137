using Patchbay.Tasks;

namespace Patchbay.Experiments.Tests;

public class PositionSetsTests
{
    private static readonly TokenSequence SecondOfThree = Scene(boxes: 3, asked: 1);

    [Theory]
    [InlineData("last", "24")]
    [InlineData("object_*", "2 9 16")]
    [InlineData("label_*", "6 13 20")]
    [InlineData("label+0", "13")]
    [InlineData("object+1", "16")]
    [InlineData("object+2", "")]
    [InlineData("nowhere", "")]
    [InlineData("nowhere_*", "")]
    public void A_name_stands_for_positions_of_a_prompt(string name, string positions) =>
        Assert.Equal(positions, string.Join(' ', PositionSets.Of(SecondOfThree, name)));

    [Fact]
    public void Segments_are_counted_from_the_one_asked_for()
    {
        Assert.Equal(1, PositionSets.AskedSegment(SecondOfThree));
        Assert.Equal([102, 109, 116], PositionSets.Objects(SecondOfThree));
        Assert.Null(PositionSets.AskedSegment(new([1, 2], new Dictionary<string, int> { ["last"] = 1 })));
    }

    [Fact]
    public void A_position_is_forbidden_what_comes_before_it_and_prompts_with_fewer_pairs_repeat_their_first()
    {
        Prompt[] prompts = [Of(Scene(3, 1)), Of(Scene(2, 0))];
        Assert.Equal("9>6 16>6 16>13",
            string.Join(' ', PositionSets.Pairs(prompts[0], "object_*", "label_*").Select(p => $"{p.Query}>{p.Key}")));
        Assert.Equal("9>6", string.Join(' ', PositionSets.Pairs(prompts[1], "object_*", "label_*")
            .Select(p => $"{p.Query}>{p.Key}")));
        Assert.Empty(PositionSets.Pairs(prompts[0], "label+0", "object+1"));
        Assert.Equal(["9,9>6,6", "16,9>6,6", "16,9>13,6"], PositionSets.Pairs(prompts, "object_*", "label_*")
            .Select(p => $"{string.Join(',', p.Query)}>{string.Join(',', p.Key)}"));
    }

    private static Prompt Of(TokenSequence clean) => new(clean, clean, 5, "a scene");

    private static TokenSequence Scene(int boxes, int asked)
    {
        var positions = new Dictionary<string, int>
        {
            [PositionNames.QueryLabel] = 2 + 7 * boxes,
            [PositionNames.Last] = 3 + 7 * boxes,
            [PositionNames.PreviousQueryLabel] = 6 + 7 * asked,
        };
        for (var k = 0; k < boxes; k++) (positions[$"object_{k}"], positions[$"label_{k}"]) = (2 + 7 * k, 6 + 7 * k);
        return new([.. Enumerable.Range(100, 4 + 7 * boxes)], positions);
    }
}

using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Findings.Tests;

public class EliminationTests
{
    private static readonly PathChain Places = Elimination.Places(PathChain.EntityTracking);

    [Fact]
    public void A_head_goes_where_enough_is_answered_without_it_and_what_helps_raises_the_floor()
    {
        var begun = Elimination.Begin(Heads("last=0.0 1.0 2.0; query_label=1.0"), 0.5, 0.01);
        var (first, firstKept) = begun.Try(new("last", new(0, 0)), 0.49);
        var (second, secondKept) = first.Try(new("last", new(1, 0)), 0.53);
        var (third, thirdKept) = second.Try(new("query_label", new(1, 0)), 0.515);
        Assert.Equal((false, false, true), (firstKept, secondKept, thirdKept));
        Assert.Equal("last=2.0; query_label=1.0; previous_query_label=", third.Circuit.ToString());
        Assert.Equal(0.52, third.Floor, 1e-12);
    }

    [Fact]
    public void Heads_that_cost_least_are_tried_first_and_equal_ones_by_place()
    {
        var start = Heads("last=1.0 0.1; previous_query_label=0.0; query_label=0.0");
        var order = Elimination.Order(start, h => h.Head == new Head(0, 1) ? 0.2 : 0.5);
        Assert.Equal(["last 1.0", "query_label 0.0", "previous_query_label 0.0", "last 0.1"],
            order.Select(PruneFinding.Item));
    }

    [Fact]
    public void Heads_at_a_position_that_groups_share_are_of_the_first_group_that_they_score_significantly_in()
    {
        var scores = new Dictionary<Head, Estimate>
        {
            [new(5, 1)] = new(-0.3, 0.01, 100), // by itself
            [new(5, 0)] = new(0.3, 0.01, 100), // it holds the answer back
            [new(4, 0)] = new(-0.01, 0.01, 100), // nothing to speak of
            [new(4, 1)] = new(0, 0, 100),
        };
        var circuit = SharedPositions.Apply(PathChain.EntityTracking,
            Heads("last=5.1 5.0 4.0 4.1; query_label=3.0; previous_query_label=0.0"),
            (head, group) => group.Name == "A" ? scores[head] : throw new InvalidOperationException("not asked"));
        Assert.Equal("A=5.1; B=5.0 4.0 4.1; C=3.0; D=0.0", circuit.ToString());
    }

    [Fact]
    public void What_a_search_is_given_survives_being_written()
    {
        var inputs = new StageInputs
        {
            Elimination = Elimination.Begin(Heads("last=5.1; query_label=; previous_query_label=0.2"), 0.4, 0.02),
            Candidates = [new("last", new(5, 1))],
        };
        var read = JsonRecord.Of(inputs).As<StageInputs>();
        Assert.Equal(inputs.Elimination.Circuit.ToString(), read.Elimination!.Circuit.ToString());
        Assert.Equal((inputs.Elimination.Floor, 0.02), (read.Elimination.Floor, read.Elimination.Tolerance));
        Assert.Equal(inputs.Candidates, read.Candidates);
    }

    private static Circuit Heads(string text) => Circuit.Parse(Places, text);
}

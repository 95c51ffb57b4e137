namespace Patchbay.Experiments.Tests;

public class MinimalityTests
{
    [Fact]
    public void Partners_are_the_heads_whose_removal_makes_a_head_matter_most()
    {
        Head[] heads = [new(0, 0), new(0, 1), new(0, 2), new(0, 3), new(1, 0)];
        // F(C\{v}) on the diagonal; F(C\{v,w}) beside it. Gains for 0.0: 0.1 gives .9-.5, 0.2 gives .8-.7, 0.3 gives
        // .7-.75 (none), 1.0 gives .9-.4.
        var table = new Dictionary<(Head, Head), double>
        {
            [(heads[0], heads[0])] = .9,
            [(heads[1], heads[1])] = .9,
            [(heads[2], heads[2])] = .8,
            [(heads[3], heads[3])] = .7,
            [(heads[4], heads[4])] = .9,
            [(heads[0], heads[1])] = .5,
            [(heads[0], heads[2])] = .7,
            [(heads[0], heads[3])] = .75,
            [(heads[0], heads[4])] = .4,
        };
        double F(Head v, Head w) => table.TryGetValue((v, w), out var a) ? a : table.GetValueOrDefault((w, v), 1);
        Assert.Equal([heads[4], heads[1]], Minimality.Partners(heads, F, 0.4)[0]);
        Assert.Equal([heads[4], heads[1], heads[2]], Minimality.Partners(heads, F, 1)[0]);
        Assert.Equal([heads[0]], Minimality.Partners(heads, F, 0.4)[1]);
    }

    [Fact]
    public void Pairs_leave_both_heads_out_unless_asked_for_as_published()
    {
        Head[] heads = [new(2, 1), new(2, 3), new(1, 1), new(0, 0)];
        Assert.Equal([1, 2, 2, 2], Minimality.Pairs("A", heads, 0, asPublished: false).Select(p => p.Count));
        Assert.Equal([1, 1, 1, 2], Minimality.Pairs("A", heads, 0, asPublished: true).Select(p => p.Count));
        Assert.Equal([1, 2], Minimality.Pairs("A", heads, 2, asPublished: false).Select(p => p.Count));
    }
}

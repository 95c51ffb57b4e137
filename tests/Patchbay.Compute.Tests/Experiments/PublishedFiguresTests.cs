using Patchbay.Models;

namespace Patchbay.Experiments.Tests;

public sealed class PublishedFiguresTests
{
    [Theory]
    [InlineData("llama-7b", "llama", false)]
    [InlineData("float", "float", false)]
    [InlineData("tiny-base", "llama", true)]
    [InlineData("tiny-chat", "vicuna", true)]
    [InlineData("tuned", null, false)]
    public void A_model_is_a_published_one_or_stands_for_one_or_neither(string model, string? reference,
        bool standsIn) =>
        Assert.Equal((reference, standsIn), (PublishedFigures.ReferenceOf(model), PublishedFigures.IsStandIn(model)));

    [Fact]
    public void Figures_are_found_by_model_and_group_and_there_are_none_of_others()
    {
        Assert.Equal((0.82, 0.65, 0.89), (PublishedFigures.Accuracy("goat"), PublishedFigures.CircuitAccuracy("vicuna"),
            PublishedFigures.Faithfulness("goat")));
        Assert.Equal((0.56, 0.82), (PublishedFigures.Cmap("float", "C"), PublishedFigures.Cmap("goat", "circuit")));
        Assert.Equal([40, 7, 20, 5], "ABCD".Select(g => PublishedFigures.CircuitSize("llama", $"{g}")));
        Assert.Equal(22, PublishedFigures.DcmHeads("float", "C", "position"));
        Assert.Equal(new Head(14, 27), PublishedFigures.Strongest("llama", "B")[0]);
        Assert.Null(PublishedFigures.Accuracy(null));
        Assert.Null(PublishedFigures.Accuracy("other"));
        Assert.Null(PublishedFigures.CircuitSize("vicuna", "A"));
        Assert.Null(PublishedFigures.CircuitSize("llama", "E"));
        Assert.Null(PublishedFigures.Cmap("vicuna", "A"));
    }

    /// <summary>The published overlaps follow from the published circuits' sizes: precision divides the shared heads by
    /// LLaMA-7B's, recall by FLoat-7B's.</summary>
    [Theory]
    [InlineData("A")]
    [InlineData("B")]
    [InlineData("C")]
    [InlineData("D")]
    public void Published_overlaps_and_sizes_agree(string group)
    {
        var (precision, recall) = PublishedFigures.Overlap("float", group)!.Value;
        var (first, second) = (PublishedFigures.CircuitSize("llama", group)!.Value,
            PublishedFigures.CircuitSize("float", group)!.Value);
        Assert.Equal(Math.Round(Math.Round(precision * first) / second, 2), recall, 0.0101);
    }
}

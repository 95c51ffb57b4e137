using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Tests;

/// <summary>On which node a model is placed, and when it is placed anew.</summary>
public sealed class PlacementTests
{
    private const long Gibibyte = 1L << 30;
    private static readonly Dictionary<string, string> NoWishes = [];

    [Theory]
    [InlineData("tiny-base-0a1b2c3d4e5f", "cpu", 512L << 20, 0, "tiny-base-0a1b2c3d4e5f@cpu+512")]
    [InlineData("m@x+1", "cuda:1", 3 * Gibibyte, 2, "m@x+1@cuda:1+3072.2")]
    public void An_id_says_what_is_needed(string model, string device, long bytes, int replica, string id)
    {
        var need = new ModelNeed(model, device, bytes, replica);
        Assert.Equal(id, need.ToString());
        Assert.Equal(need, ModelNeed.Of(id));
    }

    [Fact]
    public void An_id_of_another_form_needs_nothing() =>
        Assert.Equal(new("strange", "cpu", 0, 0), ModelNeed.Of("strange"));

    [Fact]
    public void A_model_goes_where_its_device_has_most_memory_left()
    {
        Assert.Equal("b", Choose(Id("m", 1), Node("a", 4, Id("x", 2)), Node("b", 4, Id("x", 1))));
        Assert.Equal("a", Choose(Id("m", 1), Node("a", 4), Node("b", 4))); // by name, where all is equal
        Assert.Equal("b", Choose(Id("m", 1, "cuda:0"), Node("a", 9), Node("b", 4, "cuda:0")));
        Assert.Equal("b", Choose(Id("m", 8), Node("a", 2, Id("x", 1)), Node("b", 2))); // nowhere is room: the least ill
    }

    [Fact]
    public void Replicas_go_to_different_nodes_while_there_are_any()
    {
        var (first, second) = (Id("m", 1), Id("m", 1, replica: 1));
        Assert.Equal("b", Choose(second, Node("a", 9, first), Node("b", 2)));
        Assert.Equal("a", Choose(second, Node("a", 9, first)));
    }

    [Fact]
    public void A_node_that_refuses_a_model_or_has_said_nothing_is_the_last_choice()
    {
        var id = Id("m", 1);
        var nodes = Nodes(Node("a", 9), Node("b", 2));
        var offers = Offers(Node("a", 9), Node("b", 2));
        offers["a"] = offers["a"] with { Refused = new Dictionary<string, string> { [id] = "it is not here" } };
        Assert.Equal("b", Placement.Choose(id, nodes, offers, NoWishes));
        Assert.True(Placement.MayGoElsewhere(id, "a", offers));
        Assert.False(Placement.MayGoElsewhere(id, "b", offers));
        offers.Remove("b");
        Assert.Equal("b", Placement.Choose(id, Nodes(Node("b", 2)), offers, NoWishes));
        Assert.Null(Placement.Choose(id, Nodes(), offers, NoWishes));
    }

    [Fact]
    public void A_model_that_is_refused_is_placed_anew_where_another_node_may_have_it()
    {
        var id = Id("m", 1);
        var offers = Offers(Node("a", 9), Node("b", 2));
        var nodes = Nodes(Node("a", 9, id), Node("b", 2));
        Assert.Null(Placement.ToMove(nodes, offers, NoWishes));
        offers["a"] = offers["a"] with { Refused = new Dictionary<string, string> { [id] = "it is not here" } };
        Assert.Equal(id, Placement.ToMove(nodes, offers, NoWishes));
        offers["b"] = offers["b"] with { Refused = new Dictionary<string, string> { [id] = "nor here" } };
        Assert.Null(Placement.ToMove(nodes, offers, NoWishes));
    }

    [Theory]
    [InlineData("cold", true)]
    [InlineData("waiting", true)]
    [InlineData("loaded", false)]
    [InlineData("computing", false)]
    public void A_model_without_room_is_placed_anew_where_there_is_and_one_that_is_loaded_is_not(string state,
        bool moves)
    {
        var (loaded, late) = (Id("a", 3), Id("z", 3));
        var offers = Offers(Node("a", 4), Node("b", 4));
        offers["a"] = offers["a"] with { Models = [new(loaded, "a", "loaded"), new(late, "z", state)] };
        var crowded = Nodes(Node("a", 4, loaded, late), Node("b", 4));
        Assert.Equal(moves ? late : null, Placement.ToMove(crowded, offers, NoWishes));
        Assert.Null(Placement.ToMove(Nodes(Node("a", 4, loaded, late), Node("b", 4, Id("y", 2))), offers, NoWishes));
    }

    [Fact]
    public void A_model_goes_where_an_operator_wishes_unless_it_is_refused_there()
    {
        var (first, second) = (Id("m-0a1b2c3d4e5f", 1), Id("m-0a1b2c3d4e5f", 1, replica: 1));
        var wish = new Dictionary<string, string> { ["m"] = "b" };
        var offers = Offers(Node("a", 9), Node("b", 2));
        Assert.Equal("b", Placement.Choose(first, Nodes(Node("a", 9), Node("b", 2)), offers, wish));
        Assert.Equal("a", Placement.Choose(second, Nodes(Node("a", 9), Node("b", 2)), offers, wish));
        Assert.Equal(first, Placement.ToMove(Nodes(Node("a", 9, first), Node("b", 2)), offers, wish));
        Assert.Null(Placement.ToMove(Nodes(Node("a", 9, second), Node("b", 2, first)), offers, wish));
        Assert.Null(Placement.ToMove(Nodes(Node("a", 9, first)), offers, wish)); // b is gone
        offers["b"] = offers["b"] with { Refused = new Dictionary<string, string> { [first] = "it is not here" } };
        Assert.Null(Placement.ToMove(Nodes(Node("a", 9, first), Node("b", 2)), offers, wish));
    }

    [Fact]
    public void A_model_for_any_GPU_goes_to_a_node_that_has_one()
    {
        var id = Id("m", 1, "cuda");
        Assert.Equal("b", Choose(id, Node("a", 9), Node("b", 4, "cuda:0")));
        Assert.Equal("m@cuda+1024", id);
    }

    private static string Id(string model, long gibibytes, string device = "cpu", int replica = 0) =>
        new ModelNeed(model, device, gibibytes * Gibibyte, replica).ToString();

    private static (string Name, string Device, long Bytes, string[] Placed) Node(string name, long gibibytes,
        params string[] placed) => placed is ["cuda:0", .. var rest] ? (name, "cuda:0", gibibytes * Gibibyte, rest)
        : (name, "cpu", gibibytes * Gibibyte, placed);

    private static string? Choose(string id,
        params (string Name, string Device, long Bytes, string[] Placed)[] nodes) =>
        Placement.Choose(id, Nodes(nodes), Offers(nodes), NoWishes);

    private static Dictionary<string, IReadOnlyList<string>> Nodes(
        params (string Name, string Device, long Bytes, string[] Placed)[] nodes) =>
        nodes.ToDictionary(n => n.Name, n => (IReadOnlyList<string>)n.Placed);

    private static Dictionary<string, NodeOffer> Offers(
        params (string Name, string Device, long Bytes, string[] Placed)[] nodes) => nodes.ToDictionary(n => n.Name,
            n => new NodeOffer(n.Name, new Dictionary<string, long> { [n.Device] = n.Bytes }, [],
                new Dictionary<string, string>()));
}

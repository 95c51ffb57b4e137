using Patchbay.Cluster.Dispatch;

namespace Patchbay.Cluster.Tests;

/// <summary>Which device of a node a model comes on: two GPUs of another size, and a CPU.</summary>
public sealed class DeviceBrokerTests
{
    private readonly DeviceBroker broker = new(8,
        new Dictionary<string, long> { ["cpu"] = 100, ["cuda:0"] = 10, ["cuda:1"] = 20 });

    [Fact]
    public void Models_for_any_GPU_are_spread_over_them_by_the_memory_that_is_left()
    {
        Assert.Equal("cuda:1", Granted("a", "cuda", 8));
        Assert.Equal("cuda:1", Granted("b", "cuda", 8)); // 12 are left there, 10 on the other
        Assert.Equal("cuda:0", Granted("c", "cuda", 8));
        Assert.Null(Granted("d", "cuda", 8)); // all are computing
        Assert.Equal("cpu", Granted("e", "cpu", 8));
        broker.Release("a", wanted: true);
        Assert.Equal("cuda:1", Granted("a", "cuda", 8)); // where it is loaded
    }

    [Fact]
    public void Memory_of_one_device_is_not_that_of_another()
    {
        Assert.Equal("cuda:0", Granted("a", "cuda:0", 8));
        Assert.Null(Granted("b", "cuda:0", 8));
        Assert.Equal("cuda:1", Granted("c", "cuda:1", 8));
        broker.Release("a", wanted: false);
        Assert.Equal(["a"], broker.Decide().Dismissed);
        broker.Free("a");
        Assert.Equal([("b", "cuda:0")], broker.Decide().Granted);
    }

    [Fact]
    public void A_device_that_the_node_does_not_have_is_granted_alone_and_says_itself_that_it_is_not_there()
    {
        DeviceBroker cpu = new(2, new Dictionary<string, long> { ["cpu"] = 100 });
        cpu.Request("a", "cuda", 8, 0);
        Assert.Equal([("a", "cuda")], cpu.Decide().Granted);
    }

    private string? Granted(string model, string device, long bytes)
    {
        broker.Request(model, device, bytes, 0);
        return broker.Decide().Granted.FirstOrDefault(g => g.Model == model).Device;
    }
}

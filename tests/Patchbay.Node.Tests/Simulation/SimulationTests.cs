namespace Patchbay.Node.Tests.Simulation;

public sealed class SimulationTests
{
    [Fact]
    public void No_result_is_lost_or_doubled_and_every_sweep_ends_whatever_goes_wrong() =>
        RandomCases.Check(SimulatedCase.Any, 2000, made => Assert.Null(new SimulatedWorld(made).Run()),
            threads: Environment.ProcessorCount);
}

using System.Globalization;
using Xunit.Abstractions;

namespace Patchbay.Node.Tests.Simulation;

public sealed class SimulationTests(ITestOutputHelper output)
{
    private const string SeedVariable = "PATCHBAY_SIMULATION_SEED", SeedsVariable = "PATCHBAY_SIMULATION_SEEDS";

    /// <summary>2,000 seeds; PATCHBAY_SIMULATION_SEEDS sets another number, PATCHBAY_SIMULATION_SEED runs a single one.</summary>
    [Fact]
    public void No_result_is_lost_or_doubled_and_every_sweep_ends_whatever_goes_wrong()
    {
        var seeds = Number(SeedVariable) is { } one ? [one] : Enumerable.Range(0, Number(SeedsVariable) ?? 2000).ToArray();
        var failures = new System.Collections.Concurrent.ConcurrentBag<string>();
        Parallel.ForEach(seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            if (Problem(seed) is { } problem)
                failures.Add($"seed {seed}: {problem}\n  {SeedVariable}={seed} dotnet test tests/Patchbay.Node.Tests -c Release --filter {nameof(SimulationTests)}");
        });
        output.WriteLine($"{seeds.Length} seeds");
        Assert.True(failures.IsEmpty, $"{failures.Count} of {seeds.Length} seeds failed:\n" + string.Join('\n', failures.Order().Take(10)));
    }

    private static string? Problem(int seed)
    {
        try
        {
            return new SimulatedWorld(seed).Run();
        }
#pragma warning disable CA1031 // Any exception is a finding, and its seed must be told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.ToString();
        }
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

using System.Diagnostics;
using Patchbay.Cluster.Membership;
using Patchbay.Journal;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Benchmark;

/// <summary>How a large cluster runs one sweep of many models whose units only wait.</summary>
/// <param name="Nodes">Nodes, all of them actor systems of this process.</param>
/// <param name="Models">Models, each placed on one of them.</param>
/// <param name="JoinSeconds">From the start of the first node until all are up.</param>
/// <param name="PlaceSeconds">From the sweep's start until every model has a unit done, without the recovery.</param>
/// <param name="MostOfANode">Models of the node that has most.</param>
/// <param name="Units">Units that were run.</param>
/// <param name="UnitSeconds">How long each waits.</param>
/// <param name="Seconds">From the sweep's start until all are done, without the recovery.</param>
/// <param name="BytesOfANode">Memory of the process after the nodes' start, divided by their number.</param>
/// <param name="RecoverySeconds">From the end of the node with the sweep until the next result.</param>
public sealed record FleetTimes(int Nodes, int Models, double JoinSeconds, double PlaceSeconds, int MostOfANode,
    int Units, double UnitSeconds, double Seconds, long BytesOfANode, double RecoverySeconds)
{
    /// <summary>Units handed out a second.</summary>
    public double HandOutsPerSecond => Units / Seconds;
}

/// <summary>Times a cluster of many nodes, with real actors, connections and journal, in one process.</summary>
public static class FleetBenchmark
{
    private const string Sweep = "fleet";
    private const int AtATime = 10;
    private const int Threads = 32;

    // The nodes share one machine's cores: they talk less often, and wait longer for each other.
    private const string Settings =
        """
        akka.remote {
          system-message-ack-piggyback-timeout = 20s
          dot-netty.tcp {
            server-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
            client-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
          }
        }
        akka.cluster {
          gossip-interval = 1s
          leader-actions-interval = 500ms
          failure-detector {
            heartbeat-interval = 5s
            acceptable-heartbeat-pause = 120s
          }
          split-brain-resolver {
            stable-after = 60s
            down-all-when-unstable = off
          }
          sharding {
            retry-interval = 3s
            updating-state-timeout = 60s
            waiting-for-state-timeout = 30s
            distributed-data.gossip-interval = 10s
          }
        }
        """;

    /// <summary>Runs it.</summary>
    /// <param name="journal">A journal that is empty.</param>
    /// <param name="nodes">Nodes, 2 at least.</param>
    /// <param name="models">Models of the sweep.</param>
    /// <param name="units">Units of each model.</param>
    /// <param name="unit">How long each waits.</param>
    /// <param name="progress">Told what is done, and its share.</param>
    /// <param name="cancel">Ends it early.</param>
    public static async Task<FleetTimes> RunAsync(JournalPlace journal, int nodes, int models, int units, TimeSpan unit,
        Action<string, double> progress, CancellationToken cancel)
    {
        SqlJournal.Open(journal).Dispose();
        // Few: Akka.NET keeps caches of every thread for every node that it ever worked for.
        ThreadPool.SetMinThreads(Threads, Threads);
        ThreadPool.SetMaxThreads(2 * Threads, 2 * Threads);
        var settings = Path.GetTempFileName();
        await File.WriteAllTextAsync(settings, Settings, cancel);
        var fleet = new List<ClusterNode>();
        var clock = Stopwatch.StartNew();
        try
        {
            var seed = new NodeAddress("127.0.0.1", FreePorts.Two());
            var memory = Process.GetCurrentProcess().WorkingSet64;
            fleet.Add(await StartAsync(seed));
            while (fleet.Count < nodes)
            {
                fleet.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(AtATime, nodes - fleet.Count))
                    .Select(_ => StartAsync(new("127.0.0.1", FreePorts.Two())))));
                progress("nodes", (double)fleet.Count / nodes);
            }
            await UntilAsync("nodes up", nodes, () =>
                fleet.Min(n => n.Inspection.Members().Count(m => m.Status == "up")));
            var joined = clock.Elapsed.TotalSeconds;
            memory = Process.GetCurrentProcess().WorkingSet64 - memory;

            var last = fleet[^1];
            await last.OrderAsync(Sweep, new PlanSweep(BenchSweep.PlanOf(models), "bench"));
            clock.Restart();
            await last.OrderAsync(Sweep, new StartSweep());
            double? placed = null;
            await UntilAsync("units", models * units / 2, Done);
            clock.Stop();
            var holder = fleet.First(n => n.Known.ContainsKey(Sweep));
            var (recovery, before) = (Stopwatch.StartNew(), Done());
            fleet.Remove(holder);
            await holder.DisposeAsync();
            await UntilAsync("recovery", before + 1, Done);
            recovery.Stop();
            clock.Start();
            await UntilAsync("units", models * units, Done);
            clock.Stop();
            var most = (await last.Models.ListAsync()).GroupBy(m => m.Node).Max(n => n.Count());
            return new(nodes, models, joined, placed!.Value, most, models * units, unit.TotalSeconds,
                clock.Elapsed.TotalSeconds, memory / nodes, recovery.Elapsed.TotalSeconds);

            Task<ClusterNode> StartAsync(NodeAddress address) => ClusterNode.StartAsync(
                new(journal, models, 1, (long)models << 20, "bench")
                {
                    Address = address,
                    Seeds = [seed],
                    Settings = settings,
                },
                BenchSweep.Waiting(unit), [BenchSweep.Kind(units)], cancel);

            SweepState State() => fleet.Select(n => n.Sweep(Sweep))
                .MaxBy(s => s.InOrder.Sum(stage => stage.Completed)) ?? SweepState.None;

            int Done()
            {
                var stages = State().InOrder.ToArray();
                if (stages.Count(s => s.Completed > 0) == models) placed ??= clock.Elapsed.TotalSeconds;
                return stages.Sum(s => s.Completed);
            }

            async Task UntilAsync(string what, int wanted, Func<int> reached)
            {
                for (var found = reached(); found < wanted; found = reached())
                {
                    progress(what, (double)found / wanted);
                    if (fleet.FirstOrDefault(n => n.Failure.IsCompleted) is { } failed) await failed.Failure;
                    await Task.Delay(50, cancel);
                }
            }
        }
        finally
        {
            await Task.WhenAll(fleet.Select(n => n.DisposeAsync().AsTask()));
            File.Delete(settings);
        }
    }
}

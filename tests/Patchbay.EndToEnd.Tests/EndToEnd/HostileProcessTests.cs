using System.Diagnostics;
using System.Globalization;
using Patchbay.Cli.Tests;
using TemporaryFolder = Patchbay.Cli.Tests.TemporaryFolder;

namespace Patchbay.EndToEnd.Tests;

/// <summary>What a process of its own is needed for: hostile values of its environment, and commands that have much to
/// do and are stopped.</summary>
[Collection(nameof(HostileProcessTests))]
public sealed class HostileProcessTests : IDisposable
{
    private const double SoonEnough = 5; // seconds, of a machine with a processor for every process that wants one

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(2, "PATCHBAY_DATA: expected a folder, found the file /dev/zero", "PATCHBAY_DATA=/dev/zero",
        "sweep list")]
    [InlineData(3, "where PATCHBAY_DATA has it", "PATCHBAY_DATA=/proc/patchbay", "sweep list")]
    [InlineData(2, "PATCHBAY_DATA: expected a folder that can be made", "PATCHBAY_DATA=/proc/patchbay",
        "study run cluster-config/studies/quartet.yaml")]
    [InlineData(2, "PATCHBAY_NODE: expected a port from", "PATCHBAY_NODE=gpu1:99999", "cluster show")]
    [InlineData(2, "PATCHBAY_NODE gpu1:9110 is another machine", "PATCHBAY_NODE=gpu1", "cluster show")]
    [InlineData(2, "PATCHBAY_JOURNAL: expected postgres://", "PATCHBAY_JOURNAL=nonsense", "sweep list")]
    [InlineData(1, "journal postgres://u@127.0.0.1:1/x (PATCHBAY_JOURNAL) cannot be reached",
        "PATCHBAY_JOURNAL=postgres://u@127.0.0.1:1/x", "sweep list")]
    [InlineData(1, "journal postgres://u@127.0.0.1:1/x (--journal) cannot be reached", "X=",
        "sweep list --journal postgres://u@127.0.0.1:1/x")]
    [InlineData(2, "/dev/zero: expected a file, found a device", "PATCHBAY_CONFIG=/dev/zero", "node run")]
    [InlineData(2, "/dev/zero: expected a file, found a device", "PATCHBAY_CERTIFICATE=/dev/zero", "node run")]
    [InlineData(2, "--memory is 2.0 MiB", "X=", "patch models/tiny-base --prompts 7 --memory 2MiB")]
    [InlineData(2, "expected at most 20, the heads of a model that has", "X=",
        "patch models/tiny-base --prompts 7 --receivers 999")]
    public void A_hostile_setting_gets_one_sentence(int code, string part, string variable, string line)
    {
        var run = Pbm.Run([variable], folder.File("data"), line.Split(' '));
        Assert.True(run.Code == code, run.ToString());
        HostileArgumentTests.AssertOneSentence(run.Error.TrimEnd(), part);
    }

    [Fact]
    public void A_folder_of_models_that_is_none_is_told_with_its_setting()
    {
        var run = Pbm.Run(["PATCHBAY_MODELS=/dev/zero"], folder.File("data"), "study", "validate",
            "cluster-config/studies/paper.yaml");
        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains("expected the checkpoint in /dev/zero/llama-7b (${PATCHBAY_MODELS}/llama-7b), found no such",
            run.Error, StringComparison.Ordinal);
    }

    /// <summary>Processes that want a processor, by processor; at least 1.</summary>
    private static double Waiting() => !File.Exists("/proc/loadavg") ? 1
        : Math.Max(1, double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
            / Environment.ProcessorCount);

    [Fact]
    public void What_has_much_to_do_ends_soon_when_it_is_stopped() => Parallel.ForEach(
        [
            "patch models/tiny-base --prompts 1000000 --threads 1",
            "patch models/tiny-base --prompts 1000 --threads 64",
            "node run --slots 1024 --threads 64 --port 0",
            "bench patch --prompts 1000000",
            $"lab train small --steps 100000000 --threads 64 --out {folder.File("run")}",
            $"task generate --prompts 1000000 --boxes 10 --out {folder.File("prompts.jsonl")}",
        ], new ParallelOptions { MaxDegreeOfParallelism = 2 }, (line, _, number) =>
        {
            using var pbm = Pbm.Start(folder.File($"data-{number}"), line.Split(' '));
            Thread.Sleep(2000);
            var clock = Stopwatch.StartNew();
            pbm.Signal("-TERM");
            var run = pbm.Finish(60);
            Assert.True(clock.Elapsed.TotalSeconds < SoonEnough * Waiting(), $"{line}: {clock.Elapsed}\n{run}");
            Assert.True(run.Code is 0 or 130, $"{line}\n{run}");
        });
}

using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep resume|retry ID`: goes on with a sweep that was paused or interrupted, or tries again what
/// failed; in this process unless a node is up.</summary>
internal sealed class SweepGoOnCommand : PbmCommand
{
    private readonly Argument<string> id = SweepJournals.Id();
    private readonly DataFolder data = new();
    private readonly NodeSettings node = new();
    private readonly SweepCommand command;

    private SweepGoOnCommand(string verb, string description, SweepCommand command)
        : base(verb, description, $"pbm sweep {verb} quartet-1", $"pbm sweep {verb} quartet-1 --slots 1")
    {
        this.command = command;
        Add(id);
        foreach (var option in data.Options) Add(option);
        foreach (var option in node.Options) Add(option);
    }

    /// <summary>`pbm sweep resume ID`.</summary>
    public static SweepGoOnCommand Resume() =>
        new("resume", "Go on with a sweep that was paused, or whose process was killed, and show it to its end",
            new ResumeSweep());

    /// <summary>`pbm sweep retry ID`.</summary>
    public static SweepGoOnCommand Retry() => new("retry",
        "Try again the units of a sweep that were set aside, and show it to its end", new RetrySweep());

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var home = DataHome.Open(call, data);
        var threads = SweepJournals.Find(home.Journal, call.Get(id)).State.Plan!.Compute.Threads;
        using var serving = node.Open(call, home, threads);
        return serving.Give(home, call.Get(id), command).Status == SweepStatus.Running
            ? SweepRun.Serve(call, home, call.Get(id), serving)
            : SweepEnding.Conclude(call, call.Get(id), SweepJournals.Find(home.Journal, call.Get(id)).State);
    }
}

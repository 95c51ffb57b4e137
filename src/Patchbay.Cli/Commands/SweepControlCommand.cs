using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Sweeps;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm sweep pause|cancel ID`: tells a sweep to rest or to end, whoever runs it.</summary>
internal sealed class SweepControlCommand : PbmCommand
{
    private readonly Argument<string> id = SweepJournals.Id();
    private readonly DataFolder data = new();
    private readonly SweepCommand command;
    private readonly string done;

    private SweepControlCommand(string verb, string description, SweepCommand command, string done)
        : base(verb, description, $"pbm sweep {verb} quartet-1")
    {
        (this.command, this.done) = (command, done);
        Add(id);
        foreach (var option in data.Options) Add(option);
    }

    /// <summary>`pbm sweep pause ID`.</summary>
    public static SweepControlCommand Pause() =>
        new("pause", "Hand out no more units of a sweep; what is under way is still recorded", new PauseSweep(),
            "is paused");

    /// <summary>`pbm sweep cancel ID`.</summary>
    public static SweepControlCommand Cancel() => new("cancel", "End a sweep for good; what was recorded stays",
        new CancelSweep(), "is cancelled");

    /// <inheritdoc/>
    public override ExitCode Run(Call call)
    {
        using var home = DataHome.Open(call, data);
        SweepJournals.Find(home.Journal, call.Get(id));
        using var serving = NodeSettings.OpenToOrder(home);
        var (_, status, changed, _) = serving.Give(home, call.Get(id), command);
        call.WriteLine(changed ? $"sweep {call.Get(id)} {done}" : $"sweep {call.Get(id)} {done} already");
        call.WriteJson(new { Sweep = call.Get(id), Status = SweepText.Status(status), Changed = changed });
        return ExitCode.Ok;
    }
}

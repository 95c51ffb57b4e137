using System.CommandLine;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Tests.Sweeps;

/// <summary>A sweep of made-up results, recorded command by command: two models of 8 layers of 8 heads by default,
/// accuracy and path patching of A and B.</summary>
internal sealed class MadeSweep
{
    public static readonly DateTimeOffset Start = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly string node;

    public MadeSweep(string id = "tiny-1", string[]? models = null, int layers = 8, int heads = 8,
        string node = "node-1", MemoryJournal? journal = null, string[]? tags = null)
    {
        (Id, this.node, Journal) = (id, node, journal ?? new());
        Models = models ?? ["tiny-base", "tiny-goat"];
        var plan = new SweepPlan("tiny", $"text of {id}", 20, new("entity-tracking", 300, 7),
            new("float32", "cpu", 1, 1 << 30),
            [.. Models.Select(m => new PlannedModel(m, $"/{node}/{m}", null, $"fingerprint-of-{m}", layers, heads,
                1000))],
            [.. Models.SelectMany(Stages)], Attempts: 1, tags);
        Apply(new PlanSweep(plan, "0.1.0"));
        Apply(new StartSweep());
    }

    public string Id { get; }

    public MemoryJournal Journal { get; }

    public string[] Models { get; }

    public DateTimeOffset Now { get; private set; } = Start;

    public SweepState State => Journal.Recover(Id).State;

    /// <summary>Seconds that a unit takes.</summary>
    public double Pace { get; set; } = 2;

    /// <summary>Runs the whole sweep.</summary>
    public MadeSweep RunAll(bool backwards = false)
    {
        while (Step(backwards))
        {
        }
        return this;
    }

    /// <summary>Runs some units.</summary>
    public MadeSweep Run(int units)
    {
        for (var i = 0; i < units && Step(false); i++)
        {
        }
        return this;
    }

    /// <summary>Begins what can begin.</summary>
    public void Begin()
    {
        foreach (var stage in State.Beginnable.ToArray())
        {
            var first = stage.Stage.Id.EndsWith("/B", StringComparison.Ordinal);
            string[] units = stage.Stage.Kind == "accuracy"
                ? ["prompts-0000-0099", "prompts-0100-0129"]
                : [.. Enumerable.Range(0, first ? State.Plan!.Models[0].Layers - 2 : State.Plan!.Models[0].Layers)
                    .Select(l => $"layer-{l:00}")];
            Apply(new BeginStage(stage.Stage.Id, new(JsonRecord.Of(new StageInputs
            { Receivers = Head.ParseAll(first ? $"{State.Plan!.Models[0].Layers - 2}.0 1.1" : "") }), units)));
        }
    }

    /// <summary>Lets the next unit fail for good.</summary>
    public MadeSweep FailNext(string error)
    {
        Begin();
        var unit = State.PendingUnits.First();
        Apply(new FailUnit(unit, State.Unit(unit)!.Failures + 1, node, error, Permanent: true));
        return this;
    }

    public void Apply(SweepCommand command)
    {
        var (state, sequence) = Journal.Recover(Id);
        var decision = SweepDecider.Decide(command, state);
        Assert.Null(decision.Refusal);
        Assert.True(Journal.TryAppend(Id, sequence, decision.Events, Now));
    }

    /// <summary>A made-up score, strong for a few heads; the same for whoever asks.</summary>
    public static double Score(string model, string group, int layer, int head)
    {
        var chance = (model[^1] * 31 + group[0] * 17 + layer * 7919 + head * 104729) % 1009 / 1009.0;
        return chance < 0.08 ? -0.1 - chance * 6 : (chance - 0.5) * 0.03;
    }

    private bool Step(bool backwards)
    {
        Begin();
        var pending = State.PendingUnits.ToArray();
        if (pending.Length == 0) return false;
        var unit = backwards ? pending[^1] : pending[0];
        Now = Now.AddSeconds(Pace);
        var stage = State.Stages[UnitId.StageOf(unit)].Stage;
        Apply(new ClaimUnit(unit, node));
        var results = Results(stage, UnitId.KeyOf(unit), State.Plan!.Model(stage.Model).Heads);
        Apply(new CompleteUnit(unit, node, backwards ? [.. results.Reverse()] : results,
            $"fingerprint-of-{stage.Model}", "0.1.0", Pace));
        return true;
    }

    private static InterventionResult[] Results(Stage stage, string key, int heads)
    {
        if (stage.Kind == "accuracy") return [key == "prompts-0000-0099" ? new("accuracy", 0.57, 0.05, 100)
            : new("accuracy", 0.4, 0.09, 30)];
        var layer = int.Parse(key[^2..], System.Globalization.CultureInfo.InvariantCulture);
        return [.. Enumerable.Range(0, heads)
            .Select(h => new InterventionResult($"{layer}.{h}", Score(stage.Model,
            stage.Parameters.As<PathPatchingParameters>().Group, layer, h), 0.01 / (h + 1), 300) { Head = new(layer, h),
            Position = "last", Detail = new() { OfRight = new(0.5, 0.1, 150) } })];
    }

    private static IEnumerable<Stage> Stages(string model)
    {
        JsonRecord Heads(string group) =>
            JsonRecord.Of(new PathPatchingParameters(group, PathChain.EntityTracking, ["A", "B"], 4, 6, 0));
        yield return new($"{model}/accuracy", "accuracy", model, JsonRecord.Of(new AccuracyParameters(130)), []);
        yield return new($"{model}/path-patching/A", "path-patching", model, Heads("A"), []);
        yield return new($"{model}/path-patching/B", "path-patching", model, Heads("B"), [$"{model}/path-patching/A"]);
    }

    /// <summary>Runs a command on this sweep's journal as `pbm sweep ...` would.</summary>
    public PbmRun Pbm(Func<Func<Call, ISweepJournal>, PbmCommand> command, CancellationToken interrupted,
        params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var json = new Option<bool>("--json") { Recursive = true };
        var root = new RootCommand { json, new NounCommand("sweep", "Sweeps", command(_ => Journal)) };
        var parsed = root.Parse(["sweep", .. arguments]);
        Assert.Empty(parsed.Errors);
        var call = new Call(parsed, new Terminal(Terminal.Create(output), Terminal.Create(error)),
            arguments.Contains("--json"), interrupted);
        ExitCode code;
        try
        {
            code = ((PbmCommand)parsed.CommandResult.Command).Run(call);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidDataException)
        {
            code = call.Fail(Failure.Of(e));
        }
        return new(code, output.ToString(), error.ToString());
    }

    public PbmRun Pbm(Func<Func<Call, ISweepJournal>, PbmCommand> command, params string[] arguments) =>
        Pbm(command, CancellationToken.None, arguments);
}

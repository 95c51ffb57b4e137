using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Patchbay.Cli.Arguments;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Results;
using Patchbay.Cli.Sweeps;
using Patchbay.Journal;
using Patchbay.Models.Libtorch;

namespace Patchbay.Cli;

/// <summary>The whole command line: which commands there are, and how one is run.</summary>
internal static class CommandLine
{
    /// <summary>Every command of `pbm`.</summary>
    public static RootCommand CreateRoot(Option<bool> json)
    {
        var root = new RootCommand("Path patching for every attention head of a language model.");
        root.Add(json);
        root.Add(new DemoCommand());
        root.Add(new PatchCommand());
        root.Add(new DoctorCommand());
        root.Add(new NounCommand("model", "Look at a checkpoint", new ModelInspectCommand(), new ModelTokensCommand(),
            new ModelGenerateCommand(), new ModelLogitsCommand(),
            new ModelListCommand(), ModelNodeCommand.Load(), ModelNodeCommand.Unload(),
            new ModelMoveCommand()));
        root.Add(new NounCommand("study", "Run a study of several models, or check one", new StudyRunCommand(),
            new StudyValidateCommand()));
        root.Add(new NounCommand("sweep", "Operate sweeps: the runs of studies",
            Reading(open => new SweepListCommand(open)),
            Reading(open => new SweepShowCommand(open)),
            Reading(open => new SweepWatchCommand(open)), SweepControlCommand.Pause(), SweepGoOnCommand.Resume(),
                SweepControlCommand.Cancel(), SweepGoOnCommand.Retry(),
            Reading(open => new SweepExportCommand(open)), Reading(open => new SweepReportCommand(open)),
            Reading(open => new SweepCompareCommand(open))));
        root.Add(new NounCommand("experiment", "Run one experiment on one model, recorded as a sweep",
            [.. StudyInput.Experiments.Select(kind => new ExperimentCommand(kind))]));
        root.Add(new NounCommand("node", "A process that serves sweeps, alone or in a cluster", new NodeRunCommand()));
        root.Add(new NounCommand("cluster", "See the nodes that work together, and have them come and go",
            ClusterShowCommand.All(), ClusterShowCommand.Self(),
            ClusterOrderCommand.Leave(), ClusterOrderCommand.Down(), new ClusterTailCommand(),
            new ClusterCertificateCommand()));
        root.Add(new NounCommand("cluster-sharding", "See where sweeps and models live in the cluster",
            new ShardingRegionsCommand(), new ShardingShardsCommand()));
        root.Add(new NounCommand("actor", "See the actors of a node", new ActorHierarchyCommand()));
        root.Add(new NounCommand("log", "Read what nodes have written of themselves", new LogTailCommand()));
        root.Add(new NounCommand("task", "Make prompt sets and check them", new TaskGenerateCommand(),
            new TaskCheckCommand()));
        root.Add(new NounCommand("lab", "Train small models and see how circuits form", new LabTrainCommand(),
            new LabFineTuneCommand(),
            new LabQuartetCommand(),
            new LabConstructCommand(),
            new LabCurveCommand(), new LabDynamicsCommand()));
        root.Add(new NounCommand("bench", "Measure speed", new BenchPatchCommand(), new BenchExperimentsCommand(),
            new BenchTrainCommand(),
            new BenchClusterCommand()));
        root.Add(new NounCommand("journal", "Check the journal of all sweeps, write it out, read it in",
            new JournalVerifyCommand(),
            new JournalExportCommand(),
            new JournalImportCommand()));
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    /// <summary>A command that reads the journal, with the options that say where it is, or whom to ask.</summary>
    private static PbmCommand Reading(Func<Func<Call, ISweepJournal>, PbmCommand> make)
    {
        var data = new DataFolder();
        var command = make(call => ControlClient.Named(call, data) is { } node ? new NodeJournal(node)
            : data.Open(call, readOnly: true));
        foreach (var option in data.Options) command.Add(option);
        return command;
    }

    /// <summary>Runs one command line.</summary>
    public static ExitCode Run(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken interrupted,
        Func<bool>? terminated = null)
    {
        var json = new Option<bool>("--json")
        {
            Description = "Print the result as one JSON document on standard output",
            Recursive = true,
        };
        // A prompt may begin with '@', so that is no response file.
        var parsed = CreateRoot(json).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        // Looked up by hand because a command line that does not parse has no values.
        var asJson = arguments.TakeWhile(a => a != "--").Contains("--json");
        var call = new Call(parsed, terminal, asJson, interrupted, terminated);
        return Run(parsed, call, terminal);
    }

    private static ExitCode Run(ParseResult parsed, Call call, Terminal terminal)
    {
        try
        {
            if (parsed.Action is not (null or ParseErrorAction)) // --help, --version, completions
            {
                return (ExitCode)parsed.Invoke(new InvocationConfiguration
                {
                    Output = terminal.Out.Profile.Out.Writer,
                    Error = terminal.Error.Profile.Out.Writer,
                    EnableDefaultExceptionHandler = false, // what goes wrong is told as everywhere
                });
            }
            if (parsed.CommandResult.Command is not PbmCommand command) return call.Fail(
                Failure.BadArguments(VerbMissing(parsed)));
            if (parsed.Errors.Count > 0) return call.Fail(Failure.BadArguments(
                Mistake(parsed.Errors[0]) + Guess(parsed)));
            if (EmptyPath(parsed) is { } empty) return call.Fail(Failure.BadArguments(empty));
            OutputFile.CheckOptions(parsed);
            using var _ = call.Interrupted.Register(() => EndSoon(call, command));
            return command.Run(call);
        }
#pragma warning disable CA1031 // The edge of the program: whatever went wrong becomes an exit code and a sentence.
        catch (Exception e)
#pragma warning restore CA1031
        {
            call.Trace(e);
            return call.Fail(Failure.Of(e, call.Next));
        }
    }

    /// <summary>After SIGTERM, ends a command that does not look up from its work within four seconds, since who sent
    /// it soon kills. One that runs a node has units to hand back and stops in its own time.</summary>
    private static void EndSoon(Call call, PbmCommand command)
    {
        if (!call.IsTerminated || NodeSettings.AreOf(command)) return;
        new Thread(() =>
        {
            Thread.Sleep(TimeSpan.FromSeconds(4));
            TorchRuntime.ExitAtOnce((int)call.Fail(Failure.Of(new OperationCanceledException())));
        })
        { IsBackground = true }.Start();
    }

    /// <summary>What is wrong with a command line; the library begins its sentences large.</summary>
    internal static string Mistake(ParseError error) =>
        Failure.OneLine(error.Message is [var first, >= 'a' and <= 'z', ..]
            ? char.ToLowerInvariant(first) + error.Message[1..] : error.Message);

    /// <summary>"; did you mean '--threads'?" where an option that there is not is near one that there is.</summary>
    private static string Guess(ParseResult parsed)
    {
        var known = parsed.CommandResult.Command.Options.Where(o => !o.Hidden).Select(o => o.Name).Append("--json");
        var near = parsed.Tokens.Where(token => token.Type == TokenType.Argument)
            .Where(token => token.Value.StartsWith("--", StringComparison.Ordinal))
            .Select(token => Spelling.Nearest(known, token.Value.Split('=')[0]))
            .FirstOrDefault(word => word is not null);
        return near is null ? "" : $"; did you mean '{near}'?";
    }

    /// <summary>What is wrong where the name of a file or folder is an empty text; null where none is.</summary>
    private static string? EmptyPath(ParseResult parsed)
    {
        string[] paths = ["FILE", "FOLDER", "PATH", "MODEL", "RECIPE", "RUN", "TASK"];
        var command = parsed.CommandResult.Command;
        var options = command.Options.Select(o => (o.Name, What: o.HelpName ?? "", parsed.GetResult(o)?.Tokens));
        var arguments = command.Arguments
            .Select(a => (a.Name, What: a.HelpName ?? a.Name, parsed.GetResult(a)?.Tokens));
        var empty = options.Concat(arguments).FirstOrDefault(place => paths.Contains(place.What)
            && place.Tokens?.Any(token => token.Value.Length == 0) == true);
        return empty.Name is { } name ? $"{name}: expected a {empty.What.ToLowerInvariant()}, found an empty text"
            : null;
    }

    /// <summary>What is wrong where no command was recognised: a word that is none, or a verb left out.</summary>
    private static string VerbMissing(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var known = string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
        var place = command is RootCommand ? "pbm" : $"pbm {command.Name}";
        return parsed.UnmatchedTokens is [var word, ..]
            ? word.StartsWith('-') ? $"'{word}' is no option of '{place}', which has "
                + string.Join(", ", command.Options.Where(o => !o.Hidden).Select(o => o.Name))
            : $"'{word}' is no command of '{place}': expected {known}"
            : $"'{place}' needs a command: {known}";
    }
}

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Patchbay.Cli;

/// <summary>The help page, with the command's examples at its end.</summary>
internal sealed class HelpWithExamples(HelpAction page) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        page.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        output.WriteLine("Examples:");
        foreach (var example in ExamplesOf(command)) output.WriteLine($"  {example}");
        output.WriteLine();
        return 0;
    }

    /// <summary>A command's own examples; the root's are the first of each command under it.</summary>
    public static IEnumerable<string> ExamplesOf(Command command) => command is IHasExamples its
        ? its.Examples
        : command.Subcommands.OfType<IHasExamples>().Select(c => c.Examples[0]);
}

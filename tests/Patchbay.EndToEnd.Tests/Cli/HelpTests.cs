using System.CommandLine;

namespace Patchbay.Cli.Tests;

public sealed class HelpTests
{
    /// <summary>Every command's words, "" for the root.</summary>
    public static TheoryData<string> Commands() => [.. Walk(Root(), []).Select(words => string.Join(' ', words))];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_has_a_description_and_an_example(string words)
    {
        string[] path = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var command = Find(path);
        Assert.False(string.IsNullOrWhiteSpace(command.Description));

        var examples = HelpWithExamples.ExamplesOf(command).ToArray();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.StartsWith($"pbm {words}".TrimEnd(), example, StringComparison.Ordinal));

        var help = PbmRun.Of([.. path, "--help"]);
        Assert.Equal(ExitCode.Ok, help.Code);
        Assert.Contains("Examples:", help.Out, StringComparison.Ordinal);
        Assert.All(examples, example => Assert.Contains(example, help.Out, StringComparison.Ordinal));
        Assert.Empty(help.Error);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_option_and_argument_is_described(string words)
    {
        var command = Find(words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(command.Options, option => Assert.False(string.IsNullOrWhiteSpace(option.Description), option.Name));
        Assert.All(command.Arguments, argument => Assert.False(string.IsNullOrWhiteSpace(argument.Description),
            argument.Name));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_example_parses(string words)
    {
        foreach (var example in HelpWithExamples.ExamplesOf(Find(words.Split(' ',
            StringSplitOptions.RemoveEmptyEntries))))
        {
            var parsed = Root().Parse(example["pbm ".Length..]);
            Assert.Empty(parsed.Errors);
            Assert.IsAssignableFrom<PbmCommand>(parsed.CommandResult.Command);
        }
    }

    [Fact]
    public void Version_is_printed()
    {
        var run = PbmRun.Of("--version");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Matches(@"^\d+\.\d+\.\d+", run.Out);
    }

    private static RootCommand Root() =>
        CommandLine.CreateRoot(new Option<bool>("--json") { Recursive = true, Description = "JSON" });

    private static Command Find(string[] words) =>
        words.Aggregate((Command)Root(), (command, word) => command.Subcommands.Single(c => c.Name == word));

    private static IEnumerable<string[]> Walk(Command command, string[] words) =>
        [words, .. command.Subcommands.SelectMany(sub => Walk(sub, [.. words, sub.Name]))];
}

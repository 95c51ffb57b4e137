using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Patchbay.Cli.Tests;

/// <summary>Command lines with hostile values: each ends soon, with its exit code and one sentence that names the
/// option or the file, and says nothing of the program's insides.</summary>
public sealed partial class HostileArgumentTests(HostileFiles files) : IClassFixture<HostileFiles>
{
    private static readonly string[] NoWholeNumbers =
    [
        "", " ", "-1", "+7", "1.5", "1,5", "1e3", "1e309", "0x10", "NaN", "Infinity", "seven", "7seven", "7 ", "٣",
        "７", "99999999999999999999", new string('9', 5000), "7\n8", "--", "null", "1_000",
    ];

    public static TheoryData<string> Lines() => [.. HostileLines.Text.Split('\n', StringSplitOptions.TrimEntries)
        .Where(line => line.Length > 0)];

    [Fact]
    public void There_are_lines_enough() => Assert.InRange(Lines().Count, 100, 200);

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_hostile_line_gets_one_sentence(string line)
    {
        var parts = line.Split('|', StringSplitOptions.TrimEntries);
        var words = files.Put(parts[2]).Split(' ').Select(word => word == "''" ? "" : word).ToArray();
        var run = await Task.Run(() => PbmRun.Of(words)).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal((int.Parse(parts[0]), ""), ((int)run.Code, run.Out));
        AssertOneSentence(run.Error, files.Put(parts[1]));
    }

    [Fact]
    public void What_a_terminal_would_obey_is_not_written_to_it()
    {
        foreach (var run in (PbmRun[])[PbmRun.Of("model", "inspect", "a\u001b[31mX"),
            PbmRun.Of("patch", "models/tiny-base", "--groups", "A\u001b[31m")])
            Assert.DoesNotContain('\u001b', run.Error);
    }

    [Fact]
    public void Every_option_that_is_a_number_has_a_range_and_keeps_it()
    {
        var root = CommandLine.CreateRoot(new("--json"));
        var numbers = (from command in Walk(root, [])
                       from option in command.Command.Options
                       where option.ValueType == typeof(int) || option.ValueType == typeof(int?)
                           || option.ValueType == typeof(ulong) || option.ValueType == typeof(ulong?)
                       where option.Name != "--port"
                       select (command.Words, Option: option)).ToArray();
        Assert.True(numbers.Length > 50, $"only {numbers.Length} numbers found");
        foreach (var (words, option) in numbers)
        {
            var range = Range().Match(option.HelpName ?? "");
            Assert.True(range.Success || option.Name == "--seed", $"{string.Join(' ', words)} {option.Name}");
            string[] beyond = range.Success ? [$"{long.Parse(range.Groups[2].Value) + 1}",
                $"{long.Parse(range.Groups[1].Value) - 1}"] : [];
            foreach (var value in NoWholeNumbers.Concat(beyond))
            {
                var error = Assert.Single(root.Parse([.. words, .. Given(option, value)]).Errors,
                    e => e.Message.StartsWith($"{option.Name}: expected a whole number from ",
                        StringComparison.Ordinal));
                Assert.True(error.Message.Length < 200, error.Message);
            }
        }
    }

    // "--threads=" is an option without its value.
    private static string[] Given(Option option, string value) =>
        value.Length == 0 ? [option.Name, value] : [$"{option.Name}={value}"];

    /// <summary>Standard error holds one sentence, which names something and no insides of the program.</summary>
    internal static void AssertOneSentence(string errors, string part)
    {
        var sentence = Assert.Single(errors.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("error: ", sentence, StringComparison.Ordinal);
        Assert.Contains(part, sentence, StringComparison.Ordinal);
        Assert.DoesNotMatch(Insides(), sentence);
        Assert.InRange(sentence.Length, 12, 500);
    }

    private static IEnumerable<(Command Command, string[] Words)> Walk(Command command, string[] words) =>
        [(command, words), .. command.Subcommands.SelectMany(sub => Walk(sub, [.. words, sub.Name]))];

    [GeneratedRegex(@"^(\d+)\.\.(\d+)$")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(System|Patchbay|Microsoft|Akka|Torch\w*)\.[A-Z]|\w+Exception|   at |\(Parameter|Int32|UInt64")]
    private static partial Regex Insides();
}

/// <summary>Things that are given in the place of files.</summary>
public sealed class HostileFiles : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public HostileFiles()
    {
        using (var huge = File.Create(folder.File("huge"))) huge.SetLength(1L << 40);
        folder.File("empty", "");
        File.WriteAllBytes(folder.File("noise"), [0x80, 0xff, 0, 0x0a, 0xc3, 0x28]);
        File.CreateSymbolicLink(folder.File("link"), "/dev/zero");
        folder.File("many.conf", "patchbay.node { slots = 100000 }");
        folder.File("below.conf", "patchbay.node { threads = -1 }");
        folder.File("port.conf", "patchbay.node { port = 99999 }");
        folder.File("inner.conf", "patchbay.node { slots = { a = 1 } }");
        folder.File("unknown.conf", "patchbay.node { slot = 1 }");
        const string batch = """
            {"base_tokens": [[1, 2, 3, 4]], "source_tokens": [[1, 2, 3, 4]], "base_last_token_indices": [3],
             "source_last_token_indices": [3], "labels": [ID]}
            """;
        folder.File("batch.json", batch.Replace("ID", "7"));
        folder.File("beyond.json", batch.Replace("ID", "5000"));
        folder.File("left.json", "{\"source_tokens\": [[1, 2, 3, 4]]}");
        folder.File("d.json", "[9]");
        folder.File("one.json", "[1]");
        folder.File("two.json", "[1, 1]");
        File.CreateSymbolicLink(folder.File("loop"), folder.File("loop"));
        File.CreateSymbolicLink(folder.File("astray"), "nowhere");
        Directory.CreateDirectory(folder.File("folder/config.json"));
        Directory.CreateDirectory(folder.File("looped"));
        File.CreateSymbolicLink(folder.File("looped/config.json"), "config.json");
        using var made = Process.Start("mkfifo", folder.File("pipe"));
        made.WaitForExit();
    }

    /// <summary>A line with the paths put in.</summary>
    public string Put(string line) => line.Replace("{model}", Path.Combine(Repository.Root, "models", "tiny-base"))
        .Replace("{study}", Path.Combine(Repository.Root, "cluster-config", "studies", "quartet.yaml"))
        .Replace("{", folder.Path + "/").Replace("}", "");

    public void Dispose() => folder.Dispose();
}

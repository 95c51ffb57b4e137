using System.CommandLine;
using Patchbay.Cli.Arguments;
using Patchbay.Sweeps.Studies;

namespace Patchbay.Cli.Tests;

public sealed class ArgumentTests
{
    [Theory]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("4 gib", 4L << 30)]
    [InlineData("4Gi", 4L << 30)]
    [InlineData("4G", 4L << 30)]
    [InlineData("4GB", 4_000_000_000)]
    [InlineData("1.5MiB", 3L << 19)]
    [InlineData("5120KB", 5_120_000)]
    [InlineData("2TiB", 2L << 40)]
    [InlineData("2000000", 2_000_000)]
    [InlineData("2000000B", 2_000_000)]
    public void Amounts_of_memory_are_understood(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1GiB")]
    [InlineData("0")]
    [InlineData("1KB")]
    [InlineData("1000")]
    [InlineData("4GiBi")]
    [InlineData("4 parsecs")]
    [InlineData("1,5GiB")]
    [InlineData("1e3MiB")]
    [InlineData("99999999TiB")]
    public void What_is_no_amount_of_memory_is_refused(string text) =>
        Assert.Throws<FormatException>(() => ByteSize.Parse(text));

    [Theory]
    [InlineData(1, "1 B")]
    [InlineData(1023, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(14_155_776, "13.5 MiB")]
    [InlineData(4L << 30, "4 GiB")]
    [InlineData(13L * 1000 * 1000 * 1000, "12.1 GiB")]
    [InlineData(300L << 40, "300 TiB")]
    public void Amounts_of_memory_are_written_with_three_digits(long bytes, string text) =>
        Assert.Equal(text, ByteSize.Format(bytes));

    [Theory]
    [InlineData("float32", "float32")]
    [InlineData("FP32", "float32")]
    [InlineData("half", "float16")]
    [InlineData("bf16", "bfloat16")]
    [InlineData("double", "float64")]
    public void Dtypes_have_short_names(string text, string dtype) => Assert.Equal(dtype, Lists.Dtype(text));

    [Theory]
    [InlineData("cpu", "cpu")]
    [InlineData("cuda", "cuda")]
    [InlineData("cuda:3", "cuda:3")]
    public void Devices_are_understood(string text, string device) => Assert.Equal(device, Lists.Device(text));

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:x")]
    public void Other_devices_are_refused(string text) => Assert.Throws<FormatException>(() => Lists.Device(text));

    [Fact]
    public void Lists_are_separated_by_commas()
    {
        Assert.Equal([20, 5, 10, 5], Lists.Wholes("20, 5,10,5", WholeRange.Heads));
        Assert.Equal(["A", "C"], Lists.Groups("a,C"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1,,2")]
    [InlineData("1,")]
    [InlineData("0,5")]
    [InlineData("1;2")]
    public void Broken_lists_are_refused(string text) =>
        Assert.Throws<FormatException>(() => Lists.Wholes(text, WholeRange.Heads));

    [Fact]
    public void A_group_named_twice_is_refused() => Assert.Throws<FormatException>(() => Lists.Groups("A,B,a"));

    [Fact]
    public void An_option_names_itself_when_its_text_is_wrong()
    {
        var command = new Command("patch") { CommonOptions.Memory() };
        var error = Assert.Single(command.Parse("--memory much").Errors);
        Assert.StartsWith("--memory: expected an amount of memory such as 4GiB or 512MiB, from 1 MiB to 1024 TiB, "
            + "found 'much'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_left_out_have_their_defaults()
    {
        var (memory, dtype, threads, receivers) =
            (CommonOptions.Memory(), CommonOptions.Dtype(), CommonOptions.Threads(), CommonOptions.Receivers());
        var parsed = new Command("patch") { memory, dtype, threads, receivers }.Parse("--threads 2");
        Assert.Null(parsed.GetValue(memory));
        Assert.Equal("float32", parsed.GetValue(dtype));
        Assert.Equal(2, parsed.GetValue(threads));
        Assert.Null(parsed.GetValue(receivers));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("half")]
    [InlineData("1.5")]
    [InlineData("18446744073709551616")]
    public void A_seed_is_a_whole_number(string text) =>
        Assert.Equal($"expected a whole number from 0 to 18446744073709551615, found '{text}'",
            Assert.Throws<FormatException>(() => Lists.Whole(text, WholeRange.Seeds)).Message);

    [Fact]
    public void No_option_of_any_command_speaks_of_types()
    {
        static IEnumerable<string[]> Walk(Command command, string[] words) =>
            [words, .. command.Subcommands.SelectMany(sub => Walk(sub, [.. words, sub.Name]))];
        var root = CommandLine.CreateRoot(new("--json"));
        foreach (var words in Walk(root, []))
        {
            var command = root.Parse(words).CommandResult.Command;
            foreach (var option in command.Options)
            {
                var parsed = root.Parse([.. words, $"{option.Name}=?"]);
                Assert.All(parsed.Errors, error => Assert.DoesNotContain("System.", CommandLine.Mistake(error),
                    StringComparison.Ordinal));
            }
        }
    }

    [Theory]
    [InlineData("pbm sweep resume tiny-1")]
    [InlineData("pbm sweep resume tiny-1 --data ./data", "--data", "./data")]
    [InlineData("pbm sweep resume tiny-1 --data '/big disk/pbm'", "--data", "/big disk/pbm")]
    [InlineData("pbm sweep resume tiny-1 --data '~/it'\\''s'", "--data=~/it's")]
    public void A_command_to_be_typed_next_is_for_the_same_data_folder(string next, params string[] arguments)
    {
        var parsed = CommandLine.CreateRoot(new("--json")).Parse(["sweep", "show", "tiny-1", .. arguments]);
        Assert.Equal(next, new Call(parsed, Terminal.OfProcess(), false, default).Next("sweep resume tiny-1"));
    }

    [Fact]
    public void There_is_a_core_to_compute_on() => Assert.InRange(ProcessorCores.Available(), 1,
        Environment.ProcessorCount);
}

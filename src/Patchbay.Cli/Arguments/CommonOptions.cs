using System.CommandLine;
using System.CommandLine.Parsing;
using Patchbay.Cluster.Membership;

namespace Patchbay.Cli.Arguments;

/// <summary>Options that several commands share, each made anew for the command that takes it.</summary>
internal static class CommonOptions
{
    // Lists are not given as default values because the help page would join them by '|'.

    /// <summary>Receivers per group where none are asked for: those of the paper's base model.</summary>
    public static IReadOnlyList<int> DefaultReceivers { get; } = [20, 5, 10, 5];

    /// <summary>Groups where none are asked for.</summary>
    public static IReadOnlyList<string> DefaultGroups { get; } = ["A", "B", "C", "D"];

    /// <summary>Threads of one unit on this machine: with hundreds more than processors, nothing goes on.</summary>
    public static WholeRange ThreadsHere { get; } = new(1, (ulong)Math.Max(64, 2 * Environment.ProcessorCount));

    /// <summary>--memory 4GiB, or null.</summary>
    public static Option<long?> Memory() => Parsed<long?>("--memory", "SIZE",
        "Resident memory to stay within, for example 4GiB (default: what is free)", text => ByteSize.Parse(text));

    /// <summary>--dtype float32.</summary>
    public static Option<string> Dtype() => Parsed("--dtype", "DTYPE",
        $"Number format of weights and activations: {string.Join(", ", Lists.Dtypes)}", Lists.Dtype, "float32");

    /// <summary>--rotary float32.</summary>
    public static Option<string> Rotary() => Parsed("--rotary", "DTYPE",
        "Number format of rotary frequencies: float32, as the checkpoints' own code has them under every dtype, or "
            + "with --dtype float64 also float64, to compare with numbers that were made so",
        text => text is "float32" or "float64" ? text
            : throw new FormatException($"expected float32 or float64, found '{text}'"), "float32");

    /// <summary>--device cpu.</summary>
    public static Option<string> Device() => Parsed("--device", "DEVICE", "Where to compute: cpu or cuda:N",
        Lists.Device, "cpu");

    /// <summary>--threads N, or null.</summary>
    public static Option<int?> Threads() => Whole("--threads",
        "Threads to compute with (default: the physical cores available)", ThreadsHere);

    /// <summary>--receivers 20,5,10,5, or null, which stands for <see cref="DefaultReceivers"/>.</summary>
    public static Option<IReadOnlyList<int>?> Receivers() => Parsed<IReadOnlyList<int>?>("--receivers", "K,K,..",
        "How many of each group's most negative heads the next group's paths end in "
        + $"(default: {string.Join(',', DefaultReceivers)})", text => Lists.Wholes(text, WholeRange.Heads));

    /// <summary>--groups A,B,C,D, or null, which stands for <see cref="DefaultGroups"/>.</summary>
    public static Option<IReadOnlyList<string>?> Groups() => Parsed<IReadOnlyList<string>?>("--groups", "A,B,..",
        $"Groups of heads to look for (default: {string.Join(',', DefaultGroups)})", Lists.Groups);

    /// <summary>--seed 20.</summary>
    public static Option<ulong> Seed() => Parsed("--seed", "N", "Seed of everything drawn at random",
        text => Lists.Whole(text, WholeRange.Seeds), 20UL);

    /// <summary>--prompts 300, or another default.</summary>
    public static Option<int> Prompts(int standard = 300) =>
        Whole("--prompts", "Number of prompts", WholeRange.Prompts, standard);

    /// <summary>--boxes 7.</summary>
    public static Option<int> Boxes(string description = "Boxes per scene") =>
        Whole("--boxes", description, WholeRange.Boxes, 7);

    /// <summary>An option that is a whole number of a range, which the help page tells.</summary>
    public static Option<int> Whole(string name, string description, WholeRange range, int standard) =>
        Parsed(name, $"{range.Least}..{range.Most}", description, text => (int)Lists.Whole(text, range), standard);

    /// <summary>The same without a default value: null where it is not given.</summary>
    public static Option<int?> Whole(string name, string description, WholeRange range) =>
        Parsed<int?>(name, $"{range.Least}..{range.Most}", description, text => (int)Lists.Whole(text, range));

    /// <summary>An option that may be given several times, each with a list, whose items are read by
    /// <paramref name="parse"/>, which throws <see cref="FormatException"/>; null where it is not given.</summary>
    public static Option<IReadOnlyList<T>?> ListOf<T>(string name, string helpName, string description,
        Func<string, T> parse) => new(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result =>
            {
                try
                {
                    return [.. result.Tokens.SelectMany(token => Arguments.Lists.Items(token.Value)).Select(parse)];
                }
                catch (FormatException e)
                {
                    result.AddError($"{name}: {e.Message}");
                    return null;
                }
            },
        };

    /// <summary>HOST:PORT of a node.</summary>
    public static Argument<NodeAddress> Address(string description) => new("HOST:PORT")
    {
        Description = description,
        CustomParser = result => Read(result, "HOST:PORT", NodeAddress.Parse)!,
    };

    /// <summary>An option whose text is read by <paramref name="parse"/>, which throws
    /// <see cref="FormatException"/>.</summary>
    public static Option<T> Parsed<T>(string name, string helpName, string description, Func<string, T> parse,
        T? defaultValue = default)
    {
        var option = new Option<T>(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => Read(result, name, parse),
        };
        if (defaultValue is not null) option.DefaultValueFactory = _ => defaultValue;
        return option;
    }

    private static T? Read<T>(ArgumentResult result, string name, Func<string, T> parse)
    {
        if (result.Tokens is not [var given])
        {
            result.AddError($"{name}: expected once, found {result.Tokens.Count} times");
            return default;
        }
        try
        {
            return parse(given.Value);
        }
        catch (FormatException e)
        {
            result.AddError($"{name}: {e.Message}");
            return default;
        }
    }
}

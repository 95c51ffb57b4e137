using System.CommandLine;
using System.Globalization;
using Patchbay.Cli.Arguments;
using Patchbay.Lab.Constructed;

namespace Patchbay.Cli.Commands;

/// <summary>`pbm lab construct SIZE`: a model whose circuit is known, because it was built in.</summary>
internal sealed class LabConstructCommand : PbmCommand
{
    private readonly Argument<string> size = new("size")
    {
        Description = $"Which one: {string.Join(", ", ConstructedModel.Sizes.Select(s => s.Name))}",
        HelpName = "SIZE",
    };
    private readonly Option<string> folder = new("--out")
    {
        Description = "Folder of the checkpoint, new or empty",
        HelpName = "FOLDER",
        Required = true
    };
    private readonly Option<ulong> seed = CommonOptions.Parsed("--seed", "N",
        "Seed of the words' codes and of the decoys", text => Lists.Whole(text, WholeRange.Seeds), 1UL);
    private readonly Option<double> fetching = CommonOptions.Parsed("--fetching", "X",
        "How sharply the value fetchers look for the object that they are told, 0 to 1: less makes a base that knows "
            + "the answer but fetches badly", Share, 1.0);

    public LabConstructCommand() : base("construct", "Write a model whose circuit was compiled into it, not trained",
        "pbm lab construct small --out runs/constructed",
        "pbm lab construct grouped --out runs/grouped --seed 2",
        "pbm lab construct large --out runs/weak --fetching 0.3")
    {
        Add(size);
        foreach (var option in new Option[] { folder, seed, fetching }) Add(option);
    }

    public override ExitCode Run(Call call)
    {
        var (name, to) = (call.Get(size), call.Get(folder));
        var chosen = ConstructedModel.Sizes.FirstOrDefault(s => s.Name == name)
            ?? throw new InvalidDataException($"size: expected one of "
                + $"{string.Join(", ", ConstructedModel.Sizes.Select(s => s.Name))}, found '{name}'");
        if (File.Exists(to) || (Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any()))
            throw new InvalidDataException($"--out: expected a folder that is new or empty, found {to}");
        ConstructedModel.Write(to, chosen, call.Get(seed), call.Get(fetching));
        call.WriteLine($"{to}: {chosen.Layers} layers of {chosen.QueryHeads} heads, of which "
            + string.Join("; ", chosen.Heads.OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => $"{g.Key}={string.Join(' ', g.Value)}")));
        call.WriteJson(new
        {
            Folder = to,
            chosen.Layers,
            Heads = chosen.QueryHeads,
            chosen.KeyValueHeads,
            Circuit = chosen.Heads.ToDictionary(g => g.Key, g => g.Value.Select(h => $"{h}")),
        });
        return ExitCode.Ok;
    }

    private static double Share(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var x) && x is >= 0 and <= 1 ? x
            : throw new FormatException($"expected a number from 0 to 1, found '{text}'");
}

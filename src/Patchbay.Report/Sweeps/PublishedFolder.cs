using System.Text.Json;

namespace Patchbay.Report;

/// <summary>A folder of published results, as the paper's authors gave theirs: NAME/value_fetcher.json and so on with
/// scores by [layer][head], circuits/NAME_circuit.json with heads by group.</summary>
internal sealed class PublishedFolder
{
    private readonly string path;

    /// <param name="path">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">It is not there.</exception>
    public PublishedFolder(string path)
    {
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"there is no folder {path}");
        this.path = path;
    }

    /// <summary>Published scores by [layer, head], or null where there is no such file.</summary>
    /// <param name="model">Name of the model in the folder: "llama".</param>
    /// <param name="group">Name of the group in the folder: "value_fetcher".</param>
    /// <exception cref="InvalidDataException">The file holds no matrix.</exception>
    public double[,]? Scores(string model, string group)
    {
        var rows = Read<double[][]>(Path.Combine(path, model, $"{group}.json"));
        if (rows is null) return null;
        var width = rows.Length == 0 ? 0 : rows[0].Length;
        if (rows.Any(r => r.Length != width)) throw new InvalidDataException(
            $"{model}/{group}.json has rows of different lengths");
        var scores = new double[rows.Length, width];
        for (var l = 0; l < rows.Length; l++)
            for (var h = 0; h < width; h++) scores[l, h] = rows[l][h];
        return scores;
    }

    /// <summary>Published heads by group, or null where there is no such file.</summary>
    /// <param name="model">Name of the model in the folder: "llama".</param>
    /// <exception cref="InvalidDataException">The file holds no heads.</exception>
    public IReadOnlyDictionary<string, IReadOnlyList<Head>>? Circuit(string model)
    {
        var file = Path.Combine(path, "circuits", $"{model}_circuit.json");
        return Read<Dictionary<string, int[][]>>(file)?.ToDictionary(g => g.Key, IReadOnlyList<Head> (g) =>
            [.. g.Value.Select(HeadOf)]);

        Head HeadOf(int[] pair) => pair is [var layer, var head]
            ? new Head(layer, head)
            : throw new InvalidDataException($"{file}: a head is [layer, head], not [{string.Join(", ", pair)}]");
    }

    private static T? Read<T>(string file) where T : class
    {
        if (!File.Exists(file)) return null;
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(file))
                ?? throw new InvalidDataException($"{file} holds nothing");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file} is not as published results are: {e.Message}", e);
        }
    }
}

using System.Globalization;
using System.Text.Json;
using Patchbay.Cli.Results;

namespace Patchbay.Cli.Tests;

public sealed class ScoreFileTests
{
    private static readonly ScoreReport Report = new()
    {
        Model = "models/tiny",
        Task = "entity-tracking",
        Prompts = 300,
        Seed = 20,
        Dtype = "float32",
        Device = "cpu",
        Threads = 2,
        Evaluator = "cone",
        SecondsTotal = 1.5,
        PeakRssBytes = 123456789,
        Groups =
        [
            new("A", "value fetcher", new[,] { { 0, -1.0 / 3 }, { 1e-9, 0.1 } }, new[,] { { 0, 0.01 }, { 1e-10, double.NaN } }, [], 1),
            new("B", "position transmitter", new double[2, 2], new double[2, 2], [(0, 1), (1, 0)], 0.25),
        ],
    };

    [Fact]
    public void Json_has_scores_errors_receivers_and_times()
    {
        using var document = JsonDocument.Parse(ScoreFiles.ToJson(Report));
        var root = document.RootElement;
        var a = root.GetProperty("groups").GetProperty("A");
        Assert.Equal(-1.0 / 3, a.GetProperty("scores")[0][1].GetDouble());
        Assert.Equal(1e-9, a.GetProperty("scores")[1][0].GetDouble());
        Assert.Equal(JsonValueKind.Null, a.GetProperty("stderr")[1][1].ValueKind);
        Assert.Equal(1, a.GetProperty("seconds").GetDouble());
        var receivers = root.GetProperty("groups").GetProperty("B").GetProperty("receivers");
        Assert.Equal([[0, 1], [1, 0]], receivers.EnumerateArray().Select(r => r.EnumerateArray().Select(x => x.GetInt32()).ToArray()));
        Assert.Equal(1.5, root.GetProperty("seconds_total").GetDouble());
        Assert.Equal(123456789, root.GetProperty("peak_rss_bytes").GetInt64());
        Assert.Equal("models/tiny", root.GetProperty("model").GetString());
        Assert.False(root.TryGetProperty("fingerprint", out _));
    }

    [Fact]
    public void A_row_of_scores_is_a_line_of_json() =>
        Assert.Contains("[0, -0.3333333333333333]", ScoreFiles.ToJson(Report), StringComparison.Ordinal);

    [Fact]
    public void Csv_has_a_line_for_every_head_and_round_trip_numbers()
    {
        var lines = ScoreFiles.ToCsv(Report).TrimEnd('\n').Split('\n');
        Assert.Equal("group,layer,head,score,stderr", lines[0]);
        Assert.Equal(1 + 2 * 4, lines.Length);
        Assert.Equal("A,0,1,-0.3333333333333333,0.01", lines[2]);
        Assert.Equal("A,1,1,0.1,", lines[4]);
        Assert.Equal(-1.0 / 3, double.Parse(lines[2].Split(',')[3], CultureInfo.InvariantCulture));
    }

    [Fact]
    public void The_extension_says_the_form_of_a_file()
    {
        using var folder = new TemporaryFolder();
        ScoreFiles.Write(folder.File("new/scores.csv"), Report);
        ScoreFiles.Write(folder.File("scores.JSON"), Report);
        Assert.StartsWith("group,", File.ReadAllText(folder.File("new/scores.csv")), StringComparison.Ordinal);
        Assert.StartsWith("{", File.ReadAllText(folder.File("scores.JSON")), StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => ScoreFiles.FormatOf("scores.xlsx"));
        Assert.Equal(2, Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Count()); // nothing left over
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Parquet.Serialization;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Sweeps;

namespace Patchbay.Cli.Tests.Sweeps;

public sealed class SweepExportTests
{
    private static PbmRun Export(MadeSweep sweep, params string[] arguments) =>
        sweep.Pbm(open => new SweepExportCommand(open), ["export", sweep.Id, .. arguments]);

    [Theory]
    [InlineData("json")]
    [InlineData("csv")]
    [InlineData("npy")]
    [InlineData("parquet")]
    public void Sweeps_that_measured_the_same_give_the_same_bytes_whatever_the_times_the_node_and_the_order(
        string format)
    {
        var first = new MadeSweep("tiny-1").RunAll();
        var second = new MadeSweep("tiny-2", node: "another") { Pace = 7.5 }.RunAll(backwards: true);
        Assert.Equal(SweepStatus.Completed, second.State.Status);
        var (a, b) = (SweepExport.Files(first.State, format), SweepExport.Files(second.State, format));
        Assert.Equal(a.Select(f => f.Name), b.Select(f => f.Name));
        Assert.Equal(a.Select(f => f.Bytes), b.Select(f => f.Bytes));
        Assert.All(a, f => Assert.DoesNotContain("node-1", Encoding.UTF8.GetString(f.Bytes), StringComparison.Ordinal));
    }

    [Fact]
    public void Json_holds_what_was_measured_and_what_it_depends_on()
    {
        using var folder = new TemporaryFolder();
        var run = Export(new MadeSweep().RunAll(), "--out", folder.File("out"));
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var document = JsonDocument.Parse(File.ReadAllText(folder.File("out/scores.json"))).RootElement;
        Assert.Equal(("tiny", 20), (document.GetProperty("study").GetString(), document.GetProperty("seed")
            .GetInt32()));
        var model = document.GetProperty("models")[0];
        Assert.Equal("fingerprint-of-tiny-base", model.GetProperty("fingerprint").GetString());
        Assert.Equal((69, 130), (model.GetProperty("accuracy").GetProperty("right").GetInt32(),
            model.GetProperty("accuracy").GetProperty("count").GetInt32()));
        var group = model.GetProperty("groups").GetProperty("B");
        Assert.Equal("[[6, 0], [1, 1]]", group.GetProperty("receivers").GetRawText());
        Assert.Equal(MadeSweep.Score("tiny-base", "B", 3, 5), group.GetProperty("scores")[3][5].GetDouble());
        Assert.Equal((0.0, 0), (group.GetProperty("scores")[7][0].GetDouble(), group.GetProperty("samples")[7][0]
            .GetInt32()));
        Assert.Equal(300, group.GetProperty("samples")[3][5].GetInt32());
    }

    [Fact]
    public void Csv_has_a_line_for_every_head_and_a_file_of_accuracies()
    {
        var files = SweepExport.Files(new MadeSweep().RunAll().State, "csv")
            .ToDictionary(f => f.Name, f => Encoding.UTF8.GetString(f.Bytes));
        var lines = files["scores.csv"].TrimEnd().Split('\n');
        Assert.Equal("model,stage,group,layer,head,score,stderr,samples", lines[0]);
        Assert.Equal(2 * 2 * 64, lines.Length - 1);
        Assert.StartsWith("tiny-base,tiny-base/path-patching/A,A,0,0,", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(",0,0,0", lines[128], StringComparison.Ordinal); // head 7.7 of B is above every receiver
        Assert.StartsWith("tiny-base,69,130,0.53", files["accuracy.csv"].Split('\n')[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("csv", "results.csv")]
    [InlineData("json", "results.json")]
    [InlineData("parquet", "results.parquet")]
    public async Task Every_result_is_a_row_of_one_table_in_every_format_alike(string format, string name)
    {
        var state = new MadeSweep().RunAll().State;
        var bytes = SweepExport.Files(state, format).Single(f => f.Name == name).Bytes;
        var rows = format switch
        {
            "csv" => Encoding.UTF8.GetString(bytes).TrimEnd().Split('\n').Skip(1).Select(Row),
            "json" => JsonSerializer.Deserialize<ResultRow[]>(bytes)!,
            _ => (await ParquetSerializer.DeserializeAsync<ResultRow>(new MemoryStream(bytes))).Data,
        };
        Assert.Equal(ResultsTable.Rows(state), rows);
        Assert.Equal(state.InOrder.Sum(s => s.Results.Count()), rows.Count());
        Assert.Contains(rows, r => (r.Model, r.Kind, r.Unit, r.Item, r.Layer, r.Head) ==
            ("tiny-base", "path-patching", "layer-03", "3.5", 3, 5)
                && (r.Score, r.Mean, r.OfRight, r.Median)
                    == (MadeSweep.Score("tiny-base", "B", 3, 5), r.Score, 0.5, null));
    }

    private static ResultRow Row(string line)
    {
        var cells = line.Split(',');
        int? Whole(int i) => cells[i].Length == 0 ? null : int.Parse(cells[i], CultureInfo.InvariantCulture);
        double Real(int i) => double.Parse(cells[i], CultureInfo.InvariantCulture);
        double? RealOrNone(int i) => cells[i].Length == 0 ? null : Real(i);
        return new()
        {
            Study = cells[0],
            Model = cells[1],
            Kind = cells[2],
            Stage = cells[3],
            Unit = cells[4],
            Item = cells[5],
            Layer = Whole(6),
            Head = Whole(7),
            Position = cells[8].Length == 0 ? null : cells[8],
            Score = Real(9),
            Error = RealOrNone(10),
            Samples = Whole(11)!.Value,
            Seed = ulong.Parse(cells[12], CultureInfo.InvariantCulture),
            Fingerprint = cells[13],
            Mean = RealOrNone(14),
            OfRight = RealOrNone(15),
            Median = RealOrNone(16),
        };
    }

    [Fact]
    public void Matrices_are_what_numpy_reads()
    {
        var bytes = SweepExport.Files(new MadeSweep(layers: 6, heads: 4).RunAll().State, "npy")
            .Single(f => f.Name == "tiny-goat.B.scores.npy").Bytes;
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], bytes[..8]);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8));
        Assert.Equal(0, (10 + length) % 64);
        var header = Encoding.ASCII.GetString(bytes, 10, length);
        Assert.Equal("{'descr': '<f8', 'fortran_order': False, 'shape': (6, 4), }", header.TrimEnd(' ', '\n'));
        Assert.EndsWith("\n", header, StringComparison.Ordinal);
        Assert.Equal(10 + length + 6 * 4 * 8, bytes.Length);
        Assert.Equal(MadeSweep.Score("tiny-goat", "B", 2, 3),
            BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(10 + length + (2 * 4 + 3) * 8)));
    }

    [Fact]
    public void Circuits_have_the_form_of_the_published_ones()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(ExitCode.Ok, Export(new MadeSweep().RunAll(), "--format", "npy", "--out", folder.Path).Code);
        var circuit = new PublishedFolder(folder.Path).Circuit("tiny-goat")!;
        Assert.Equal(["value_fetcher", "pos_transmitter"], circuit.Keys);
        Assert.Equal(6, circuit["pos_transmitter"].Count);
        Assert.Empty(circuit["value_fetcher"].Intersect(circuit["pos_transmitter"]));
    }

    [Fact]
    public void An_unfinished_sweep_is_exported_only_where_that_is_asked_for_and_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        var sweep = new MadeSweep().Run(5);
        var refused = Export(sweep, "--out", folder.File("out"));
        Assert.Equal(ExitCode.BadInput, refused.Code);
        Assert.Contains("tiny-base/path-patching/A has 3 of 8 units, tiny-base/path-patching/B has not begun",
            refused.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("out")));

        var run = Export(sweep, "--out", folder.File("out"), "--partial", "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("note: not complete", run.Error, StringComparison.Ordinal);
        Assert.Equal(5, JsonDocument.Parse(run.Out).RootElement.GetProperty("missing").GetArrayLength());
        var groups = JsonDocument.Parse(File.ReadAllText(folder.File("out/scores.json")))
            .RootElement.GetProperty("models")[0].GetProperty("groups");
        Assert.Equal(JsonValueKind.Number, groups.GetProperty("A").GetProperty("scores")[2][0].ValueKind);
        Assert.Equal(JsonValueKind.Null, groups.GetProperty("A").GetProperty("scores")[3][0].ValueKind);
        var csv = Encoding.UTF8.GetString(SweepExport.Files(sweep.State, "csv")[0].Bytes);
        Assert.Contains("tiny-base,tiny-base/path-patching/A,A,3,0,,,\n", csv, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_that_is_not_there_and_a_format_that_is_none_are_named()
    {
        var sweep = new MadeSweep().RunAll();
        var run = sweep.Pbm(open => new SweepExportCommand(open), "export", "tiny-9", "--out", "nowhere");
        Assert.Equal((ExitCode.NotFound, "error: there is no sweep 'tiny-9': there is tiny-1\n"),
            (run.Code, run.Error));
        var format = Export(sweep, "--out", "nowhere", "--format", "xml");
        Assert.Equal(ExitCode.BadInput, format.Code);
        Assert.Contains("json, csv, npy, parquet", format.Error, StringComparison.Ordinal);
    }
}

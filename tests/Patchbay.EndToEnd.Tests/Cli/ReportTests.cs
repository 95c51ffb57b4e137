using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Cli.Tests.Sweeps;

namespace Patchbay.Cli.Tests;

public sealed class ReportTests
{
    private static readonly ReportInput Full = new MadeFindings(1).Input();
    private static readonly ReportDocument Document = SweepReport.Document(Full);
    private static readonly Dictionary<string, string> Files = SweepReport.Files(Full)
        .ToDictionary(f => f.Path, f => f.Text);

    /// <summary>Sections, and findings without what each is made of.</summary>
    public static TheoryData<string, Func<SweepFindings, SweepFindings>> Parts() => new()
    {
        { "accuracy", f => Without(f, m => m with { Accuracy = null }) },
        { "path-patching", f => Without(f, m => m with { Scores = [] }) },
        { "circuits", f => Without(f, m => m with { Circuit = new Dictionary<string, IReadOnlyList<Head>>() }) },
        { "overlap", f => f with { Models = [f.Models[0]] } },
        { "attention", f => Without(f, m => m with { Attention = [] }) },
        { "minimality", f => Without(f, m => m with { Minimality = [] }) },
        { "faithfulness", f => f with { Circuits = [] } },
        { "completeness", f => f with { Circuits = [.. f.Circuits.Select(c => c with { Completeness = [] })] } },
        { "dcm", f => Without(f, m => m with { Dcm = [] }) },
        { "functionality", f => Without(f, m => m with { Functionality = [] }) },
        { "cmap", f => f with { Cmap = [] } },
        { "knockout", f => Without(f, m => m with { Knockouts = [] }) },
        { "patched", f => Without(f, m => m with { Patched = [] }) },
        { "attribution", f => Without(f, m => m with { Attribution = [] }) },
    };

    [Fact]
    public void The_page_of_a_head_says_what_patching_it_and_cutting_its_layer_does()
    {
        var model = Full.Findings.Models[0];
        var head = model.Circuit["A"][0];
        var cmap = Full.Findings.Cmap.Select((c, i) => c with { Which = i == 0 ? [head] : [] }).ToArray();
        var input = Full with { Findings = Full.Findings with { Cmap = cmap } };
        var state = SweepDecider.Evolve(SweepState.None, new SweepPlanned(Full.Run.Plan, "test"));
        var sections = HeadSections.Of(input, state, head);
        Cell[][] Rows(string id) => [.. sections.Single(s => s.Id == id).Blocks.OfType<ReportTable>().Single().Rows
            .Select(r => r.ToArray())];
        Assert.Equal([$"{cmap[0].Donor} → {cmap[0].Into}", cmap[0].Form], Assert.Single(Rows("cmap")).Take(2)
            .Select(c => c.Text));
        var curve = model.Knockouts.First(k => k.From == "last");
        var cut = Rows("knockout").First(r => r[1].Text == model.Name);
        Assert.Equal($"last → {curve.To.Replace('_', ' ')}", cut[2].Text);
        Assert.Equal(Cell.Share(curve.ByLayer[head.Layer]).Text, cut[4].Text);
        Assert.Equal(Cell.Share(head.Layer + 1 < curve.ByLayer.Count ? curve.ByLayer[head.Layer + 1] : curve.Unchanged)
            .Text, cut[3].Text);
        Assert.DoesNotContain(HeadSections.Of(input, state, new(99, 0)), s => s.Id is "cmap" or "knockout");
    }

    [Theory]
    [MemberData(nameof(Parts))]
    public void A_section_is_there_with_its_findings_and_absent_without(string id, Func<SweepFindings,
        SweepFindings> without)
    {
        var section = Assert.Single(Document.Sections, s => s.Id == id);
        Assert.NotEmpty(section.Definition);
        Assert.NotEmpty(section.Source);
        Assert.Contains(section.Blocks, b => b is Figure or ReportTable);
        var html = Files["report.html"];
        Assert.Contains($"<section id=\"{id}\">", html, StringComparison.Ordinal);
        Assert.Contains($"href=\"#{id}\"", html, StringComparison.Ordinal);
        Assert.Contains($"href=\"data/{id}.json\"", html, StringComparison.Ordinal);
        Assert.Contains($"(data/{id}.json)", Files["report.md"], StringComparison.Ordinal);

        var less = Full with { Findings = without(Full.Findings) };
        Assert.DoesNotContain(SweepReport.Document(less).Sections, s => s.Id == id);
        var files = SweepReport.Files(less).ToDictionary(f => f.Path, f => f.Text);
        Assert.DoesNotContain($"id=\"{id}\"", files["report.html"], StringComparison.Ordinal);
        Assert.DoesNotContain($"data/{id}.json", files.Keys);
    }

    [Fact]
    public void Without_any_finding_a_report_still_says_what_was_run()
    {
        var nothing = new SweepFindings([.. Full.Findings.Models.Select(m =>
            new ModelFindings { Name = m.Name, Fingerprint = m.Fingerprint, Layers = m.Layers, Heads = m.Heads })],
                Full.Findings.Chain, [], []);
        Assert.Equal(["run", "reading"], SweepReport.Document(Full with { Findings = nothing, Training = [] })
            .Sections.Select(s => s.Id));
        Assert.Contains("training", Document.Sections.Select(s => s.Id));
        Assert.Contains("fingerprint-of-tiny-goat", Files["report.html"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_nothing_but_itself()
    {
        var html = Files["report.html"];
        Assert.All(Regex.Matches(html, "\\b(?:href|src|xlink:href|srcset|action|data)=\"([^\"]*)\"")
            .Select(m => m.Groups[1].Value),
            to => Assert.True(to.StartsWith('#') || Files.ContainsKey(to), to));
        foreach (var outside in new[] { "http:", "https:", "url(", "@import", "<script", "<link", "<img",
            "<iframe" }) Assert.DoesNotContain(outside, html,
            StringComparison.OrdinalIgnoreCase);
        var ids = Regex.Matches(html, "<section id=\"([^\"]+)\"").Select(m => m.Groups[1].Value).ToHashSet();
        Assert.All(Regex.Matches(html, "href=\"#([^\"]+)\"").Select(m => m.Groups[1].Value), id =>
            Assert.Contains(id, ids));
    }

    [Fact]
    public void The_page_is_well_formed_and_every_picture_is_in_it()
    {
        // Void elements closed, it is XML too.
        var html = Files["report.html"].Replace("<!doctype html>", "");
        var page = XDocument.Parse(Regex.Replace(html, "<meta ([^>]*)>", "<meta $1/>"));
        Assert.Equal(Document.Pictures.Count(), page.Descendants("svg").Count());
        Assert.Equal(Document.Sections.Count, page.Descendants("section").Count());
        Assert.All(page.Descendants("table"), table => Assert.Equal("r-scroll",
            (string?)table.Parent!.Attribute("class")));
        Assert.All(page.Descendants("svg"), svg => Assert.Equal("r-picture", (string?)svg.Parent!.Attribute("class")));
        Assert.Single(page.Descendants("style"));
    }

    [Fact]
    public void Every_file_that_the_markdown_names_is_written_and_every_picture_is_named()
    {
        var named = Regex.Matches(Files["report.md"], @"\]\(([^)]+)\)").Select(m => m.Groups[1].Value).ToArray();
        Assert.All(named, file => Assert.Contains(file, Files.Keys));
        Assert.Equal(Files.Keys.Where(f => f.EndsWith(".svg", StringComparison.Ordinal)).Order(),
            named.Where(f => f.EndsWith(".svg", StringComparison.Ordinal)).Order());
        Assert.Equal(Document.Pictures.Count(), Document.Pictures.Select(p => p.File).Distinct().Count());
    }

    [Fact]
    public void Every_picture_is_xml_without_a_number_that_is_none_and_with_styles_that_there_are()
    {
        foreach (var (path, text) in Files.Where(f => f.Key.EndsWith(".svg", StringComparison.Ordinal)))
        {
            var svg = XDocument.Parse(text).Root!;
            Assert.Equal("svg", svg.Name.LocalName);
            Assert.All(svg.DescendantsAndSelf().SelectMany(e => e.Attributes()), a =>
                Assert.DoesNotMatch("NaN|Infinity|∞", a.Value));
            var sheet = svg.Elements().Single(e => e.Name.LocalName == "style").Value;
            foreach (var style in svg.Descendants().SelectMany(e => ((string?)e.Attribute("class") ?? "")
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct())
                Assert.True(style == "d0" || Regex.IsMatch(sheet, $@"\.{style}\b"), $"{path}: {style}");
            Assert.Contains("prefers-color-scheme:dark", sheet, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Rows_of_tables_have_as_many_cells_as_columns() =>
        Assert.All(Document.Sections.SelectMany(s => s.Blocks).OfType<ReportTable>(), table =>
            Assert.All(table.Rows, row => Assert.Equal(table.Columns.Count, row.Count)));

    [Fact]
    public void Numbers_in_tables_are_the_findings()
    {
        var accuracy = Table("accuracy");
        foreach (var (row, model) in accuracy.Rows.Zip(Full.Findings.Models))
        {
            var right = model.Accuracy!.Right;
            Assert.Equal((model.Name, Text(right.Share), $"{Text(right.Interval.Low)}–{Text(right.Interval.High)}"),
                (row[0].Text, row[3].Text, row[3].Aside));
        }
        Assert.Equal(["0.66", "0.67", "0.82", "0.82"], accuracy.Rows.Select(r => r[2].Text));
        foreach (var (row, c) in Table("faithfulness").Rows.Zip(Full.Findings.Circuits))
            Assert.Equal((c.CircuitOf, c.Model, Text(c.Full.Share), Text(c.Circuit.Share),
                Text(c.Faithfulness, "0.00")),
                (row[0].Text, row[1].Text, row[3].Text, row[4].Text, row[7].Text));
        foreach (var (row, c) in Table("cmap").Rows.Zip(Full.Findings.Cmap))
            Assert.Equal((c.Form, Text(c.Patched.Share), Text(Math.Abs(c.Patched.Share - c.Floor.Share))),
                (row[1].Text, row[4].Text, row[7].Text.TrimStart('+', '−')));
        var kept = Full.Findings.Models.SelectMany(m => m.Dcm).ToArray();
        Assert.Equal(kept.Select(d => $"{d.Heads.Count} of {d.GroupSize}, {Text(d.Test.Share)}"), Table("dcm")
            .Rows.Select(r => $"{r[3].Text} of {r[4].Text}, {r[6].Text}"));
        Assert.Equal(["40", "5", "14", "–"], Table("dcm").Rows.Take(4).Select(r => r[5].Text));
        Assert.Equal(Full.Findings.Models.SelectMany(m => m.Knockouts).Select(k => Text(k.ByLayer[0].Share)),
            Table("knockout").Rows.Select(r => r[3].Text));
        Assert.Equal(Full.Findings.Models.SelectMany(m => m.Attribution).Select(a => Text(a.RankCorrelation, "0.00")),
            Table("attribution").Rows.Select(r => r[3].Text));
        Assert.Equal(Full.Findings.Models.SelectMany(m => m.Patched).Select(p => Text(p.Right.Share)), Table("patched")
            .Rows.Select(r => r[3].Text));
        Assert.Equal(Full.Findings.Models[2].Functionality.Select(f => Text(f.Mean.Value)), Table("functionality")
            .Rows.Select(r => r[5].Text));
    }

    [Fact]
    public void The_same_answers_are_said_not_to_differ_and_other_ones_to()
    {
        var models = Full.Findings.Models;
        var same = Full with
        {
            Findings = Full.Findings with
            {
                Models = [models[0],
            models[1] with { Accuracy = models[0].Accuracy }, .. models.Skip(2)]
            }
        };
        var rows = SweepReport.Document(same).Sections.Single(s => s.Id == "accuracy").Blocks.OfType<ReportTable>()
            .Single().Rows;
        Assert.Equal("not significant (p = 1)", rows[1][^1].Text);
        Assert.Equal("p < .001", rows[3][^1].Text);
        Assert.Contains("McNemar's exact test", Notes(Document, "accuracy"), StringComparison.Ordinal);
        // Without answers prompt by prompt nothing can be paired.
        var unpaired = Full with
        {
            Findings = Without(Full.Findings, m =>
            m with { Accuracy = m.Accuracy! with { Answers = [] } })
        };
        Assert.Contains("two-proportion z test", Notes(SweepReport.Document(unpaired), "accuracy"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Masks_functionality_and_knockouts_are_paired_where_single_answers_were_recorded()
    {
        var paired = Full with
        {
            Findings = Without(Full.Findings, m => m with
            {
                Dcm = [.. m.Dcm.Select(d => d with { TestAnswers = Some(d.Test), AllHeadsAnswers = Some(d.AllHeads) })],
                Functionality = [.. m.Functionality.Select(f => f with { Answers = [.. f.Seeds.SelectMany(Some)] })],
                Knockouts = [.. m.Knockouts.Select(k => k with { UnchangedAnswers = Some(k.Unchanged),
                    LayerAnswers = [.. k.ByLayer.Select(Some)] })],
            })
        };
        foreach (var section in new[] { "dcm", "functionality", "knockout" })
        {
            Assert.Contains("McNemar's exact test", Notes(SweepReport.Document(paired), section),
                StringComparison.Ordinal);
            Assert.Contains("two-proportion z test", Notes(Document, section), StringComparison.Ordinal);
        }

        static IReadOnlyList<bool> Some(Tasks.Proportion share) =>
            [.. Enumerable.Range(0, share.Count).Select(i => i < share.Right)];
    }

    [Fact]
    public void Circuits_judged_at_their_positions_alone_have_figures_of_their_own()
    {
        var own = Full with
        {
            Findings = Full.Findings with
            {
                Circuits = [.. Full.Findings.Circuits.Select(c =>
            c with { ElsewhereOwn = true }), .. Full.Findings.Circuits]
            }
        };
        foreach (var section in SweepReport.Document(own).Sections.Where(s => s.Id is "faithfulness" or "completeness"))
        {
            var figures = section.Blocks.OfType<Figure>().ToArray();
            Assert.Equal(2, figures.Length);
            Assert.Equal(figures[0].Pictures.Select(p => p.FileOf(section).Replace(".svg", "-elsewhere-own.svg")),
                figures[1].Pictures.Select(p => p.FileOf(section)));
            var rows = section.Blocks.OfType<ReportTable>().First().Rows;
            Assert.Equal(["", "elsewhere own"], rows.Select(r => r[0].Aside).Distinct());
        }
    }

    [Fact]
    public void Names_are_escaped_in_the_page_in_the_markdown_and_in_pictures()
    {
        const string evil = "a<b>&\"|_*c";
        var models = Full.Findings.Models;
        var named = Full with
        {
            Findings = Full.Findings with
            {
                Models = [models[0] with { Name = evil },
            .. models.Skip(1)]
            }
        };
        var files = SweepReport.Files(named).ToDictionary(f => f.Path, f => f.Text);
        Assert.Contains("a&lt;b&gt;&amp;&quot;|_*c", files["report.html"], StringComparison.Ordinal);
        Assert.DoesNotContain("a<b>", files["report.html"], StringComparison.Ordinal);
        Assert.Contains(@"| a\<b\>&""\|\_\*c |", files["report.md"], StringComparison.Ordinal);
        Assert.All(files.Where(f => f.Key.EndsWith(".svg", StringComparison.Ordinal)), f => XDocument.Parse(f.Value));
        Assert.Contains(files.Keys, f => f == "figures/circuits-a-b----_-c.svg");
    }

    [Fact]
    public void Data_hold_all_that_was_found()
    {
        using var all = JsonDocument.Parse(Files["data.json"]);
        var goat = all.RootElement.GetProperty("findings").GetProperty("models")[2];
        Assert.Equal(Full.Findings.Models[2].Accuracy!.Right.Right, goat.GetProperty("accuracy").GetProperty("right")
            .GetProperty("right").GetInt32());
        Assert.Equal(Full.Findings.Models[2].Scores[1].Scores[2, 3], goat.GetProperty("scores")[1]
            .GetProperty("scores")[2][3].GetDouble());
        Assert.Equal(Full.Findings.Models[2].Circuit["A"][0].ToString(), goat.GetProperty("circuit").GetProperty("A")[0]
            .GetString());
        using var cmap = JsonDocument.Parse(Files["data/cmap.json"]);
        Assert.Equal(Full.Findings.Cmap.Select(c => c.Patched.Share), cmap.RootElement.EnumerateArray()
            .Select(c => c.GetProperty("patched").GetProperty("share").GetDouble()));
    }

    [Fact]
    public void A_number_that_is_not_there_is_null_in_the_data_and_a_dash_in_the_report()
    {
        var models = Full.Findings.Models;
        var none = Full with
        {
            Findings = Without(Full.Findings, m =>
            m with { Accuracy = m.Accuracy! with { Rank = new(double.NaN, double.NaN, 0) } })
        };
        var files = SweepReport.Files(none).ToDictionary(f => f.Path, f => f.Text);
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(files["data/accuracy.json"]).RootElement[0]
            .GetProperty("accuracy").GetProperty("rank").GetProperty("value").ValueKind);
        Assert.All(files.Values, text => Assert.DoesNotContain("NaN", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Published_figures_of_the_tiny_quartet_are_said_to_be_of_other_models()
    {
        Assert.Contains("are not the paper's", Document.Lead, StringComparison.Ordinal);
        Assert.Contains("published (7B)", Table("cmap").Columns.Select(c => c.Heading));
    }

    [Fact]
    public void The_circuit_s_paths_lead_upwards_from_group_to_group()
    {
        var picture = XDocument.Parse(Files["figures/circuits-tiny-base.svg"]);
        var heads = Full.Findings.Models[0].Circuit.Values.Sum(h => h.Count);
        Assert.Equal(heads, picture.Descendants().Count(e => e.Name.LocalName == "circle"));
        var circuit = Full.Findings.Models[0].Circuit;
        var paths = circuit["A"].Count + new[] { ("B", "A"), ("C", "B"), ("D", "C") }.Sum(p => circuit[p.Item1]
            .Sum(from => circuit[p.Item2].Count(to => to.Layer > from.Layer)));
        Assert.Equal(paths, picture.Descendants().Count(e => e.Name.LocalName == "path"));
    }

    private static string Text(double value, string format = "0.000") =>
        value.ToString(format, CultureInfo.InvariantCulture);

    private static ReportTable Table(string section) => Document.Sections.Single(s => s.Id == section)
        .Blocks.OfType<ReportTable>().First();

    private static string Notes(ReportDocument report, string section) =>
        string.Concat(report.Sections.Single(s => s.Id == section).Blocks.OfType<Note>().Select(n => n.Text));

    private static SweepFindings Without(SweepFindings findings, Func<ModelFindings, ModelFindings> change) =>
        findings with { Models = [.. findings.Models.Select(change)] };
}

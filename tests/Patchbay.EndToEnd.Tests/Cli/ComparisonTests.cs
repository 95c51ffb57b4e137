using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Cli.Tests.Sweeps;
namespace Patchbay.Cli.Tests;

public sealed class ComparisonTests
{
    private static readonly ReportInput First = new MadeFindings(1).Input();
    private static readonly ReportInput Second = new MadeFindings(2).Input();

    private static SweepComparison Compare(SweepFindings second, RunFacts? secondRun = null) =>
        SweepComparison.Of(new(First.Run, First.Findings), new(secondRun ?? First.Run, second));

    [Fact]
    public void A_sweep_does_not_differ_from_itself()
    {
        var comparison = Compare(First.Findings);
        Assert.All(comparison.Figures, f => Assert.Equal(f.First, f.Second));
        Assert.All(comparison.Figures.Where(f => f.Difference is not null), f =>
            Assert.Equal((0.0, 1.0), (f.Difference!.Value, f.Difference.P)));
        Assert.All(comparison.Overlaps, o => Assert.Equal((1.0, 1.0, 1.0),
            (o.Overlap.Precision, o.Overlap.Recall, Math.Round(o.Overlap.RankCorrelation, 9))));
        Assert.Equal(["accuracy", "circuit accuracy", "faithfulness", "DCM heads kept", "DCM accuracy", "functionality",
            "CMAP", "knockout"],
            comparison.Figures.Select(f => f.Part).Distinct());
    }

    [Fact]
    public void Answers_to_the_same_prompts_are_paired_and_those_to_other_prompts_are_not()
    {
        // 10 prompts that only the first gets right, 2 that only the second does: McNemar's p is 2 (1 + 12 + 66) /
        // 2^12.
        var answers = First.Findings.Models[0].Accuracy!.Answers.ToArray();
        var (right, wrong) = (Enumerable.Range(0, answers.Length).Where(i => answers[i]).Take(10).ToArray(),
            Enumerable.Range(0, answers.Length)
            .Where(i => !answers[i]).Take(2).ToArray());
        bool[] others = [.. answers.Select((a, i) => right.Contains(i) ? false : wrong.Contains(i) || a)];
        var second = With(First.Findings, new Proportion(others.Count(a => a), others.Length), others);
        var paired = Compare(second).Figures[0];
        Assert.Equal(("accuracy", "tiny-base", "McNemar"), (paired.Part, paired.Name, paired.Test));
        Assert.Equal(-8.0 / answers.Length, paired.Second - paired.First, 1e-12);
        Assert.Equal(158 / 4096.0, paired.Difference!.P, 1e-12);

        var plan = First.Run.Plan with { Seed = First.Run.Plan.Seed + 1 };
        var independent = Compare(second, First.Run with { Plan = plan });
        Assert.False(independent.SamePrompts);
        Assert.Equal("z", independent.Figures[0].Test);
        Assert.False(independent.Figures[0].Difference!.IsSignificant);
        Assert.All(independent.Figures.Where(f => f.Difference is not null), f => Assert.False(f.Difference!.IsPaired));
    }

    [Fact]
    public void A_clear_difference_is_significant_and_its_interval_is_around_it()
    {
        var figure = Compare(With(First.Findings, new Proportion(450, 500), [])).Figures[0];
        Assert.True(figure.Difference is { IsSignificant: true } d && d.Low < d.Value && d.Value < d.High && d.Low > 0);
        Assert.Equal("z", figure.Test);
    }

    [Fact]
    public void Models_of_no_common_name_are_compared_in_order_and_others_left_out()
    {
        SweepFindings renamed = First.Findings with
        {
            Models = [.. First.Findings.Models.Select(m => m with { Name = "new-" + m.Name })],
            Circuits = [.. First.Findings.Circuits.Select(c => c with { CircuitOf = "new-" + c.CircuitOf, Model = "new-"
                + c.Model })]
        };
        var ordered = Compare(renamed);
        Assert.Equal("tiny-base | new-tiny-base", ordered.Models[0].Name);
        Assert.Equal(First.Findings.Circuits.Count, ordered.Figures.Count(f => f.Part == "faithfulness"));
        Assert.Contains(ordered.Notes, n => n.Contains("in order", StringComparison.Ordinal));
        var fewer = Compare(First.Findings with { Models = [First.Findings.Models[2]] });
        Assert.Equal(["tiny-goat"], fewer.Models.Select(m => m.Name));
        Assert.DoesNotContain(fewer.Figures, f => f.Name.Contains("tiny-float", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_models_of_a_sweep_are_compared_on_the_same_prompts()
    {
        ComparedSide Side(string model) => ComparedSide.Of(First.Run, First.Findings, model);
        var comparison = SweepComparison.Of(Side("tiny-base"), Side("tiny-goat"));
        Assert.True(comparison.SamePrompts);
        Assert.Empty(comparison.Notes);
        Assert.Equal("tiny-base | tiny-goat", Assert.Single(comparison.Models).Name);
        var (a, b) = (First.Findings.Models[0].Accuracy!,
            First.Findings.Models.Single(m => m.Name == "tiny-goat").Accuracy!);
        var accuracy = comparison.Figures.Single(f => f.Part == "accuracy");
        Assert.Equal((a.Right.Share, b.Right.Share, "McNemar"), (accuracy.First, accuracy.Second, accuracy.Test));
        Assert.Contains(ComparisonReport.Create(comparison).Sections, s => s.Id == "heads");
        Assert.Equal(("a-1", "b"), ComparedSide.Split("a-1:b"));
        Assert.Contains("no model 'x', only tiny-base", Assert.Throws<InvalidDataException>(() => Side("x")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_knockout_s_layer_is_the_one_of_the_greatest_difference_and_its_p_is_corrected()
    {
        var curve = First.Findings.Models[0].Knockouts[0];
        Proportion[] changed = [.. curve.ByLayer.Select((p, l) => l == 3 ? p with { Right = p.Right + 40 } : p)];
        var model = First.Findings.Models[0] with { Knockouts = [curve with { ByLayer = changed }] };
        var second = First.Findings with { Models = [model, .. First.Findings.Models.Skip(1)] };
        var figure = Compare(second).Figures.First(f => f.Part == "knockout");
        Assert.Equal("tiny-base, last → correct object from layer 3", figure.Name);
        Assert.Equal(Math.Min(1, changed.Length * ShareDifference.Independent(curve.ByLayer[3], changed[3]).P),
            figure.Difference!.P, 1e-12);
    }

    [Fact]
    public void The_report_of_a_comparison_has_all_its_figures()
    {
        var comparison = SweepComparison.Of(new(First.Run, First.Findings), new(Second.Run, Second.Findings));
        var report = ComparisonReport.Create(comparison);
        Assert.Equal(comparison.Figures.Count, report.Sections.Single(s => s.Id == "figures")
            .Blocks.OfType<ReportTable>().Single().Rows.Count);
        Assert.DoesNotContain("NaN", HtmlWriter.Write(report), StringComparison.Ordinal);
        Assert.All(report.Sections.SelectMany(s => s.Blocks).OfType<ReportTable>(), t =>
            Assert.All(t.Rows, r => Assert.Equal(t.Columns.Count, r.Count)));
    }

    private static SweepFindings With(SweepFindings findings, Proportion right, bool[] answers) => findings with
    {
        Models = [findings.Models[0] with { Accuracy = findings.Models[0]
            .Accuracy! with { Right = right, Answers = answers } }, .. findings.Models.Skip(1)],
    };
}

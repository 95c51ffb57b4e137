using Patchbay.Cli.Tests.Sweeps;

namespace Patchbay.Cli.Tests;

public sealed class WordsTests
{
    private static readonly ReportInput Full = new MadeFindings(1).Input();

    [Fact]
    public void Differences_are_told_where_they_are_significant_and_else_said_to_be_not_shown()
    {
        bool[] answers = [.. Enumerable.Range(0, 500).Select(i => i < 300)];
        bool[] fewer = [.. answers.Select((a, i) => a && i >= 40)], same = [.. answers.Select((a, i) => a && i >= 2)];
        bool[] more = [.. answers.Select((a, i) => a || i >= 440)];
        var own = Full.Findings.Models[0];
        var found = Sentences(Full.Findings with
        {
            Models = [.. new[] { ("base", answers), ("chat", fewer), ("goat", same), ("float", more) }
                .Select(m => new ModelFindings
                {
                    Name = m.Item1, Fingerprint = "", Layers = 2, Heads = 2,
                    Accuracy = own.Accuracy! with { Right = new(m.Item2.Count(a => a), 500), Answers = m.Item2 },
                })],
            Circuits = [],
            Cmap = [],
        });
        Assert.Equal(
        [
            "base answers 0.600 (0.556 to 0.642) of 500 prompts.",
            "float (+0.120, p < .001) answers more than base.",
            "chat (−0.080, p < .001) answers fewer than base.",
            "Of goat (−0.004, p = .50) no difference from base is shown.",
        ], found);
    }

    [Fact]
    public void A_group_without_a_significant_head_is_said_to_have_none()
    {
        var models = Full.Findings.Models.Select(m => m with
        {
            Scores = [.. m.Scores.Select(s => Hundred(s.Group.Name == "B" ? s with { Scores = new double[6, 8] } : s))],
        }).ToArray();
        var found = Sentences(Full.Findings with { Models = models });
        Assert.Contains("B, position transmitter, path patching: no head is significantly below zero in tiny-base, "
            + "tiny-chat, tiny-goat and tiny-float.", found);
        var first = models[0].Scores[0].Significant();
        Assert.Contains(found, s => s.StartsWith($"A, value fetcher, path patching: {first.Count} heads of tiny-base "
            + $"significantly below zero, the strongest {first[0]} (−", StringComparison.Ordinal)
            && s.Contains($"; tiny-chat has {models[1].Scores[0].Significant().Count}, "
                + $"{models[1].Scores[0].Significant().Intersect(first).Count()} of tiny-base's among them",
                StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_study_did_not_ask_for_is_named()
    {
        var section = WordsSections.Found(Full)!;
        var note = Assert.Single(section.Blocks.OfType<Note>()).Text;
        Assert.Contains("what heads carry (dcm)", note, StringComparison.Ordinal);
        Assert.DoesNotContain("path-patching", note, StringComparison.Ordinal);
    }

    // The made-up scores have errors but no numbers of prompts.
    private static PathScores Hundred(PathScores scores)
    {
        var samples = new double[6, 8];
        foreach (var head in Head.All(6, 8)) samples[head.Layer, head.Index] = 100;
        return scores with { Samples = samples };
    }

    private static IReadOnlyList<string> Sentences(SweepFindings findings) => Assert.Single(
        WordsSections.Found(Full with { Findings = findings })!.Blocks.OfType<Statements>()).Items;
}

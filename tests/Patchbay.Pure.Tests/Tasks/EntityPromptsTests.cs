namespace Patchbay.Tasks.Tests;

public class EntityPromptsTests
{
    [Fact]
    public void Positions_are_where_the_method_says()
    {
        var encoder = new WordEncoder();
        var set = EntityPrompts.Generate(new EntityOptions(21), encoder.Encode);
        for (var i = 0; i < set.Count; i++)
        {
            var clean = set.Prompts[i].Clean;
            Assert.Equal(54, clean.Ids.Length);
            for (var k = 0; k < 7; k++)
            {
                Assert.Equal(2 + 7 * k, clean.Positions[$"object_{k}"]);
                Assert.Equal(6 + 7 * k, clean.Positions[$"label_{k}"]);
                Assert.Equal(7 + 7 * k, clean.Positions[$"separator_{k}"]);
            }
            Assert.Equal(53, clean.Positions["last"]);
            Assert.Equal(51, clean.Positions["query_label"]);
            Assert.Equal(6 + 7 * (i % 7), clean.Positions["previous_query_label"]);
            Assert.Equal(clean.Ids[2 + 7 * (i % 7)], set.Answers[i]);
        }
        Assert.Equal(["scene 1, box 1", "scene 3, box 7"], [set.Prompts[0].Origin, set.Prompts[^1].Origin]);
    }

    [Theory]
    [InlineData(true, 1), InlineData(false, 0)]
    public void Positions_follow_the_tokens_not_a_formula(bool addsBegin, int begin)
    {
        // "Box" is two tokens here and "contains" too: segments of 8 tokens, the label 3 before the last.
        var encoder = new WordEncoder { Split = ["Box", "contains"], AddsBegin = addsBegin };
        var clean = EntityPrompts.Generate(new EntityOptions(3, 1, 3), encoder.Encode).Prompts[1].Clean;
        Assert.Equal(begin + 1 + 8, clean.Positions["object_1"]);
        Assert.Equal(begin + 6 + 8, clean.Positions["label_1"]);
        Assert.Equal(begin + 7 + 8, clean.Positions["separator_1"]);
        Assert.Equal(clean.Ids.Length - 4, clean.Positions["query_label"]);
        Assert.Equal(begin + 6 + 8, clean.Positions["previous_query_label"]);
    }

    [Fact]
    public void Counterfactuals_carry_over_neither_scene_nor_position_nor_label()
    {
        for (var seed = 0UL; seed < 40; seed++)
        {
            foreach (var boxes in new[] { 2, 7, 10 })
            {
                var words = EntityWords.All;
                var scenes = EntityTracking.Scenes(new EntityOptions(70, seed, boxes), words);
                var lines = EntityTracking.Lines(scenes);
                foreach (var (line, other) in lines.Zip(EntityCounterfactuals.Draw(lines, scenes, words.Labels, seed)))
                {
                    Assert.NotEqual(line.Scene.Context, other.Scene.Context);
                    Assert.Contains(other.Scene, scenes);
                    Assert.Equal((line.Queried + 1) % boxes, other.Queried);
                    Assert.DoesNotContain(other.Label, other.Scene.Labels);
                    Assert.NotEqual(line.Label, other.Label);
                    Assert.InRange(other.LabelSegment, 0, boxes - 1);
                }
            }
        }
    }

    [Fact]
    public void Counterfactuals_reach_every_other_scene_letter_and_segment()
    {
        var scenes = EntityTracking.Scenes(new EntityOptions(700), EntityWords.All);
        var lines = EntityTracking.Lines(scenes);
        var drawn = EntityCounterfactuals.Draw(lines, scenes, EntityWords.All.Labels, 3);
        Assert.InRange(drawn.Select(other => other.Scene.Context).Distinct().Count(), 95, 100);
        Assert.Equal(26, drawn.Select(other => other.Label).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 7), drawn.Select(other => other.LabelSegment).Distinct().Order());
    }

    [Fact]
    public void A_counterfactual_as_tokens_reads_group_d_at_a_label_of_its_own()
    {
        var set = EntityPrompts.Generate(new EntityOptions(300), new WordEncoder().Encode);
        foreach (var prompt in set.Prompts)
        {
            var (ids, positions) = (prompt.Counterfactual.Ids, prompt.Counterfactual.Positions);
            Assert.Equal(prompt.Clean.Ids.Length, ids.Length);
            Assert.Single(ids, id => id == ids[positions["query_label"]]);
            Assert.Equal(6, positions["previous_query_label"] % 7);
            Assert.EndsWith("contains the", prompt.Counterfactual.Text, StringComparison.Ordinal);
        }
        Assert.Equal(7, set.CounterfactualPositions("previous_query_label").Distinct().Count());
    }

    [Fact]
    public void A_seed_gives_the_same_set_and_another_seed_another()
    {
        var encoder = new WordEncoder();
        var (a, b, c) = (Flat(20), Flat(20), Flat(21));
        Assert.Equal(a, b);
        Assert.NotEqual(a, c);
        string Flat(ulong seed) => string.Join('\n', EntityPrompts.Generate(new EntityOptions(30, seed), encoder.Encode)
            .Prompts.Select(p => $"{p.Clean.Text} {p.Counterfactual.Text} "
                + $"{p.Counterfactual.Positions["previous_query_label"]}"));
    }

    [Fact]
    public void One_prompt_alone_has_a_counterfactual_from_another_scene()
    {
        var prompt = Assert.Single(EntityPrompts.Generate(new EntityOptions(1), new WordEncoder().Encode).Prompts);
        Assert.NotEqual(prompt.Clean.Text, prompt.Counterfactual.Text);
    }

    [Fact]
    public void A_file_loads_as_prompts()
    {
        var lines = EntityTracking.Generate(new EntityOptions(20, 20, 4), EntityWords.All);
        using var file = new TemporaryFile(EntityFile.Format(lines));
        var set = EntityPrompts.Load(file.Path, new WordEncoder().Encode, 20, prompts: 6);
        Assert.Equal(lines.Take(6).Select(line => line.Prompt), set.Prompts.Select(prompt => prompt.Clean.Text));
        Assert.EndsWith("/prompts.jsonl, line 6", set.Prompts[^1].Origin, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("map", "object"), InlineData("Bx", "box label")]
    public void A_word_of_several_tokens_is_refused_by_name_and_line(string word, string field)
    {
        using var file = new TemporaryFile(TwoScenes.Replace("Box B", "Box Bx", StringComparison.Ordinal));
        Refused.With(
            () => EntityPrompts.Load(file.Path, new WordEncoder { Split = [word] }.Encode, 1),
            $"prompts.jsonl, line 2: expected one token for the {field} '{word}', found 2.");
    }

    [Fact]
    public void A_query_label_whose_token_is_there_twice_is_refused_by_line()
    {
        // Labels "B" and "Q" share a token, so the question's label is at two places before.
        using var file = new TemporaryFile(TwoScenes.Replace("Box A", "Box Q", StringComparison.Ordinal));
        var encoder = new WordEncoder();
        Refused.With(
            () => EntityPrompts.Load(file.Path, text => encoder.Encode(text.Replace('Q', 'B')), 1),
            "prompts.jsonl, line 2: expected the query label 'B' exactly once before the question, found 2 times");
    }

    [Fact]
    public void Objects_that_the_tokenizer_does_not_know_are_refused_by_name()
    {
        using var file = new TemporaryFile(TwoScenes);
        string[] known = ["The", "the", "is", "in", "Box", ",", ".", "A", "B", "C", "D", "contains"];
        Refused.With(() => EntityPrompts.Load(file.Path, new WordEncoder { Known = known }.Encode, 1),
            "line 1: expected a word", "in the place of the object 'cup', found its unknown token");
    }

    [Fact]
    public void A_file_of_one_scene_has_no_counterfactual()
    {
        using var file = new TemporaryFile(TwoScenes.Split('\n')[1]);
        Refused.With(() => EntityPrompts.Load(file.Path, new WordEncoder().Encode, 1),
            "prompts.jsonl, line 1: expected another scene of 2 boxes");
    }

    private const string TwoScenes =
        """
        {"sentence": "The cup is in Box C, the pen is in Box D. Box C contains the cup."}
        {"sentence": "The pot is in Box A, the map is in Box B. Box B contains the map."}
        """;
}

using System.Text.Json.Nodes;

namespace Patchbay.Tasks.Tests;

public class TokenBatchTests
{
    [SharedFact]
    public void The_golden_batch_loads()
    {
        var batch = TokenBatch.Load(
            SharedFolder.PathOf("golden", "s256x4", "batch.json"),
            SharedFolder.PathOf("golden", "s256x4", "group_D_corrupt_positions.json"));
        Assert.Equal(64, batch.Prompts.Count);
        Assert.Equal(Head.ParseAll("2.1 2.2 2.5 2.7 3.0 3.1 3.6 3.7"), batch.Receivers);
        Assert.All(batch.Prompts.CleanPositions("last"), last => Assert.Equal(56, last));
        Assert.All(batch.Prompts.CounterfactualPositions("query_label"), label => Assert.Equal(54, label));
        Assert.Equal([27, 48, 34], batch.Prompts.CounterfactualPositions("previous_query_label")[..3]);
        Assert.Equal([526, 535, 409], batch.Prompts.Answers[..3]);
        foreach (var prompt in batch.Prompts.Prompts)
        {
            var (ids, previous) = (prompt.Clean.Ids, prompt.Clean.Positions["previous_query_label"]);
            Assert.Equal(6, previous % 7);
            Assert.Equal(ids[54], ids[previous]);
            Assert.Equal(prompt.Answer, ids[previous - 4]);
        }
        batch.Prompts.CheckVocabulary(2048);
    }

    [Fact]
    public void Padding_behind_the_last_index_is_left_out()
    {
        using var file = new TemporaryFile(Batch(), "batch.json");
        var prompts = TokenBatch.Load(file.Path).Prompts.Prompts;
        Assert.Equal([1, 5, 6, 5, 7], prompts[0].Clean.Ids);
        Assert.Equal([1, 8, 9, 8, 4], prompts[1].Clean.Ids);
        Assert.Equal((1, 3), (prompts[0].Clean.Positions["previous_query_label"], prompts[1]
            .Clean.Positions["query_label"]));
    }

    [Fact]
    public void Without_group_d_positions_the_counterfactuals_have_none()
    {
        using var file = new TemporaryFile(Batch(), "batch.json");
        var set = TokenBatch.Load(file.Path).Prompts;
        Assert.Equal(["last", "query_label"], set.SharedPositionNames);
        Refused.With(() => set.CounterfactualPositions("previous_query_label"),
            "batch.json, prompt 0, field 'source_tokens': expected a position named 'previous_query_label'",
            "found last, query_label");
    }

    [Fact]
    public void Without_a_query_label_offset_only_the_last_position_has_a_name()
    {
        using var file = new TemporaryFile(Batch(b => b.Remove("query_label_offset_from_last")), "batch.json");
        Assert.Equal(["last"], TokenBatch.Load(file.Path).Prompts.SharedPositionNames);
    }

    [Fact]
    public void Receivers_load_alone()
    {
        using var file = new TemporaryFile("{\"receivers\": [[3, 1]]}", "receivers.json");
        Assert.Equal([new Head(3, 1)], TokenBatch.LoadReceivers(file.Path));
        using var none = new TemporaryFile("{}", "receivers.json");
        Refused.With(() => TokenBatch.LoadReceivers(none.Path), "receivers.json, field 'receivers'", "found none");
    }

    [Theory]
    [InlineData("base_tokens", "7", "field 'base_tokens': expected a list, found 7")]
    [InlineData("base_tokens", "[]", "field 'base_tokens': expected at least one prompt, found none")]
    [InlineData("base_tokens", "[[1, 2.5], [1]]", "field 'base_tokens[0][1]': expected a whole number, found 2.5")]
    [InlineData("base_tokens", "[[1, 5, 6, 5, 7], [1, -8, 9, -8, 3]]",
        "batch.json, field 'base_tokens[1][1]': expected a token id of 0 or more, found -8")]
    [InlineData("base_tokens", "[[1, 5, 5, 5, 7], [1, 8, 9, 8, 4]]", "prompt 0, field 'base_tokens': expected the "
        + "query label's token 5 exactly once before position 3, found 2 times")]
    [InlineData("base_last_token_indices", "[4, 9]", "field 'base_last_token_indices[1]': expected 0 to 5, found 9")]
    [InlineData("base_last_token_indices", "[4]",
        "field 'base_last_token_indices': expected 2 entries, one per prompt in base_tokens, found 1")]
    [InlineData("source_tokens", "[[1, 2, 3, 4, 5]]", "field 'source_last_token_indices': expected 1 entries")]
    [InlineData("source_tokens", "[[1, 2, 3, 4, 5], []]",
        "field 'source_last_token_indices[1]': expected a row of at least one id")]
    [InlineData("labels", "[1, 2, 3]", "field 'labels': expected 2 entries, one per prompt in base_tokens, found 3")]
    [InlineData("labels", "[1, -2]", "field 'labels[1]': expected a token id of 0 or more, found -2")]
    [InlineData("labels", null, "field 'labels': expected a list, found no such field")]
    [InlineData("receivers", "[[1, 2, 3]]",
        "field 'receivers[0]': expected [layer, head], both 0 or more, found [1,2,3]")]
    [InlineData("receivers", "[[1, -2]]", "field 'receivers[0]': expected [layer, head]")]
    [InlineData("query_label_offset_from_last", "9", "field 'query_label_offset_from_last': expected 0 to 4, found 9")]
    public void A_batch_that_is_not_as_it_must_be_is_refused_by_field(string field, string? value, string reason)
    {
        var json = Batch(b =>
        {
            if (value is null) b.Remove(field);
            else b[field] = JsonNode.Parse(value);
        });
        using var file = new TemporaryFile(json, "batch.json");
        Refused.With(() => TokenBatch.Load(file.Path), file.Path, reason);
        Refused.With(() => TokenBatch.Load(file.Path, name: "mine/batch.json"), "mine/batch.json", reason);
    }

    [Theory]
    [InlineData("[1]", "d.json: expected 2 entries")]
    [InlineData("[1, 9]", "d.json, field '[1]': expected 0 to 4, found 9")]
    [InlineData("{}", "d.json: expected a list, found an object")]
    [InlineData("[1,\n2", "line 2: expected valid JSON")]
    public void Group_d_positions_that_do_not_fit_are_refused(string positions, string reason)
    {
        using var file = new TemporaryFile(Batch(), "batch.json");
        using var d = new TemporaryFile(positions, "d.json");
        Refused.With(() => TokenBatch.Load(file.Path, d.Path), d.Path, reason);
    }

    [SharedFact]
    public void A_batch_that_is_padded_on_the_left_is_refused_and_the_same_padded_on_the_right_loads()
    {
        var folder = SharedFolder.PathOf("bugs", "left_padded_batch");
        Refused.With(() => TokenBatch.Load(Path.Combine(folder, "batch_left.json")),
            "batch_left.json, field 'base_tokens[1]': expected a prompt from its first id on, padded behind its last "
            + "token alone, found padding before it, 3 times id 2 from index 0 on");
        Assert.Equal(8, TokenBatch.Load(Path.Combine(folder, "batch_right.json")).Prompts.Count);
    }

    [Theory]
    [InlineData("[[1, 5, 6, 7], [2, 1, 8, 9]]", "base_tokens[1]", "1 times id 2")]
    [InlineData("[[5, 6, 5, 7], [2, 2, 8, 9], [2, 2, 2, 9]]", "base_tokens[1]", "2 times id 2")]
    [InlineData("[[0, 0, 0, 7], [0, 6, 8, 9]]", "base_tokens[0]", "2 times id 0")] // padded with the first token's id
    [InlineData("[[2, 2, 2, 7], [2, 2, 2, 9]]", "base_tokens[0]", "3 times id 2")] // all alike
    [InlineData("[[2, 2, 2, 8]]", "base_tokens[0]", "3 times id 2")]
    [InlineData("[[1, 5, 6, 7], [1, 8, 9, 4]]", null, "")]
    [InlineData("[[1, 1, 6, 7], [1, 1, 9, 4]]", null, "")]
    [InlineData("[[5, 6, 7, 8], [6, 5, 9, 4]]", null, "")]
    [InlineData("[[5, 5, 7, 8], [6, 5, 9, 4]]", null, "")] // the id is elsewhere too: a token, no padding
    [InlineData("[[2, 2, 7, 8], [3, 5, 6, 4], [4, 7, 3, 9]]", null, "")] // a doubled token
    [InlineData("[[2, 2, 7, 8]]", null, "")]
    public void Padding_on_the_left_is_told_from_tokens(string rows, string? field, string found)
    {
        var json = Batch(b =>
        {
            b.Remove("query_label_offset_from_last");
            b["base_tokens"] = JsonNode.Parse(rows);
            foreach (var side in new[] { "base", "source" })
                b[$"{side}_last_token_indices"] =
                    new JsonArray([.. b["base_tokens"]!.AsArray().Select(_ => (JsonNode)3)]);
            b["source_tokens"] = new JsonArray([.. b["base_tokens"]!.AsArray().Select(_ => new JsonArray(1, 2, 3, 4))]);
            b["labels"] = new JsonArray([.. b["base_tokens"]!.AsArray().Select(_ => (JsonNode)6)]);
        });
        using var file = new TemporaryFile(json, "batch.json");
        if (field is null) TokenBatch.Load(file.Path);
        else Refused.With(() => TokenBatch.Load(file.Path), $"field '{field}'", found);
    }

    [Fact]
    public void An_id_outside_the_models_vocabulary_is_refused_by_prompt()
    {
        using var file = new TemporaryFile(Batch(), "batch.json");
        Refused.With(() => TokenBatch.Load(file.Path).Prompts.CheckVocabulary(9),
            "batch.json, prompt 1, field 'base_tokens': expected ids below 9, the model's vocabulary, found 9");
    }

    private static string Batch(Action<JsonObject>? change = null)
    {
        var batch = JsonNode.Parse(
            """
            {"base_tokens": [[1, 5, 6, 5, 7], [1, 8, 9, 8, 4, 0]], "base_last_token_indices": [4, 4],
             "source_tokens": [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]], "source_last_token_indices": [4, 4],
             "labels": [6, 2], "receivers": [[0, 1]], "query_label_offset_from_last": 1}
            """)!.AsObject();
        change?.Invoke(batch);
        return batch.ToJsonString();
    }
}

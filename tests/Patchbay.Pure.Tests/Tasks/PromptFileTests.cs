using System.Text;
using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

public class PromptFileTests
{
    private const string Ioi =
        """
        {"clean": "When Mary and John went to the store, John gave a drink to", "counterfactual": "When Mary and John went to the store, Anna gave a drink to", "answer": "Mary", "positions": {"io": {"text": "Mary"}, "s2": {"text": "John", "occurrence": 2}, "end": {"from_end": 1}, "start": {"token": 0}}, "counterfactual_positions": {"s2": {"text": "Anna"}}}
        """;

    [Fact]
    public void Ioi_needs_no_code()
    {
        var encoder = new WordEncoder();
        var prompt = Assert.Single(Load(Ioi, encoder).Prompts);
        Assert.Equal(encoder.Id("Mary"), prompt.Answer);
        Assert.Equal(Positions(("last", 14), ("io", 2), ("s2", 10), ("end", 14), ("start", 0)), prompt.Clean.Positions);
        Assert.Equal(prompt.Clean.Positions, prompt.Counterfactual.Positions);
        Assert.Equal(encoder.Id("Anna"), prompt.Counterfactual.Ids[10]);
        Assert.EndsWith("/prompts.jsonl, line 1", prompt.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_may_continue_the_last_word()
    {
        // Digits are tokens of their own here, as they are for Llama.
        var digits = new WordEncoder();
        int[] Encode(string text) =>
            digits.Encode(string.Concat(text.Select(c => char.IsDigit(c) ? $" {c} " : $"{c}")));
        using var file = new TemporaryFile(
            """{"clean": "The war lasted from the year 1732 to the year 17", "counterfactual": "The war lasted from the year 1701 to the year 17", "answer": "4", "answer_space": false, "positions": {"decade": {"text": "1732", "of": "last"}}, "counterfactual_positions": {"decade": {"text": "01", "of": "last"}}}""");
        var prompt = Assert.Single(PromptFile.Load(file.Path, Encode).Prompts);
        Assert.Equal(digits.Id("4"), prompt.Answer);
        Assert.Equal((10, 10), (prompt.Clean.Positions["decade"], prompt.Counterfactual.Positions["decade"]));
        Assert.Equal(15, prompt.Clean.Positions["last"]);
    }

    [Fact]
    public void Several_answers_may_be_right_and_the_first_is_the_answer()
    {
        var encoder = new WordEncoder();
        var prompt = Assert.Single(Load("""{"clean": "a b", "counterfactual": "a c", "answers": ["d", "e", "f"]}""",
            encoder).Prompts);
        Assert.Equal(new[] { "d", "e", "f" }.Select(encoder.Id), prompt.Answers);
        Assert.Equal(prompt.Answers[0], prompt.Answer);
        var single = Assert.Single(Load(Ioi).Prompts);
        Assert.Equal([single.Answer], single.Answers);
    }

    [Fact]
    public void Tokens_may_hold_the_white_space_behind_them()
    {
        // "the▁", "dog▁": a prompt ends with the space that its last token holds.
        var ids = new Dictionary<string, int>();
        int[] Encode(string text) =>
            [.. Regex.Matches(text, @"\w+ ?|[^\w\s] ?").Select(m => ids.TryGetValue(m.Value, out var id) ? id
                : ids[m.Value] = ids.Count)];
        using var file = new TemporaryFile(
            """{"clean": "the dog saw the ", "counterfactual": "the cat saw the ", "answer": "dog", "answer_space": false, "positions": {"animal": {"text": "dog"}}, "counterfactual_positions": {"animal": {"text": "cat"}}}""");
        var prompt = Assert.Single(PromptFile.Load(file.Path, Encode).Prompts);
        Assert.Equal((1, 1), (prompt.Clean.Positions["animal"], prompt.Counterfactual.Positions["animal"]));
        Assert.Equal(ids["dog"], prompt.Answer);
        Assert.Equal(3, prompt.Clean.Positions["last"]);
    }

    [Theory]
    [InlineData("first", 2), InlineData("last", 3)]
    public void A_stretch_of_several_tokens_has_a_first_and_a_last(string of, int position)
    {
        var line = """{"clean": "In New York it is", "counterfactual": "In New York it was", "answer": "day", "positions": {"city": {"text": "New York", "of": "OF"}}}""";
        Assert.Equal([position], Load(line.Replace("OF", of, StringComparison.Ordinal)).CleanPositions("city"));
    }

    [Fact]
    public void Prompts_may_differ_in_length_and_only_the_first_are_loaded_if_asked()
    {
        using var file = new TemporaryFile(
            """
            {"clean": "a b c", "counterfactual": "a b c d", "answer": "e", "comment": "anything"}
            {"clean": "a", "counterfactual": "b", "answer": "c"}
            {broken
            """);
        var set = PromptFile.Load(file.Path, new WordEncoder().Encode, prompts: 2);
        Assert.Equal([3, 1], set.CleanPositions("last"));
        Assert.Equal([4, 1], set.CounterfactualPositions("last"));
        Assert.Equal(1, set.Take(1).Count);
    }

    [Theory]
    [InlineData("""{"clean": "a b", "counterfactual": "a c"}""",
        "field 'answer': expected a string, found no such field")]
    [InlineData("""{"clean": "a b", "counterfactual": "", "answer": "d"}""",
        "field 'counterfactual': expected a string, found an empty one")]
    [InlineData("""{"clean": "a b ", "counterfactual": "a", "answer": "d"}""",
        "field 'clean': expected no white space at its end (or 'answer_space': false), found 'a b '")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": " d"}""",
        "field 'answer': expected a word without white space around it")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d e"}""",
        "field 'answer': expected one token for 'd e' after the prompt, found 2 tokens")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "answer_space": false}""",
        "found tokens that merge with those before")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "answer_space": 1}""",
        "field 'answer_space': expected true or false, found 1")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "answers": ["d"]}""",
        "expected either 'answer' or 'answers', found both")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answers": []}""",
        "field 'answers': expected a list of one string or more, found an empty one")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answers": "d"}""",
        "field 'answers': expected a list of one string or more, found the string 'd'")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answers": ["d", 4]}""",
        "field 'answers[1]': expected a string, found 4")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answers": ["d", "e f"]}""",
        "field 'answers[1]': expected one token for 'e f' after the prompt, found 2 tokens")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answers": ["d", "e", "d"]}""",
        "field 'answers': expected a token of its own for each, found token")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "position": {}}""",
        "expected fields among clean, counterfactual", "found 'position'")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "positions": [1]}""",
        "field 'positions': expected an object of named positions, found an array")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "positions": {"p": 1}}""",
        "field 'positions.p': expected {\"token\": N}", "found 1")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "positions": {"p": {"token": 2}}}""",
        "field 'positions.p.token': expected 0 to 1, found 2")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "positions": {"p": {"from_end": 0}}}""",
        "field 'positions.p.from_end': expected 1 to 2, found 0")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "positions": {"p": {"token": "2"}}}""",
        "field 'positions.p.token': expected a whole number, found the string '2'")]
    [InlineData("""{"clean": "a", "counterfactual": "a", "answer": "d", "positions": {"p": {"token": 1, "text": "a"}}}""", "found the fields token, text")]
    [InlineData("""{"clean": "a", "counterfactual": "b", "answer": "d", "positions": {"p": {"text": "a"}}}""",
        "field 'counterfactual_positions.p': expected 'a' in 'b', found it nowhere")]
    [InlineData("""{"clean": "a a", "counterfactual": "b", "answer": "d", "positions": {"p": {"text": "a"}}}""",
        "expected 'occurrence' beside the text 'a', which is there 2 times, found none")]
    [InlineData("""{"clean": "a a", "counterfactual": "b", "answer": "d", "positions": {"p": {"text": "a", "occurrence": 3}}}""", "field 'positions.p.occurrence': expected 1 to 2, found 3")]
    [InlineData("""{"clean": "a b", "counterfactual": "b", "answer": "d", "positions": {"p": {"text": "a b"}}}""",
        "field 'positions.p': expected one token for 'a b' (or 'of' to say which), found 2 tokens")]
    [InlineData("""{"clean": "a b", "counterfactual": "b", "answer": "d", "positions": {"p": {"text": "a", "of": "middle"}}}""", "field 'positions.p.of': expected 'first' or 'last', found the string 'middle'")]
    [InlineData("""{"clean": "abc", "counterfactual": "b", "answer": "d", "positions": {"p": {"text": "b"}}}""",
        "expected tokens that begin and end with 'b', found the token 'abc', which reaches beyond it")]
    public void A_line_that_is_not_as_it_must_be_is_refused_by_line_and_field(string line, params string[] reasons)
    {
        Refused.With(() => Load("\n" + line), ["prompts.jsonl, line 2", .. reasons]);
    }

    [Theory]
    [InlineData("""{"clean": "Box F contains the", "counterfactual": "Box F contains the", "answer": "zebra"}""",
        "field 'answer': expected a word that the tokenizer has, in the place of 'zebra', found its unknown token")]
    [InlineData("""{"clean": "Box F contains the", "counterfactual": "Box F contains the", "answers": ["pot", "zebra"]}""",
        "field 'answers[1]': expected a word that the tokenizer has, in the place of 'zebra'")]
    [InlineData("""{"clean": "zebra F is the", "counterfactual": "Box F is the", "answer": "pot", "positions": {"p": {"token": 1}, "q": {"text": "zebra", "of": "last"}}}""",
        "field 'positions.q': expected a text that the tokenizer has, in the place of 'zebra', found its unknown token")]
    [InlineData("""{"clean": "Box F is the", "counterfactual": "zebra F is the", "answer": "pot", "positions": {"p": {"text": "F"}}, "counterfactual_positions": {"p": {"text": "zebra"}}}""",
        "field 'counterfactual_positions.p': expected a text that the tokenizer has, in the place of 'zebra'")]
    public void A_word_that_becomes_the_unknown_token_is_refused(string line, string reason)
    {
        using var file = new TemporaryFile(line);
        Refused.With(() => PromptFile.Load(file.Path, Encoders.Lab), reason);
    }

    [Theory]
    [InlineData("""{"clean": "a b", "counterfactual": "a b", "answer": "日"}""",
        "field 'answer': expected a word that the tokenizer has, in the place of '日', found single bytes")]
    [InlineData("""{"clean": "a 日x b", "counterfactual": "a b b", "answer": "c", "positions": {"p": {"text": "日x", "of": "last"}}}""",
        "field 'positions.p': expected a text that the tokenizer has, in the place of '日x', found single bytes")]
    public void A_word_that_is_spelled_in_bytes_is_refused(string line, string reason)
    {
        using var file = new TemporaryFile(line);
        Refused.With(() => PromptFile.Load(file.Path, WithBytes), reason);
    }

    [Fact]
    public void A_notice_tells_once_of_prompts_that_begin_twice()
    {
        using var file = new TemporaryFile("""
            {"clean": "<s>a b", "counterfactual": "<s>a c", "answer": "d"}
            {"clean": "<s>b b", "counterfactual": "<s>b c", "answer": "d"}
            {"clean": "b b", "counterfactual": "b c", "answer": "d"}
            """);
        var notice = Assert.Single(PromptFile.Load(file.Path, WithBytes).Notices);
        Assert.StartsWith("2 of 3 prompts begin with token 1 twice: ", notice);
        Assert.Empty(Load(Ioi).Notices);
    }

    // Words of ASCII letters are tokens, other characters their bytes, as with byte fallback; 1 is before every text.
    private static int[] WithBytes(string text) =>
    [
        1, .. Regex.Matches(text, @"<s>| ?[a-z]+|.").SelectMany(match => match.Value == "<s>" ? [1]
            : Ascii.IsValid(match.Value) ? [1000 + match.Value.Sum(c => c)]
            : Encoding.UTF8.GetBytes(match.Value).Select(b => 3 + b)),
    ];

    [Fact]
    public void An_empty_file_is_refused()
    {
        Refused.With(() => Load("\n\n"), "prompts.jsonl: expected at least one line, found none");
    }

    private static PromptSet Load(string lines, WordEncoder? encoder = null)
    {
        using var file = new TemporaryFile(lines);
        return PromptFile.Load(file.Path, (encoder ?? new WordEncoder()).Encode);
    }

    private static Dictionary<string, int> Positions(params (string Name, int Position)[] positions) =>
        positions.ToDictionary(p => p.Name, p => p.Position);
}

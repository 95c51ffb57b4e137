namespace Patchbay.Tasks.Tests;

public class PromptSetTests
{
    [Fact]
    public void A_set_without_prompts_is_refused() =>
        Refused.With(() => _ = new PromptSet([]), "at least one prompt, found none");

    [Fact]
    public void Sequences_answers_and_positions_are_checked()
    {
        Refused.With(() => Make([], 1, 0), "here, field 'clean': expected at least one token, found none");
        Refused.With(() => Make([1, -5], 1, 0), "here, field 'clean[1]': expected a token id of 0 or more, found -5");
        Refused.With(() => Make([1], -1, 0), "here, field 'answer': expected a token id of 0 or more, found -1");
        Refused.With(() => _ = new PromptSet([One([1], 1, 0) with { Answers = [2, 1] }]),
            "here, field 'answers': expected the answer 1 first, found 2");
        Refused.With(() => _ = new PromptSet([One([1], 1, 0) with { Answers = [] }]),
            "expected the answer 1 first, found none");
        Refused.With(() => _ = new PromptSet([One([1], 1, 0) with { Answers = [1, -2] }]),
            "expected a token id of 0 or more, found -2");
        Refused.With(() => Make([1, 2], 1, 2), "here, field 'clean': expected 0 to 1 for the position 'p', found 2");
        Refused.With(() => Make([1, 2], 1, -1), "expected 0 to 1 for the position 'p', found -1");
    }

    [Fact]
    public void Positions_are_given_by_name_in_the_order_of_the_prompts()
    {
        var set = new PromptSet([One([1, 2], 1, 0), One([1, 2, 3], 2, 2)]);
        Assert.Equal([0, 2], set.CleanPositions("p"));
        Assert.Equal([1, 2], set.Answers);
        Assert.Empty(set.SharedPositionNames);
        Refused.With(() => set.CleanPositions("q"), "here, field 'clean': expected a position named 'q', found p");
        Refused.With(() => set.CounterfactualPositions("p"), "field 'counterfactual'", "found none");
    }

    [Fact]
    public void Every_answer_must_be_in_the_vocabulary()
    {
        var set = new PromptSet([One([1, 2], 3, 0) with { Answers = [3, 9] }]);
        set.CheckVocabulary(10);
        Refused.With(() => set.CheckVocabulary(9),
            "here, field 'answer': expected ids below 9, the model's vocabulary, found 9");
    }

    private static PromptSet Make(int[] ids, int answer, int position) => new([One(ids, answer, position)]);

    private static Prompt One(int[] ids, int answer, int position) => new(
        new TokenSequence(ids, new Dictionary<string, int> { ["p"] = position }),
        new TokenSequence([1], new Dictionary<string, int>()), answer, "here");
}

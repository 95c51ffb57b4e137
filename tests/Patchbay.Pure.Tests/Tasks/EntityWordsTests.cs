namespace Patchbay.Tasks.Tests;

public class EntityWordsTests
{
    [Fact]
    public void A_tokenizer_that_knows_all_words_loses_none_and_gives_no_notice()
    {
        var words = EntityWords.For(new WordEncoder().Encode);
        Assert.Equal(EntityWords.All.Objects, words.Objects);
        Assert.Equal(EntityWords.All.Labels, words.Labels);
        Assert.Empty(words.Notices);
    }

    [Fact]
    public void Words_of_several_tokens_are_left_out_and_named()
    {
        var words = EntityWords.For(new WordEncoder { Split = ["document", "pot", "Q"] }.Encode);
        Assert.DoesNotContain("document", words.Objects);
        Assert.DoesNotContain("Q", words.Labels);
        Assert.Equal(EntityWords.All.Objects.Count - 2, words.Objects.Count);
        Assert.Equal(
            [
                $"2 of {EntityWords.All.Objects.Count} objects are not one token each and were left out: document, "
                    + "pot.",
                "1 of 26 box labels are not one token each and were left out: Q.",
            ],
            words.Notices);
    }

    [Fact]
    public void Words_that_become_the_unknown_token_are_left_out()
    {
        string[] known = ["The", "Box", "document", "pot", "A", "B"];
        var words = EntityWords.For(new WordEncoder { Known = known }.Encode);
        Assert.Equal(["document", "pot"], words.Objects);
        Assert.Equal(["A", "B"], words.Labels);
    }

    [Fact]
    public void A_single_unknown_word_is_left_out_too()
    {
        string[] known = ["The", "Box", .. EntityWords.All.Objects.Skip(1), .. EntityWords.All.Labels];
        var words = EntityWords.For(new WordEncoder { Known = known }.Encode);
        Assert.Equal(EntityWords.All.Objects.Skip(1), words.Objects);
    }

    [Fact]
    public void Generated_prompts_use_only_words_that_are_left_and_pass_the_notices_on()
    {
        var encoder = new WordEncoder { Split = [.. EntityWords.All.Objects.Skip(20)] };
        var set = EntityPrompts.Generate(new EntityOptions(70), encoder.Encode);
        Assert.Single(set.Notices);
        var allowed = EntityWords.All.Objects.Take(20).Select(encoder.Id).ToHashSet();
        Assert.All(set.Answers, answer => Assert.Contains(answer, allowed));
    }
}

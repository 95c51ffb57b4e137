using Patchbay.Models.Tokenizers;
using Patchbay.Tasks;

namespace Patchbay.Cli.Tests;

/// <summary>The entity-tracking task under Llama's own tokenizer has the geometry of the paper.</summary>
public class LlamaTokenizerTests
{
    [SharedTheory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    public void Every_noun_is_one_token_and_positions_are_where_the_paper_has_them(string file)
    {
        var tokenizer = TokenizerLoader.Open(SharedFolder.PathOf("checkpoints", "llama-tokenizer", file))!;
        var words = EntityWords.For(text => tokenizer.Encode(text));
        Assert.True(words.Objects.Count >= 100);
        Assert.Equal(26, words.Labels.Count);
        Assert.Empty(words.Notices);
        var set = EntityPrompts.Generate(new EntityOptions(Prompts: 70), text => tokenizer.Encode(text));
        foreach (var prompt in set.Prompts)
        {
            Assert.Equal(54, prompt.Clean.Ids.Length);
            for (var k = 0; k < 7; k++)
            {
                Assert.Equal(2 + 7 * k, prompt.Clean.Positions[$"object_{k}"]);
                Assert.Equal(6 + 7 * k, prompt.Clean.Positions[$"label_{k}"]);
            }
            Assert.Equal(53, prompt.Clean.Positions["last"]);
            Assert.Equal(51, prompt.Clean.Positions["query_label"]);
            Assert.Equal(prompt.Clean.Ids[51], prompt.Clean.Ids[prompt.Clean.Positions["previous_query_label"]]);
            Assert.DoesNotContain(prompt.Counterfactual.Ids[51], prompt.Counterfactual.Ids[..50]);
        }
    }
}

namespace Patchbay.Tasks.Tests;

public class EntityMeansTests
{
    [Fact]
    public void Prompts_are_of_different_scenes_equally_long_and_ask_for_any_letter() => Check(Encoders.Lab);

    [SharedFact]
    public void Prompts_are_equally_long_under_llama_s_tokenizer_too() => Check(Encoders.Llama);

    private static void Check(EncodeText encode)
    {
        var prompts = EntityMeans.Generate(500, 20, 7, encode);
        Assert.Equal(500, prompts.Select(prompt => prompt.Text!.Split('.')[0]).Distinct().Count());
        var letters = new Dictionary<string, int>();
        var inScene = 0;
        foreach (var prompt in prompts)
        {
            Assert.EndsWith(" contains the", prompt.Text, StringComparison.Ordinal);
            var letter = prompt.Text![^(" contains the".Length + 1)].ToString();
            letters[letter] = letters.GetValueOrDefault(letter) + 1;
            Assert.Equal(encode(prompt.Text), prompt.Ids);
            Assert.Equal(54, prompt.Ids.Length);
            Assert.Equal((53, 51), (prompt.Positions["last"], prompt.Positions["query_label"]));
            Assert.Equal(encode($"Box {letter}")[^1], prompt.Ids[51]);
            var there = prompt.Text.Contains($"in Box {letter}", StringComparison.Ordinal);
            Assert.Equal(there, prompt.Positions.ContainsKey("previous_query_label"));
            if (there) inScene++;
        }
        Assert.Equal(26, letters.Count);
        Assert.All(letters.Values, count => Assert.InRange(count, 5, 40)); // 19 expected
        Assert.InRange(inScene, 100, 170);                                 // 7 of 26: 135 expected
    }

    [Fact]
    public void A_seed_gives_the_same_prompts_and_another_seed_others()
    {
        static IEnumerable<string?> Texts(ulong seed) => EntityMeans.Generate(20, seed, 4, Encoders.Words)
            .Select(prompt => prompt.Text);
        Assert.Equal(Texts(5), Texts(5));
        Assert.Empty(Texts(5).Intersect(Texts(6)));
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => EntityMeans.Generate(0, 1, 7, Encoders.Words));
        Assert.Throws<InvalidDataException>(() => EntityMeans.Generate(3, 1, 1, Encoders.Words));
    }
}

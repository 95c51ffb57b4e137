using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Patchbay.Tasks.Tests;

public class EntityTrackingTests
{
    [Fact]
    public void The_prompt_reads_as_in_the_paper()
    {
        var scene = new EntityScene(["document", "pot", "map"], ["X", "T", "D"]);
        var line = new EntityLine(scene, 0, "scene 1, box 1");
        Assert.Equal("The document is in Box X, the pot is in Box T, the map is in Box D. Box X contains the",
            line.Prompt);
        Assert.Equal(line.Prompt + " document.", line.Sentence);
    }

    [Fact]
    public void There_are_a_hundred_nouns_or_more_all_different_and_26_labels()
    {
        Assert.True(EntityWords.All.Objects.Count >= 100);
        Assert.Distinct(EntityWords.All.Objects);
        Assert.Equal("ABCDEFGHIJKLMNOPQRSTUVWXYZ", string.Concat(EntityWords.All.Labels));
    }

    [SharedFact]
    public void Every_word_is_in_the_llama_vocabulary()
    {
        var path = SharedFolder.PathOf("checkpoints", "llama-tokenizer", "tokenizer.json");
        using var json = JsonDocument.Parse(File.ReadAllBytes(path));
        var vocabulary = json.RootElement.GetProperty("model").GetProperty("vocab");
        Assert.All(EntityWords.All.Objects.Concat(EntityWords.All.Labels),
            word => Assert.True(vocabulary.TryGetProperty("\u2581" + word, out _), word));
    }

    [Theory]
    [InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8),
        InlineData(9)]
    [InlineData(10)]
    public void Every_box_of_a_scene_is_asked_for_in_turn(int boxes)
    {
        var lines = EntityTracking.Generate(new EntityOptions(boxes * 3, 5, boxes), EntityWords.All);
        Assert.Equal(boxes * 3, lines.Count);
        Assert.Equal(Enumerable.Range(0, boxes * 3).Select(i => i % boxes), lines.Select(line => line.Queried));
        Assert.Equal(3, lines.Select(line => line.Scene.Context).Distinct().Count());
        Assert.All(lines, line => Assert.Equal(boxes, line.Scene.Labels.Count));
    }

    [Fact]
    public void Objects_and_labels_never_repeat_within_a_scene()
    {
        for (var seed = 0UL; seed < 200; seed++)
        {
            foreach (var scene in EntityTracking.Scenes(new EntityOptions(70, seed, 10), EntityWords.All))
            {
                Assert.Distinct(scene.Objects);
                Assert.Distinct(scene.Labels);
            }
        }
    }

    [Fact]
    public void Scenes_of_one_set_are_all_different_even_when_words_are_few()
    {
        var few = new EntityWords(["pot", "map"], ["A", "B", "C", "D"], []);
        var scenes = EntityTracking.Scenes(new EntityOptions(40, 1, 2), few);
        Assert.Equal(20, scenes.Select(scene => scene.Context).Distinct().Count());
        Refused.With(() => EntityTracking.Scenes(new EntityOptions(50, 1, 2), few), "only 24 different scenes", "25");
    }

    [Fact]
    public void A_seed_gives_the_same_lines_for_ever()
    {
        var text = EntityFile.Format(EntityTracking.Generate(new EntityOptions(300, 20), EntityWords.All));
        Assert.StartsWith(
            """{"sentence": "The rod is in Box A, the corn is in Box Z, the bed is in Box L, the bell is in Box R, the pan is in Box B, the paint is in Box U, the boat is in Box Q. Box A contains the rod."}""" + "\n",
            text, StringComparison.Ordinal);
        Assert.Equal(
            "4f30c9f681eb5e03c3b2f388af8057ccb92507329391ca751fdf40cae14d2e25",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        Assert.NotEqual(text, EntityFile.Format(EntityTracking.Generate(new EntityOptions(300, 21), EntityWords.All)));
    }

    [Theory]
    [InlineData(1), InlineData(11)]
    public void Other_numbers_of_boxes_are_refused(int boxes)
    {
        var e = Assert.Throws<InvalidDataException>(() =>
            EntityTracking.Generate(new EntityOptions(10, 1, boxes), EntityWords.All));
        Assert.Contains($"2 to 10 boxes, not {boxes}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_prompts_or_too_few_words_are_refused()
    {
        Assert.Throws<InvalidDataException>(() =>
            EntityTracking.Generate(new EntityOptions(0), EntityWords.All));
        Refused.With(
            () => EntityTracking.Generate(new EntityOptions(), new EntityWords(["pot"], ["A", "B"], [])),
            "need 7 objects", "has 1 and 2");
    }
}

using Patchbay.Lab.Data;
using Patchbay.Lab.Training;
using Patchbay.Models;
using Patchbay.Patching;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Lab.Tests.Data;

public class SceneDataTests
{
    private const int Order = 1;

    /// <summary>Boxes by letter and by number, with auxiliary answers.</summary>
    private static SceneData Scenes(double masked, string fetching = "last") => new(SceneWords.Boxes, new()
    {
        Stages = [new(2, 4, masked)],
        Ordinals = 0.3,
        Order = 0.5,
        Routes = new Dictionary<string, IReadOnlyList<string>>(new SceneOptions().Routes) { ["object"] = [fetching] },
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1, "last@0-1", 2)]
    [InlineData(1, "last@0", 1)]
    public void A_question_behind_a_shared_context_has_the_logits_of_a_prompt_of_its_own(double masked,
        string fetching = "last", int? until = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Random(ScalarType.Float64);
        var scenes = Scenes(masked, fetching).Batch(1, 5, 0, 400);
        var batch = new PackedBatch(scenes);
        var logits = PackedForward.Logits(model.Config, model.Weights, batch);
        foreach (var (n, scene) in scenes.Index())
        {
            foreach (var (prompt, rows) in Prompts(scene))
            {
                var variant = new Variant { Knockouts = masked == 0 ? [] : Hidden(scene, prompt.Length, until) };
                var alone = new ReferenceEvaluator(model, new PaddedPrompts([prompt])).Logits(variant)[0];
                foreach (var (row, at) in rows)
                    Assert.Equal(0, (alone[at] - logits[batch.Offsets[n] + row]).abs().max().item<double>(), 1e-9);
            }
        }
    }

    [Fact]
    public void Its_gradient_is_that_of_prompts_of_their_own()
    {
        using var scope = NewDisposeScope();
        using var model = Random(ScalarType.Float64);
        using var trainable = new FullTraining(model.Config, model.Weights);
        var scenes = Scenes(masked: 0).Batch(2, 0, 0, 500);
        var losses = new PackedBatch(scenes).Mean(
            new Gradient(model.Config, trainable, threads: 2).Compute(new(scenes)));
        var alone = new PackedBatch([.. scenes.SelectMany(Alone)]);
        var (wantedLosses, wanted, _) = PaddedReference.Compute(model, alone);
        Assert.Equal(alone.Mean([.. wantedLosses.data<double>().ToArray().Select(x => (float)x)]), losses, 1e-6);
        foreach (var (tensor, want) in trainable.Tensors.Zip(wanted))
        {
            var error = ((tensor.Value.grad! - want).norm() / want.norm()).item<double>();
            Assert.True(error < 1e-9, $"{tensor.Name}: relative error {error}");
        }
    }

    [Fact]
    public void Running_texts_and_scenes_share_a_batch()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var model = Random(ScalarType.Float64);
        TrainingSequence[] both = [.. Scenes(1).Batch(1, 1, 0, 120), .. new ArithmeticData().Batch(1, 1, 0, 100)];
        var together = PackedForward.Logits(model.Config, model.Weights, new(both));
        var apart = cat([.. both.Select(s => PackedForward.Logits(model.Config, model.Weights, new([s])))]);
        Assert.Equal(0, (together - apart).abs().max().item<double>(), 1e-9);
    }

    [Fact]
    public void Scenes_are_read_as_text_asked_in_turn_and_answered_by_object_and_by_order()
    {
        var words = LabVocabulary.Numbered;
        var scenes = Scenes(masked: 0.5).Batch(1, 0, 0, 40000);
        Assert.All(scenes, s => Assert.Matches("^[234] boxes( by number)?$", s.Kind));
        Assert.InRange(scenes.Count(s => IsByNumber(s)) / (double)scenes.Count, 0.25, 0.35);
        Assert.InRange(scenes.Select(s => s.Layout!.Sees[0].Count(x => x)).Distinct().Count(), 2, 2);
        foreach (var scene in scenes)
        {
            var text = words.Decode(scene.Ids[1..]);
            var facts = text[..text.IndexOf('.')].Split(", ");
            Assert.All(facts.Index(), fact => Assert.Matches(
                $"^{(fact.Index == 0 ? "The" : "the")} [a-z]+ is in Box [A-Z]$", fact.Item));
            var answers = scene.Weights.Index().Where(w => w.Item == 1)
                .Select(w => words.Decode([scene.Wanted![w.Index]]));
            Assert.Equal(facts.Select(f => f.Split(' ')[1]), answers);
            var orders = scene.Weights.Index().Where(w => w.Item is not (0 or 1))
                .Select(w => words.Decode([scene.Wanted![w.Index]]));
            Assert.Equal(IsByNumber(scene) ? []
                : SceneWords.Numbers.Skip(Order).Take(facts.Length).Select(id => words.Decode([id])), orders);
        }
    }

    [Fact]
    public void Other_labels_than_the_one_asked_for_may_be_hidden_from_a_query_label()
    {
        var seen = new List<bool>();
        foreach (var scene in new SceneData(SceneWords.Boxes, new() { Stages = [new(7, 7, Masked: 1, Hidden: 0.5)] })
            .Batch(1, 1, 0, 20000))
        {
            var (layout, context) = (scene.Layout!, 1 + 7 * 7);
            for (var asked = 0; asked < 7; asked++)
            {
                var row = (context + 4 * asked + 1) * layout.Rows.Length;
                Assert.True(layout.Sees[0][row + 7 * asked + 6]);
                seen.AddRange(Enumerable.Range(0, 7).Where(k => k != asked)
                    .Select(k => layout.Sees[0][row + 7 * k + 6]));
            }
        }
        Assert.InRange(seen.Count(x => x) / (double)seen.Count, 0.48, 0.52);
    }

    [Fact]
    public void A_batch_depends_on_nothing_but_its_arguments()
    {
        var data = Scenes(0.5);
        string Batch(ulong seed, long step) => string.Join('|', data.Batch(seed, step, 0, 3000)
            .Select(s => string.Join(' ', s.Ids) + s.Layout!.Sees[0].Count(x => x)));
        var first = Batch(3, 7);
        Batch(3, 8);
        Assert.Equal(first, Batch(3, 7));
        Assert.NotEqual(first, Batch(3, 8));
        Assert.NotEqual(first, Batch(4, 7));
        Assert.InRange(data.Batch(1, 1, 0, 3000).Sum(s => s.Layout!.Rows.Length), 2600, 3000);
        Assert.Single(data.Batch(1, 1, 0, 0));
    }

    [Fact]
    public void Tables_have_neither_boxes_nor_letters_and_questions_of_their_own()
    {
        var words = LabVocabulary.Numbered;
        Assert.All(new SceneData(SceneWords.Rows).Batch(1, 1, 0, 20000), scene => Assert.Empty(scene.Ids.Intersect(
            SceneWords.Boxes.Objects.Concat(SceneWords.Boxes.Labels).Append(words.IdOf("Box")))));
        var question = SceneWords.Rows.Questions(1, 9)[8];
        var text = words.Decode(question.Ids[1..]);
        var asked = text.Split(' ')[^3];
        Assert.EndsWith($". Row {asked} contains the", text);
        Assert.Contains($"the {words.Decode(question.Answer)} is in row {asked},", text);
    }

    [Theory]
    [InlineData("""{"routes": {"lable": ["last"]}}""", "field routes of scenes names 'lable', expected object, label")]
    [InlineData("""{"routes": {"label": ["last@x"]}}""", "expected NAME, NAME@LAYER or NAME@FROM-TO, found 'last@x'")]
    [InlineData("""{"routes": {"label": ["last@3-2"]}}""", "NAME@FROM-TO, found 'last@3-2'")]
    [InlineData("""{"stages": [{"min_boxes": 1}]}""", "boxes must go from 2 or more to 7 or fewer")]
    [InlineData("""{"stages": [{"masked": 2}]}""", "field masked of scenes must be from 0 to 1")]
    [InlineData("""{"stages": [{}, {}]}""", "field until of scenes must be above 0")]
    [InlineData("""{"stages": [{"hidden": -1}]}""", "field hidden of scenes must be from 0 to 1")]
    [InlineData("""{"ordinals": 1}""", "field ordinals of scenes must be from 0 to below 1, found 1")]
    [InlineData("""{"order": -1}""", "field order of scenes must be from 0 to below 1, found -1")]
    public void A_recipe_with_other_scenes_is_refused(string scenes, string sentence)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "recipe.json");
        File.WriteAllText(path, $$"""
            {"name": "x", "steps": 1,
             "model": {"layers": 1, "heads": 1, "head_width": 8, "width": 8, "feed_forward": 8},
             "data": [{"kind": "boxes", "scenes": {{scenes}}}]}
            """);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => TrainingRecipe.Read(path)).Message);
    }

    private static bool IsByNumber(TrainingSequence scene) =>
        scene.Kind.EndsWith("by number", StringComparison.Ordinal);

    private static Decoder Random(ScalarType dtype) => Decoder.Random(
        GradientTests.Config(3, 4, 4, 16, tied: true) with { Vocabulary = LabVocabulary.Numbered.Size }, 11, dtype);

    /// <summary>Each question of a scene as a prompt of its own, and the rows of the scene that compute it, each with
    /// its position.</summary>
    private static IEnumerable<(int[] Prompt, (int Row, int Position)[] Rows)> Prompts(TrainingSequence scene)
    {
        var boxes = scene.Weights.Count(w => w == 1);
        var context = 1 + 7 * boxes;
        for (var k = 0; k < boxes; k++)
        {
            var question = Enumerable.Range(context + 5 * k, 4).ToArray();
            yield return ([.. scene.Ids[..context], .. question.Select(i => scene.Ids[i])],
                [.. Enumerable.Range(0, context).Select(i => (i, i)),
                 .. Enumerable.Range(0, 4).Select(j => (context + 4 * k + j, context + j))]);
        }
    }

    /// <summary>The paper's routes as knockouts of single positions.</summary>
    private static IReadOnlyList<Knockout> Hidden(TrainingSequence scene, int length, int? lastUntil)
    {
        var boxes = scene.Weights.Count(w => w == 1);
        int last = length - 1, query = length - 3;
        return [.. Enumerable.Range(0, length).SelectMany(from => Enumerable.Range(0, from)
            .Where(to => (IsObject(to) && from != last) || (IsLabel(to) && from != query)
                || (to == query && from != last))
            .Select(to => new Knockout(0, [from], [to]))),
            .. lastUntil is not { } layer ? [] : Enumerable.Range(0, last).Where(IsObject)
                .Select(to => new Knockout(layer, [last], [to]))];

        bool IsObject(int at) => at <= 7 * boxes && at % 7 == 2;
        bool IsLabel(int at) => at <= 7 * boxes && at > 0 && at % 7 == 6;
    }

    /// <summary>A scene's questions as running texts, weighed and wanted alike.</summary>
    private static IEnumerable<TrainingSequence> Alone(TrainingSequence scene)
    {
        var boxes = scene.Weights.Count(w => w == 1);
        var context = 1 + 7 * boxes;
        for (var k = 0; k < boxes; k++)
        {
            int[] places = [.. Enumerable.Range(0, context), .. Enumerable.Range(context + 5 * k, 5)];
            yield return new(scene.Kind, [.. places.Select(i => scene.Ids[i])],
                [.. places.Select(i => scene.Weights[i])])
            {
                Wanted = [.. places.Select(i => scene.Wanted![i])],
            };
        }
    }
}

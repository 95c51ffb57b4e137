using System.Text.RegularExpressions;

namespace Patchbay.Tasks.Tests;

public class DesiderataTests
{
    private const int Triples = 150, Boxes = 7;
    private const string OfQueried = "queried";

    /// <summary>How a variation's source becomes a prompt of the task again: what to replace, by what, how often it is
    /// there, and whether it names the queried box ("l") alone.</summary>
    private static readonly Dictionary<string, (string Pattern, string Plain, int Times)> Undo = new()
    {
        ["text before"] = ("^There are a bunch of boxes containing objects, the |^You see how it is, the ", "The ", 1),
        ["text after"] = (@", these are a bunch of boxes containing objects\. Box|, you see how it is\. Box", ". Box",
            1),
        ["tokens between"] = ($"is (contained|here) in the Box (?<{OfQueried}>[A-Z])",
            $"is in Box ${{{OfQueried}}}", 1),
        ["segment at start"] = ("^The apple is in Box O, the ", "The ", 1),
        ["segment at end"] = (@", the apple is in Box O\.", ".", 1),
        ["box before segment"] = (
            "([Tt]here are three additional boxes, Box PP, Box BB and Box AA|[Pp]lease see Box P, Box B and Box A), "
                + "the (?<o>[a-z]+) " +
            $"is in Box (?<{OfQueried}>[A-Z])", $"the ${{o}} is in Box ${{{OfQueried}}}", 1),
        ["object and box swapped"] = (
            $"Box (?<{OfQueried}>[A-Z]) contains the (?<o>[a-z]+)(?<end>[,.])",
                $"the ${{o}} is in Box ${{{OfQueried}}}${{end}}", 1),
        ["is not in"] = ($"is not in Box (?<{OfQueried}>[A-Z])", $"is in Box ${{{OfQueried}}}", 1),
        ["no comma"] = ("(?<l>[A-Z]) the ", "${l}, the ", Boxes - 1),
        ["comma after object"] = ("(?<o>[a-z]+), is", "${o} is", Boxes),
    };

    public static TheoryData<string> Names => [.. Desiderata.All];

    [Theory]
    [MemberData(nameof(Names))]
    public void Triples_are_what_the_desideratum_says(string name)
    {
        Check(name, Encoders.Words);
        Check(name, Encoders.Lab);
    }

    [SharedTheory]
    [MemberData(nameof(Names))]
    public void Triples_are_what_the_desideratum_says_under_llama_s_tokenizer(string name) =>
        Check(name, Encoders.Llama);

    private static void Check(string name, EncodeText encode)
    {
        var triples = Desiderata.Generate(name, Triples, 20, Boxes, encode);
        Assert.Equal(Triples, triples.Count);
        foreach (var triple in triples)
        {
            var (from, to) = (Parse(triple.Source.Text!, name), Parse(triple.Base.Text!, Desiderata.Position));
            Assert.NotEqual(from.Scene.Context, to.Scene.Context);
            var label = to.Scene.Labels.ToList().IndexOf(from.Label);
            var target = name switch
            {
                Desiderata.ObjectValue => from.Answer,
                Desiderata.BoxLabelValue => to.Scene.Objects[label],
                "other segment" => to.Scene.Objects[(from.Queried + 1) % Boxes],
                _ => to.Scene.Objects[from.Queried],
            };
            Assert.NotEqual(to.Answer, target);
            if (name != Desiderata.BoxLabelValue) Assert.NotEqual(to.Queried, from.Queried);
            Assert.Equal([.. triple.Base.Ids, triple.Target], encode($"{triple.Base.Text} {target}"));
            CheckPositions(triple.Base, to.Label, encode);
            CheckPositions(triple.Source, from.Label, encode);
        }
        // Every box is asked for by bases and sources, so that first and last segments are among those checked.
        Assert.Equal(Boxes, triples.Select(triple => Parse(triple.Source.Text!, name).Queried).Distinct().Count());
    }

    /// <summary>Takes a prompt apart that is worded as a desideratum words its sources; whatever is not exactly the
    /// change that was asked for is refused by the strict parser of files.</summary>
    private static EntityLine Parse(string prompt, string desideratum)
    {
        Assert.EndsWith(" contains the", prompt, StringComparison.Ordinal);
        if (Undo.TryGetValue(desideratum, out var undo))
        {
            var matches = Regex.Matches(prompt, undo.Pattern);
            Assert.Equal(undo.Times, matches.Count);
            if (matches[0].Groups[OfQueried] is { Success: true } queried)
                Assert.Contains($". Box {queried} contains", prompt, StringComparison.Ordinal);
            Assert.True(char.IsUpper(prompt[0]));
            prompt = Regex.Replace(prompt, undo.Pattern, undo.Plain);
            prompt = char.ToUpperInvariant(prompt[0]) + prompt[1..];
        }
        var label = Regex.Match(prompt, @"\. Box (\w) contains the$").Groups[1].Value;
        var answer = Regex.Match(prompt, $"(\\w+) is in Box {label}").Groups[1].Value;
        var line = EntityFile.Parse($"{prompt} {answer}.", desideratum);
        Assert.Equal(Boxes, line.Scene.Boxes);
        return line;
    }

    private static void CheckPositions(TokenSequence prompt, string label, EncodeText encode)
    {
        var (ids, positions) = (prompt.Ids, prompt.Positions);
        Assert.Equal(encode(prompt.Text!), ids);
        var (box, token) = (encode("in Box")[^1], encode($"in Box {label}")[^1]);
        Assert.Equal(["last", "previous_query_label", "query_label"], positions.Keys.Order());
        Assert.Equal(ids.Length - 1, positions["last"]);
        Assert.Equal(ids.Length - 3, positions["query_label"]);
        var places = Enumerable.Range(0, ids.Length).Where(i => ids[i] == token).ToArray();
        Assert.Equal([positions["previous_query_label"], positions["query_label"]], places);
        Assert.All(places, place => Assert.Equal(box, ids[place - 1]));
    }

    [Fact]
    public void There_are_three_and_eleven_variations()
    {
        Assert.Equal([Desiderata.ObjectValue, Desiderata.BoxLabelValue, Desiderata.Position], Desiderata.Main);
        Assert.Equal(11, Desiderata.Variations.Count);
        Assert.Equal(14, Desiderata.All.Distinct().Count());
        Assert.Equal([.. Undo.Keys.Append("other segment").Order()], Desiderata.Variations.Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_seed_gives_the_same_triples_and_another_seed_others(string name)
    {
        string Flat(ulong seed) => string.Join(
            '\n', Desiderata.Generate(name, 12, seed, 5, Encoders.Words)
                .Select(t => $"{t.Base.Text} | {t.Source.Text}"));
        Assert.Equal(Flat(1), Flat(1));
        Assert.NotEqual(Flat(1), Flat(2));
    }

    [Fact]
    public void Sources_come_from_many_scenes_however_few_triples_are_asked_for()
    {
        var triples = Desiderata.Generate(Desiderata.BoxLabelValue, 40, 3, 7, Encoders.Words);
        Assert.InRange(triples.Select(triple => Scene(triple.Source)).Distinct().Count(), 15, 40);
        static string Scene(TokenSequence prompt) => prompt.Text!.Split('.')[0];
    }

    [Theory]
    [InlineData(2), InlineData(10)]
    public void Scenes_may_be_of_any_size(int boxes)
    {
        foreach (var name in Desiderata.All.Where(name => boxes > 2 || name != "other segment"))
            Assert.Equal(5, Desiderata.Generate(name, 5, 1, boxes, Encoders.Lab).Count);
    }

    [Fact]
    public void What_cannot_be_made_is_refused()
    {
        Assert.Contains("no desideratum 'colour', expected one of object value, box label value, position, text before",
            Assert.Throws<InvalidDataException>(() => Desiderata.Generate("colour", 1, 1, 7, Encoders.Words)).Message,
                StringComparison.Ordinal);
        Assert.Contains("'other segment' needs scenes of 3 boxes at least, not 2",
            Assert.Throws<InvalidDataException>(() =>
                Desiderata.Generate("other segment", 1, 1, 2, Encoders.Words)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Desiderata.Generate(Desiderata.Position, 0, 1, 7,
            Encoders.Words));
        Assert.Throws<InvalidDataException>(() => Desiderata.Generate(Desiderata.Position, 1, 1, 11, Encoders.Words));
    }

    [Fact]
    public void Words_that_a_tokenizer_does_not_have_are_named()
    {
        string[] known = ["The", "the", "is", "in", "Box", "contains", ",", ".", "not", .. EntityWords.All.Objects,
            .. EntityWords.All.Labels];
        EncodeText encode = new WordEncoder { Known = known }.Encode;
        Refused.With(() => Desiderata.Generate("text before", 1, 1, 7, encode),
            "desideratum 'text before'", "words There, are, a, bunch, of, boxes, containing, objects");
        foreach (var name in Desiderata.All.Except(["text before", "text after", "tokens between",
            "box before segment"]))
            Assert.Single(Desiderata.Generate(name, 1, 1, 7, encode));
    }

    [Fact]
    public void A_label_whose_token_a_variation_brings_again_is_refused()
    {
        // A tokenizer to which "X" is the "not" of "is not in".
        var encoder = new WordEncoder();
        Refused.With(
            () => Desiderata.Generate("is not in", 400, 1, 7, text =>
                encoder.Encode(text.Replace("not", "X", StringComparison.Ordinal))),
            "is not in, triple", "the token of the query label 'X' once before the question");
    }
}

namespace Patchbay.Findings.Tests;

public class CircuitTests
{
    private static readonly PathChain Chain = PathChain.EntityTracking;

    [SharedFact]
    public void The_papers_files_load_as_they_are_and_come_back_when_saved()
    {
        using var scratch = new TemporaryFolder();
        foreach (var (name, sizes) in new[] { ("llama", new[] { 40, 7, 20, 5 }), ("goat", [68, 28, 40, 39]),
            ("float", [68, 29, 40, 38]) })
        {
            var circuit = Circuit.Load(Chain, SharedFolder.PathOf("reference", "circuits", $"{name}_circuit.json"));
            Assert.Equal(sizes, circuit.Groups.Values.Select(g => g.Count));
            File.WriteAllText(scratch.PathOf(name), Report.JsonText.Write(
                circuit.Groups.ToDictionary(g => Circuit.PaperName(g.Key), g => g.Value)));
            var again = Circuit.Load(Chain, scratch.PathOf(name));
            Assert.Equal(circuit.ToString(), again.ToString());
            Assert.Equal(circuit.ToString(), Circuit.Parse(Chain, circuit.ToString()).ToString());
        }
    }

    [Theory]
    [InlineData("{\"A\": [[1, 2], [1, 2]]}", "twice")]
    [InlineData("{\"fetchers\": [[1, 2]]}", "'fetchers'")]
    [InlineData("{\"A\": [[1]]}", "[layer, head]")]
    [InlineData("[1, 2]", "expected {\"group\"")]
    public void A_file_that_is_no_circuit_is_refused_in_a_sentence_that_names_it(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("c.json"), json);
        var refusal = Assert.Throws<InvalidDataException>(() => Circuit.Load(Chain, folder.PathOf("c.json")));
        Assert.Contains("c.json", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_random_circuit_is_as_large_and_has_no_head_twice_at_one_position()
    {
        var circuit = Circuit.Parse(Chain,
            "A=3.0 3.1 3.2 2.0 2.1 2.2 1.0; B=1.1 1.2 1.3 0.0 0.1 0.2; C=1.1; D=0.0 0.1");
        var drawn = Enumerable.Range(0, 50).Select(i => circuit.Random(4, 4, SplitMix64.For((ulong)i, "test")))
            .ToArray();
        foreach (var random in drawn)
        {
            Assert.Equal(circuit.Groups.Select(g => g.Value.Count), random.Groups.Select(g => g.Value.Count));
            Assert.Equal(13, random.AtPositions[PositionNames.Last].Count);
            random.Check(4, 4);
        }
        Assert.True(drawn.Select(d => d.ToString()).Distinct().Count() > 45);
        Assert.All(Enumerable.Range(0, 16), i => Assert.Contains(drawn, d => d.Groups["A"]
            .Contains(new Head(i / 4, i % 4))));
    }

    [Fact]
    public void A_head_removed_from_one_group_stays_in_another()
    {
        var circuit = Circuit.Parse(Chain, "A=3.0 3.1; B=3.0; C=1.1");
        var left = circuit.Without([new("A", new(3, 0)), new("C", new(1, 1))]);
        Assert.Equal("A=3.1; B=3.0; C=; D=", left.ToString());
        Assert.Equal([new Head(3, 1), new Head(3, 0)], left.AtPositions[PositionNames.Last]);
    }

    [Fact]
    public void Chains_are_data()
    {
        var chain = PathChain.Parse("movers@end; inhibition(S-inhibition)@end>movers.q; induction@s2>inhibition.v");
        Assert.Equal(["movers", "inhibition", "induction"], chain.Groups.Select(g => g.Name));
        Assert.Equal(("S-inhibition", "end", "movers", Composition.Q),
            (chain.Groups[1].Title, chain.Groups[1].Position, chain.Groups[1].ReceiversFrom, chain.Groups[1]
            .Composition));
        Assert.Null(chain.Groups[0].ReceiversFrom);
        Assert.Equal(Composition.V, chain.Groups[2].Composition);
        Assert.Equal(chain.ToString(), PathChain.Parse(chain.ToString()).ToString());
        Assert.Equal(PathChain.EntityTracking.Groups, PathChain.Parse(PathChain.EntityTracking.ToString()).Groups);
        foreach (var wrong in new[] { "", "A", "A@last>B.q", "A@last; A@last",
            "A@last; B@last>A.z" }) Assert.Throws<FormatException>(() => PathChain.Parse(wrong));
    }
}

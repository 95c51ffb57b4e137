namespace Patchbay.Findings.Tests;

public class SweepResultsTests
{
    private const string Fingerprint = "f1";

    private static Stage PathPatching(string group, int receivers = 2, double? circuit = null, params string[] after) =>
        new($"m/path-patching/{group}", "path-patching", "m",
            JsonRecord.Of(new PathPatchingParameters(group, PathChain.EntityTracking,
            ["A", "B", "C"], receivers, circuit ?? receivers, 0)), after);

    private static SweepState Planned(params Stage[] stages)
    {
        var plan = new SweepPlan("study", "", 20, new("entity-tracking", 6, 7), new("float32", "cpu", 1, 1 << 30),
            [new("m", "somewhere", null, Fingerprint, 3, 2, 100)], stages);
        return Then(Then(SweepState.None, new PlanSweep(plan, "1")), new StartSweep());
    }

    private static SweepState Then(SweepState state, SweepCommand command)
    {
        var decision = SweepDecider.Decide(command, state);
        Assert.Null(decision.Refusal);
        return decision.Events.Aggregate(state, SweepDecider.Evolve);
    }

    private static SweepState Begun(SweepState state, string stage, string inputs, params string[] units) =>
        Then(state, new BeginStage(stage, new(JsonRecord.Of(new StageInputs { Receivers = Head.ParseAll(inputs) }),
            units)));

    private static SweepState Done(SweepState state, string unit, params InterventionResult[] results) =>
        Then(state, new CompleteUnit(unit, "node", results, Fingerprint, "1", 1.5));

    private static InterventionResult Of(string item, params double[] values)
    {
        var mean = values.Average();
        var squares = values.Sum(v => (v - mean) * (v - mean));
        return new(item, mean, values.Length < 2 ? double.NaN
            : Math.Sqrt(squares / (values.Length - 1) / values.Length), values.Length)
        { Head = Head.Read(item) };
    }

    [Fact]
    public void Batches_of_one_head_pool_to_what_all_their_prompts_give_together()
    {
        double[] first = [-0.5, -0.1, 0.25], second = [-0.75, 0.125], third = [0.3];
        var state = Begun(Planned(PathPatching("A")), "m/path-patching/A", "", "prompts-0000-0002-layer-01",
            "prompts-0003-0004-layer-01", "prompts-0005-0005-layer-01");
        state = Done(state, "m/path-patching/A/prompts-0000-0002-layer-01", Of("1.0", first));
        state = Done(state, "m/path-patching/A/prompts-0003-0004-layer-01", Of("1.0", second));
        state = Done(state, "m/path-patching/A/prompts-0005-0005-layer-01", Of("1.0", third));
        var scores = SweepResults.Scores(state, state.Stages["m/path-patching/A"]);
        var together = Of("1.0", [.. first, .. second, .. third]);
        Assert.Equal(together.Score, scores.Scores[1, 0], 1e-15);
        Assert.Equal(together.Error, scores.StandardErrors[1, 0], 1e-15);
        Assert.Equal(6, scores.Samples[1, 0]);
    }

    [Fact]
    public void One_batch_keeps_its_bits()
    {
        var state = Begun(Planned(PathPatching("A")), "m/path-patching/A", "", "layer-00");
        state = Done(state, "m/path-patching/A/layer-00", new InterventionResult("0.1", 0.1 + 0.2, 1.0 / 3,
            7)
        { Head = new(0, 1) });
        var scores = SweepResults.Scores(state, state.Stages["m/path-patching/A"]);
        Assert.Equal(0.1 + 0.2, scores.Scores[0, 1]);
        Assert.Equal(1.0 / 3, scores.StandardErrors[0, 1]);
    }

    [Fact]
    public void A_head_without_a_result_is_not_measured_and_a_layer_without_units_scores_zero()
    {
        var state = Planned(PathPatching("A"));
        Assert.All(SweepResults.Scores(state, state.Stages["m/path-patching/A"]).Samples.Cast<double>(), n =>
            Assert.Equal(double.NaN, n));

        state = Begun(state, "m/path-patching/A", "2.1 1.0", "layer-00", "layer-01");
        state = Done(state, "m/path-patching/A/layer-00", Of("0.0", -1, -2), Of("0.1", 1, 2));
        var scores = SweepResults.Scores(state, state.Stages["m/path-patching/A"]);
        Assert.Equal([-1.5, 1.5, double.NaN, double.NaN, 0, 0], scores.Scores.Cast<double>());
        Assert.Equal([2, 2, double.NaN, double.NaN, 0, 0], scores.Samples.Cast<double>());
        Assert.Equal([new Head(2, 1), new Head(1, 0)], scores.Receivers);
        Assert.Equal("value fetcher", scores.Group.Title);
        Assert.False(scores.IsComplete);
    }

    [Fact]
    public void A_result_of_no_head_of_the_model_is_refused_by_name()
    {
        var state = Begun(Planned(PathPatching("A")), "m/path-patching/A", "", "layer-00");
        state = Done(state, "m/path-patching/A/layer-00", Of("0.7", 1));
        var error = Assert.Throws<InvalidDataException>(() => SweepResults.Scores(state,
            state.Stages["m/path-patching/A"]));
        Assert.Contains("'0.7'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_circuit_has_as_many_heads_as_its_stage_says_and_none_of_A_that_is_in_B()
    {
        var state = Planned(PathPatching("A", 1, 3), PathPatching("B", 2, null, "m/path-patching/A"),
            PathPatching("C", 2, null, "m/path-patching/B"));
        state = Begun(state, "m/path-patching/A", "", "layer-00", "layer-01");
        state = Done(state, "m/path-patching/A/layer-00", Of("0.0", -0.1), Of("0.1", -0.4));
        state = Done(state, "m/path-patching/A/layer-01", Of("1.0", -0.3), Of("1.1", -0.2));
        Assert.Equal([new Head(0, 1), new Head(1, 0), new Head(1, 1)], SweepResults.CompleteGroups(state, "m")["A"]);

        state = Begun(state, "m/path-patching/B", "1.0", "layer-00");
        state = Done(state, "m/path-patching/B/layer-00", Of("0.0", 0.1), Of("0.1", -0.4));
        state = Begun(state, "m/path-patching/C", "0.1", "layer-00");
        var circuit = SweepResults.CompleteGroups(state, "m");
        Assert.Equal(["A", "B"], circuit.Keys); // C is not complete
        Assert.Equal([new Head(1, 0), new Head(1, 1)], circuit["A"]);
        Assert.Equal([new Head(0, 1)], circuit["B"]); // a head of zero or more is none of the circuit
    }

    [Fact]
    public void Where_no_number_is_asked_for_a_circuit_has_the_heads_that_chance_does_not_explain()
    {
        var stage = PathPatching("A");
        var significant = stage with
        { Parameters = JsonRecord.Of(stage.Parameters.As<PathPatchingParameters>() with { Circuit = null }) };
        Assert.DoesNotContain("circuit", significant.Parameters.Text, StringComparison.Ordinal);
        var state = Begun(Planned(significant), "m/path-patching/A", "", "layer-00");
        InterventionResult Measured(string head, double score, double error) =>
            new(head, score, error, 100) { Head = Head.Parse(head) };
        state = Done(state, "m/path-patching/A/layer-00", Measured("0.0", -0.2, 0.01), Measured("0.1", -0.021, 0.01),
            Measured("1.0", 0.3, 0.01), Measured("1.1", -0.01, 0.01), Measured("2.0", -0.05, 0.01),
            Measured("2.1", 0.004, 0.01));
        // 0.1 is below zero by more than two standard errors, which one in twenty of heads that do nothing is.
        Assert.Equal([new Head(0, 0), new Head(2, 0)], SweepResults.CompleteGroups(state, "m")["A"]);
    }

    [Fact]
    public void Other_summaries_stand_beside_the_score_and_a_median_is_not_put_together_from_batches()
    {
        static InterventionResult Of(double mean, double right, double median) => new("0.0", mean, 0.1, 10)
        {
            Head = new(0, 0),
            Detail = new() { OfRight = new(right, 0.1, 5), Median = new(median, 0.2, 10) },
        };
        var state = Begun(Planned(PathPatching("A")), "m/path-patching/A", "", "a", "b");
        state = Done(state, "m/path-patching/A/a", Of(0.3, -0.2, -0.1));
        var scores = SweepResults.Scores(state, state.Stages["m/path-patching/A"]);
        Assert.Equal((-0.2, -0.1), (scores.OfRight![0, 0], scores.Median![0, 0]));
        state = Done(state, "m/path-patching/A/b", Of(0.5, -0.4, -0.1));
        scores = SweepResults.Scores(state, state.Stages["m/path-patching/A"]);
        Assert.Equal(-0.3, scores.OfRight![0, 0], 1e-12);
        Assert.Null(scores.Median);
    }

    [Fact]
    public void A_median_has_the_error_that_its_order_statistics_give()
    {
        double[] values = [.. Enumerable.Range(0, 101).Select(i => (double)i).Append(1e9)];
        var median = Estimate.Median(values);
        Assert.Equal(50.5, median.Value);
        Assert.InRange(median.Error, 4.5, 6); // 1.25 standard deviations of a uniform value over sqrt n: 3.7
        Assert.True(double.IsNaN(Estimate.Median([1, 2, 3]).Error));
        Assert.Equal(2, Estimate.Median([3, 1, 2]).Value);
    }

    [Fact]
    public void Accuracy_counts_what_was_right_over_all_batches()
    {
        var stage = new Stage("m/accuracy", "accuracy", "m", JsonRecord.Of(new AccuracyParameters(130)), []);
        var state = Planned(stage);
        Assert.Null(SweepResults.Accuracy(state, "m"));
        state = Begun(state, "m/accuracy", "", "prompts-0000-0099", "prompts-0100-0129");
        Assert.Null(SweepResults.Accuracy(state, "m"));
        state = Done(state, "m/accuracy/prompts-0000-0099", new InterventionResult("accuracy", 0.57, 0.05, 100));
        state = Done(state, "m/accuracy/prompts-0100-0129", new InterventionResult("accuracy", 11 / 30.0, 0.09, 30));
        Assert.Equal(new Proportion(68, 130), SweepResults.Accuracy(state, "m"));
    }
}

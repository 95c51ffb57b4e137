using Patchbay.Sweeps.Studies;

namespace Patchbay.Sweeps.Tests.Studies;

/// <summary>The kind "accuracy" with its field, without anything to run.</summary>
internal sealed class AccuracyForTests : StageKind
{
    public override string Name => "accuracy";

    public override IReadOnlyList<StageField> Fields =>
        [new("prompts", "500", "Prompts to ask.", Numbers.Check("a number of 1 or more", v => int.TryParse(v, out var n)
            && n > 0))];

    public override IReadOnlyList<Stage> Expand(StageRequest request) =>
        [new($"{request.Model}/accuracy", Name, request.Model, JsonRecord.Of(request.Values), [])];

    public override StagePlan Plan(Stage stage, SweepState state) => throw new NotSupportedException();
}

/// <summary>The kind "path-patching" with its fields: a stage per group, each after the one before.</summary>
internal sealed class PathPatchingForTests : StageKind
{
    public override string Name => "path-patching";

    public override IReadOnlyList<StageField> Fields =>
    [
        new("groups", "A,B,C,D", "Groups to discover.", Numbers.Check("a list of groups (A, B, C, D)", v =>
            v is "A" or "B" or "C" or "D")),
        new("receivers", "20,5,10,5", "Heads that the next group leads to.",
            Numbers.Check("a list of numbers of 1 or more", IsCount)),
        new("circuit", "", "Candidates.", v => v.Length == 0 ? null
            : Numbers.Check("a list of numbers of 1 or more", IsCount)(v)),
        new("batch", "0", "Prompts of a unit.", Numbers.Check("a number of 0 or more", v => int.TryParse(v, out var n)
            && n >= 0)),
    ];

    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var (model, parameters) = (request.Model, request.Values);
        var groups = parameters["groups"].Split(',');
        var receivers = parameters["receivers"].Split(',');
        if (groups.Length > receivers.Length)
            throw new ArgumentException($"expected receivers for {groups.Length} groups, found {receivers.Length}.");
        return [.. groups.Select(g => new Stage($"{model}/path-patching/{g}", Name, model, JsonRecord.Of(parameters),
            g == "A" ? [] : [$"{model}/path-patching/{(char)(g[0] - 1)}"]))];
    }

    public override StagePlan Plan(Stage stage, SweepState state) => throw new NotSupportedException();

    private static bool IsCount(string value) => int.TryParse(value, out var n) && n > 0;
}

internal static class Numbers
{
    public static Func<string, string?> Check(string expected, Func<string, bool> fits) =>
        value => value.Split(',').All(fits) ? null : expected;
}

internal static class Parameters
{
    /// <summary>One of a stage's parameters, which the kinds of these tests keep as texts.</summary>
    public static string Value(this Stage stage, string name) => stage.Parameters.As<Dictionary<string,
        string>>()[name];
}

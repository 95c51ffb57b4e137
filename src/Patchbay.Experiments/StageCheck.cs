namespace Patchbay.Experiments;

/// <summary>Rules about stages that several experiments have: what is known to fail before a model is loaded.</summary>
public static class StageCheck
{
    /// <summary>Heads that a parameter names and the model has not.</summary>
    public static IEnumerable<StageMistake> Heads(string field, IEnumerable<Head> named, CheckpointShape shape)
    {
        if (shape.Lacking(named) is { Count: > 0 } lacking)
            yield return new(field, $"expected heads of a model that has {shape}, found {string.Join(' ', lacking)}");
    }

    /// <summary>Heads of a circuit that the model has not, group by group.</summary>
    public static IEnumerable<StageMistake> Heads(Circuit circuit, CheckpointShape shape) =>
        from circuitGroup in circuit.Groups
        let lacking = shape.Lacking(circuitGroup.Value)
        where lacking.Count > 0
        select new StageMistake(CircuitSource.Field.Name, $"group {circuitGroup.Key} of the circuit has "
            + $"{(lacking.Count == 1 ? "head" : "heads")} {string.Join(' ', lacking)}, but the model has {shape}");

    /// <summary>A number of heads above what the model has.</summary>
    public static IEnumerable<StageMistake> Count(string field, double count, CheckpointShape shape)
    {
        if (count > shape.Layers * shape.Heads)
            yield return new(field, $"expected at most {shape.Layers * shape.Heads}, the heads of a model that has "
                + $"{shape}, found '{count}'");
    }

    /// <summary>A position that a prompt has not.</summary>
    /// <param name="field">The parameter.</param>
    /// <param name="name">The position.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="both">Whether the counterfactuals must have it too.</param>
    /// <param name="whose">Whose position it is: "group A is at ".</param>
    public static IEnumerable<StageMistake> Position(string field, string name, PromptSet prompts, bool both,
        string whose = "")
    {
        bool Has(TokenSequence sequence) => sequence.Positions.ContainsKey(name);
        if (prompts.Prompts.FirstOrDefault(p => !Has(p.Clean) || (both && !Has(p.Counterfactual))) is not { } lacking)
            yield break;
        var (side, where) = Has(lacking.Clean) ? (lacking.Counterfactual, "the counterfactual of ")
            : (lacking.Clean, "");
        yield return new(field, $"expected positions that every prompt has, found {whose}'{name}', which "
            + $"{where}{lacking.Origin} has not; it has {Names(side)}");
    }

    /// <summary>The first position of a chain's groups that prompts have not, but for those that path patching used
    /// before: of them it is said there.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="field">The parameter that gives the chain.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="both">Whether the counterfactuals must have them too.</param>
    public static IEnumerable<StageMistake> Chain(Stage stage, string field, PathChain chain, StudyFacts facts,
        bool both = false)
    {
        string[] told = [.. facts.Before.Where(s => s.Kind == Kinds.PathPatching)
            .Select(s => s.Parameters.As<PathPatchingParameters>().InChain().Position)];
        return chain.Groups.Where(g => !told.Contains(g.Position)).SelectMany(g => Position(field, g.Position,
            facts.Models[stage.Model].Prompts, both, $"group {g.Name} at ")).Take(1);
    }

    /// <summary>Groups that a chain has not.</summary>
    public static IEnumerable<StageMistake> Groups(string field, IEnumerable<string> named, PathChain chain,
        params string[] others)
    {
        string[] known = [.. chain.Groups.Select(g => g.Name), .. others];
        if (named.Except(known).ToArray() is { Length: > 0 } unknown)
            yield return new(field, $"expected names among {string.Join(", ", known)}, found "
                + string.Join(", ", unknown));
    }

    /// <summary>Prompts that are longer than those that mean activations are taken from, and means of other scenes
    /// where a file has none.</summary>
    public static IEnumerable<StageMistake> Means(PromptSet prompts, StudyFacts facts, int count, IAblating ablating)
    {
        var mixed = ablating.MixedMeans;
        if (mixed.Length > 0
            && prompts.Prompts.FirstOrDefault(p => PositionSets.Of(p.Clean, mixed).Length == 0) is { } none)
            yield return new(FieldCheck.MixedMeans.Name, $"expected positions that every prompt has, found "
                + $"'{mixed}', which {none.Origin} has not; it has {Names(none.Clean)}");
        if (facts.Task.File is null) yield break; // all generated prompts are equally long
        if (ablating.DisjointMeans)
            yield return new(FieldCheck.DisjointMeansName, "expected false with the prompts of a file, whose "
                + "counterfactuals mean activations are taken from, found true");
        var reach = prompts.Prompts.Take(ablating.Means).Max(p => p.Counterfactual.Ids.Length);
        if (prompts.Prompts.Take(count).FirstOrDefault(p => p.Clean.Ids.Length > reach) is { } longer)
            yield return new(FieldCheck.Means.Name, $"expected counterfactuals, which mean activations are taken from, "
                + $"as long as the prompts, found {reach} tokens at most and {longer.Clean.Ids.Length} in "
                + longer.Origin);
    }

    private static string Names(TokenSequence sequence) =>
        string.Join(", ", sequence.Positions.Keys.Order(StringComparer.Ordinal));
}

namespace Patchbay.Experiments;

/// <summary>How a study says which circuit a stage is about.</summary>
public static class CircuitSource
{
    /// <summary>The parameter by which it says so.</summary>
    public static StageField Field { get; } = new("circuit", SweepResults.Found,
        "The model's own as 'found' before; or one as text, such as \"A=5.3 5.1; B=4.1\", or a .json file in the "
            + "paper's form",
        text => text == SweepResults.Found || text.Contains('=') || IsFile(text) ? null
            : $"'{SweepResults.Found}', a circuit as text or a .json file");

    /// <summary>Whether a value names a file.</summary>
    public static bool IsFile(string value) => value.EndsWith(".json", StringComparison.OrdinalIgnoreCase);

    /// <summary>Ids of the stages that say what a model's circuit is.</summary>
    /// <exception cref="MissingStageException">There are none before.</exception>
    public static IReadOnlyList<string> Needed(StageRequest request, string model)
    {
        string[] found = [.. request.Earlier(Kinds.Minimality, model).Select(s => s.Id),
            .. Pruned(request, model) is { } pruned ? [pruned.Id] : (string[])[]];
        return [.. found, .. found.Length > 0 ? request.Earlier(Kinds.PathPatching, model).Select(s => s.Id)
            : PathPatched(request, model)];
    }

    /// <summary>Ids of a model's path-patching stages.</summary>
    /// <exception cref="MissingStageException">There are none before.</exception>
    public static IReadOnlyList<string> PathPatched(StageRequest request, string model)
    {
        string[] found = [.. request.Earlier(Kinds.PathPatching, model).Select(s => s.Id)];
        return found.Length > 0 ? found : throw new MissingStageException(Kinds.PathPatching,
            $"expected {Kinds.PathPatching} of {model} before this stage, which needs its circuit, found none");
    }

    /// <summary>The stage before in which elimination says what a model's circuit is, or null.</summary>
    public static Stage? Pruned(StageRequest request, string model) =>
        request.Earlier(Kinds.Prune, model).LastOrDefault(PruneFinding.IsFinding);

    /// <summary>The chain of a model's circuit before a stage.</summary>
    public static PathChain Chain(StageRequest request, string model) =>
        request.Earlier(Kinds.PathPatching, model) is [var first, ..]
        ? first.Parameters.As<PathPatchingParameters>().Chain
        : Pruned(request, model)?.Parameters.As<PruneParameters>().Chain ?? PathChain.EntityTracking;

    /// <summary>A circuit that a study gives, as text or as a file.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static Circuit Given(PathChain chain, string text) => text.Contains('=') ? Circuit.Parse(chain, text)
        : Circuit.Load(chain, text);

    /// <summary>A request with <see cref="Field"/> whose values name its chain and, where one is given, its circuit as
    /// text; and the stages that it needs.</summary>
    /// <exception cref="InvalidDataException">There is no such circuit.</exception>
    public static (StageRequest Request, IReadOnlyList<string> After) Resolve(StageRequest request)
    {
        var (given, chain) = (request.Values[Field.Name], Chain(request, request.Model));
        var values = new Dictionary<string, string>(request.Values) { ["chain"] = chain.ToString() };
        if (given != SweepResults.Found) values[Field.Name] = Given(chain, given).ToString();
        return (request with { Values = values }, given == SweepResults.Found ? Needed(request, request.Model) : []);
    }
}

using Patchbay.Experiments.Findings;
using Patchbay.Experiments.Stages;
using Patchbay.Models;
using Patchbay.Sweeps;

namespace Patchbay.Experiments;

/// <summary>The circuits that a sweep has found. Nothing is run and nothing read here.</summary>
public static class SweepCircuits
{
    private const string Found = "found";

    /// <summary>A model's circuit: what minimality kept, where it was run and is complete; else the strongest heads of path patching.</summary>
    /// <param name="state">The sweep.</param>
    /// <param name="model">Name of the model.</param>
    public static Circuit Of(SweepState state, string model)
    {
        var candidates = Candidates(state, model);
        var minimal = MinimalityExperiment.Stages(state, model).Where(s => s.Status == StageStatus.Completed)
            .ToDictionary(s => s.Stage.Parameters["group"], s => MinimalityExperiment.Findings(s, candidates));
        return new(candidates.Chain, candidates.Groups.ToDictionary(g => g.Key, g => minimal.TryGetValue(g.Key, out var found)
            ? [.. found.Where(f => f.Kept).Select(f => f.Head)] : g.Value));
    }

    /// <summary>The strongest heads of every group that path patching has finished, as many as the study says; heads of a later group that is at the
    /// same position leave the earlier one (heads in both A and B leave A).</summary>
    public static Circuit Candidates(SweepState state, string model)
    {
        var stages = SweepResults.PathPatching(state, model).Where(s => s.Status == StageStatus.Completed).ToArray();
        var chain = stages.Length == 0 ? PathChain.EntityTracking : SweepResults.Chain(stages[0].Stage);
        var groups = stages.ToDictionary(s => SweepResults.Group(s.Stage).Name, s =>
        {
            var path = SweepResults.Scores(state, s).Path;
            return (IReadOnlyList<Head>)[.. path.Top(SweepResults.CircuitSize(s.Stage)).Where(h => path.Scores[h.Layer, h.Index] < 0)];
        });
        foreach (var (i, group) in chain.Groups.Index().Where(g => groups.ContainsKey(g.Item.Name)).ToArray())
        {
            var later = chain.Groups.Skip(i + 1).Where(g => g.Position == group.Position).SelectMany(g => groups.GetValueOrDefault(g.Name) ?? []);
            groups[group.Name] = [.. groups[group.Name].Except(later)];
        }
        return new(chain, groups);
    }

    /// <summary>Ids of the stages that say what a model's circuit is.</summary>
    /// <exception cref="InvalidDataException">There are none before.</exception>
    public static IReadOnlyList<string> Needed(StageRequest request, string model)
    {
        var found = request.Earlier(MinimalityExperiment.Kind, model).Concat(request.Earlier(SweepResults.PathPatchingKind, model))
            .Select(s => s.Id).ToArray();
        return found.Length > 0 ? found : throw new InvalidDataException($"expected {SweepResults.PathPatchingKind} of {model} before this stage, which needs its circuit, found none");
    }

    /// <summary>The parameter by which a study says which circuit a stage is about.</summary>
    public static StageField Field { get; } = new("circuit", Found,
        "The model's own as 'found' before; or one as text, such as \"A=5.3 5.1; B=4.1\", or a .json file in the paper's form",
        text => text == Found || text.Contains('=') || text.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? null
            : $"'{Found}', a circuit as text or a .json file");

    /// <summary>What a stage with <see cref="Field"/> needs: parameters that name its circuit, and the stages that it comes from.</summary>
    /// <exception cref="InvalidDataException">There is no such circuit.</exception>
    public static (Dictionary<string, string> Parameters, IReadOnlyList<string> After) Source(StageRequest request)
    {
        var (given, chain) = (request.Parameters[Field.Name], Chain(request, request.Model));
        var parameters = new Dictionary<string, string>(request.Parameters) { ["chain"] = chain.ToString() };
        if (given == Found) return (parameters, Needed(request, request.Model));
        parameters[Field.Name] = Given(chain, given).ToString();
        return (parameters, []);
    }

    /// <summary>A circuit that a study gives, as text or as a file.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static Circuit Given(PathChain chain, string text) => text.Contains('=') ? Circuit.Parse(chain, text) : Circuit.Load(chain, text);

    /// <summary>The circuit that a stage with <see cref="Field"/> is about.</summary>
    public static Circuit Of(SweepState state, Stage stage) => stage.Parameters[Field.Name] == Found ? Of(state, stage.Model)
        : Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), stage.Parameters[Field.Name]);

    /// <summary>The chain of a model's path patching before a stage.</summary>
    public static PathChain Chain(StageRequest request, string model) =>
        request.Earlier(SweepResults.PathPatchingKind, model) is [var first, ..] ? SweepResults.Chain(first) : PathChain.EntityTracking;

    /// <summary>Means over all prompts of what several units measured on some each, by item, with the number of prompts.</summary>
    public static IReadOnlyDictionary<string, (double Mean, int Samples)> Pooled(StageState stage) => stage.Results.Select(r => r.Result)
        .GroupBy(r => r.Item, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => (g.Sum(r => r.Score * r.Samples) / g.Sum(r => r.Samples), g.Sum(r => r.Samples)), StringComparer.Ordinal);
}

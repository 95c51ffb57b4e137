using Patchbay.Models;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Findings;

/// <summary>Everything that the stages of a sweep add up to, as numbers; nothing is run and nothing read. What the study did not ask for, or
/// what is not complete yet, is absent: an empty list or null.</summary>
/// <param name="Models">The models in the plan's order; the first is the base.</param>
/// <param name="Chain">Groups of the path-patching chain, in its order.</param>
/// <param name="Circuits">One model's circuit evaluated in a model.</param>
/// <param name="Cmap">Cross-model patching, donor by donor.</param>
public sealed record SweepFindings(IReadOnlyList<ModelFindings> Models, PathChain Chain, IReadOnlyList<CircuitFinding> Circuits,
    IReadOnlyList<CmapFinding> Cmap)
{
    /// <summary>A model by its name.</summary>
    public ModelFindings Model(string name) => Models.First(m => m.Name == name);
}

/// <summary>What was found in one model.</summary>
public sealed record ModelFindings
{
    /// <summary>Its name in the study.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of its checkpoint.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>L.</summary>
    public required int Layers { get; init; }

    /// <summary>H.</summary>
    public required int Heads { get; init; }

    /// <summary>Accuracy on the task, or null.</summary>
    public AccuracyFinding? Accuracy { get; init; }

    /// <summary>Path-patching scores, group by group in the chain's order; only complete stages.</summary>
    public IReadOnlyList<PathScores> Scores { get; init; } = [];

    /// <summary>Heads of its circuit by the chain's group names; after minimality where that was run, else the strongest.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Head>> Circuit { get; init; } = new Dictionary<string, IReadOnlyList<Head>>();

    /// <summary>Every candidate head's significance.</summary>
    public IReadOnlyList<MinimalityFinding> Minimality { get; init; } = [];

    /// <summary>Attribution patching beside the exact scores.</summary>
    public IReadOnlyList<AttributionFinding> Attribution { get; init; } = [];

    /// <summary>Which heads of a group carry a piece of information.</summary>
    public IReadOnlyList<DcmFinding> Dcm { get; init; } = [];

    /// <summary>What groups carry, on fresh triples.</summary>
    public IReadOnlyList<FunctionalityFinding> Functionality { get; init; } = [];

    /// <summary>Accuracy as attention is forbidden from a layer up.</summary>
    public IReadOnlyList<KnockoutCurve> Knockouts { get; init; } = [];

    /// <summary>Where heads look.</summary>
    public IReadOnlyList<AttentionFinding> Attention { get; init; } = [];

    /// <summary>Accuracy when heads are patched from the counterfactual prompts.</summary>
    public IReadOnlyList<PatchedFinding> Patched { get; init; } = [];
}

/// <summary>A model's accuracy.</summary>
/// <param name="Right">How many prompts it answers.</param>
/// <param name="Probability">Mean probability of the answer, with its standard error.</param>
/// <param name="Rank">Mean rank of the answer among all tokens, 1 the best, with its standard error.</param>
/// <param name="Answers">Which prompts, in order; empty where not recorded.</param>
public sealed record AccuracyFinding(Proportion Right, Estimate Probability, Estimate Rank, IReadOnlyList<bool> Answers);

/// <summary>A mean with its standard error.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Error">Its standard error; NaN where there is none.</param>
/// <param name="Samples">Of how many.</param>
public readonly record struct Estimate(double Value, double Error, int Samples);

/// <summary>A candidate head's significance for the circuit (method, section 4).</summary>
/// <param name="Group">The chain's name of its group.</param>
/// <param name="Head">Which.</param>
/// <param name="Without">F(C\K).</param>
/// <param name="WithoutBoth">F(C\(K+v)).</param>
/// <param name="Partners">Size of K.</param>
/// <param name="Kept">Whether the circuit keeps it.</param>
public sealed record MinimalityFinding(string Group, Head Head, Proportion Without, Proportion WithoutBoth, int Partners, bool Kept)
{
    /// <summary>F(C\K) / F(C\(K+v)) - 1; infinite where nothing is right without it.</summary>
    public double Significance => Without.Share / WithoutBoth.Share - 1;
}

/// <summary>A circuit in a model.</summary>
/// <param name="CircuitOf">Model whose circuit it is.</param>
/// <param name="Model">Model in which it was evaluated.</param>
/// <param name="Heads">Heads of the circuit by group.</param>
/// <param name="Full">The whole model's accuracy on the same prompts.</param>
/// <param name="Circuit">The circuit's accuracy.</param>
/// <param name="Random">Accuracy of random circuits of the same size, one by one.</param>
/// <param name="Completeness">Subsets left out of circuit and model.</param>
/// <param name="FullAnswers">Prompts that the whole model answers.</param>
/// <param name="CircuitAnswers">Prompts that the circuit answers.</param>
public sealed record CircuitFinding(string CircuitOf, string Model, IReadOnlyDictionary<string, int> Heads, Proportion Full, Proportion Circuit,
    IReadOnlyList<Proportion> Random, IReadOnlyList<CompletenessFinding> Completeness, IReadOnlyList<bool> FullAnswers,
    IReadOnlyList<bool> CircuitAnswers)
{
    /// <summary>Whether the circuit was judged at its groups' positions alone: heads at other positions kept their own activations, in place
    /// of the means that the paper gives them.</summary>
    public bool ElsewhereOwn { get; init; }

    /// <summary>Circuit accuracy over full accuracy.</summary>
    public double Faithfulness => Circuit.Share / Full.Share;
}

/// <summary>Heads K left out of the circuit and of the whole model.</summary>
/// <param name="Subset">"random 3" or "group A".</param>
/// <param name="Size">Heads left out.</param>
/// <param name="Circuit">F(C\K).</param>
/// <param name="Model">F(M\K).</param>
public sealed record CompletenessFinding(string Subset, int Size, Proportion Circuit, Proportion Model)
{
    /// <summary>|F(M\K) - F(C\K)|.</summary>
    public double Incompleteness => Math.Abs(Model.Share - Circuit.Share);
}

/// <summary>What DCM's mask kept (method, section 5).</summary>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Desideratum">"object value", "box label value", "position", or a variation of position.</param>
/// <param name="GroupSize">Heads of the group.</param>
/// <param name="Heads">Heads that carry the information.</param>
/// <param name="Mask">Trained mask of every head of the group, before rounding, in the group's order.</param>
/// <param name="Test">Accuracy on held-out triples with these heads patched.</param>
/// <param name="AllHeads">Accuracy on held-out triples with the whole group patched.</param>
public sealed record DcmFinding(string Group, string Desideratum, int GroupSize, IReadOnlyList<Head> Heads, IReadOnlyList<double> Mask,
    Proportion Test, Proportion AllHeads)
{
    /// <summary>Held-out triples answered with these heads; empty where not recorded.</summary>
    public IReadOnlyList<bool> TestAnswers { get; init; } = [];

    /// <summary>The same with the whole group.</summary>
    public IReadOnlyList<bool> AllHeadsAnswers { get; init; } = [];
}

/// <summary>The functionality test: kept heads patched on fresh triples of several seeds.</summary>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Desideratum">What should carry over.</param>
/// <param name="Seeds">Accuracy of every seed.</param>
public sealed record FunctionalityFinding(string Group, string Desideratum, IReadOnlyList<Proportion> Seeds)
{
    /// <summary>Triples answered, seed after seed; empty where not recorded.</summary>
    public IReadOnlyList<bool> Answers { get; init; } = [];

    /// <summary>Mean over the seeds and its standard error.</summary>
    public Estimate Mean
    {
        get
        {
            var (mean, error) = PathPatching.MeanAndError([.. Seeds.Select(s => s.Share)]);
            return new(mean, error, Seeds.Sum(s => s.Count));
        }
    }
}

/// <summary>The fine-tuned model's activations in the base (method, section 6).</summary>
/// <param name="Donor">Model that the activations are of.</param>
/// <param name="Into">Model that they are patched into.</param>
/// <param name="Form">"output", or "input q", "input k", "input v", "input qkv", ...</param>
/// <param name="Group">A group's name, or "circuit" for all groups.</param>
/// <param name="Heads">How many heads.</param>
/// <param name="Patched">Accuracy with them.</param>
/// <param name="Floor">The base's own on the same prompts.</param>
/// <param name="Target">The donor's own on the same prompts, or null.</param>
/// <param name="PatchedAnswers">Prompts answered with them.</param>
/// <param name="FloorAnswers">Prompts that the base answers.</param>
public sealed record CmapFinding(string Donor, string Into, string Form, string Group, int Heads, Proportion Patched, Proportion Floor,
    Proportion? Target, IReadOnlyList<bool> PatchedAnswers, IReadOnlyList<bool> FloorAnswers);

/// <summary>Accuracy by the layer from which attention is forbidden (method, section 7).</summary>
/// <param name="From">Attending position: "last".</param>
/// <param name="To">Position that it may not see: "correct object".</param>
/// <param name="ByLayer">Accuracy with attention forbidden from layer l up, l = 0..L-1.</param>
/// <param name="Unchanged">Accuracy with nothing forbidden.</param>
public sealed record KnockoutCurve(string From, string To, IReadOnlyList<Proportion> ByLayer, Proportion Unchanged)
{
    /// <summary>Prompts answered, by layer; each empty where not recorded.</summary>
    public IReadOnlyList<IReadOnlyList<bool>> LayerAnswers { get; init; } = [.. ByLayer.Select(_ => (IReadOnlyList<bool>)[])];

    /// <summary>Prompts answered with nothing forbidden.</summary>
    public IReadOnlyList<bool> UnchangedAnswers { get; init; } = [];
}

/// <summary>How much attention a head pays from its group's position to each named position, in the mean over prompts.</summary>
/// <param name="Group">The chain's name of its group.</param>
/// <param name="Head">Which.</param>
/// <param name="Weights">Attention by position name, with standard errors; "other" is the rest.</param>
public sealed record AttentionFinding(string Group, Head Head, IReadOnlyDictionary<string, Estimate> Weights);

/// <summary>Attribution patching (gradient times difference of activations) beside exact path patching of the same group.</summary>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Form">"gradient" or "integrated gradients".</param>
/// <param name="Scores">Approximate scores by [layer, head].</param>
/// <param name="RankCorrelation">Spearman's with the exact scores, over heads that can score.</param>
/// <param name="TopK">k.</param>
/// <param name="Recall">Share of the exact top k among the approximate top 2k.</param>
public sealed record AttributionFinding(string Group, string Form, double[,] Scores, double RankCorrelation, int TopK, double Recall);

/// <summary>A set of heads patched from the counterfactual prompts.</summary>
/// <param name="Heads">What was patched: "group A", or "5.3 5.1".</param>
/// <param name="Position">Named position.</param>
/// <param name="Right">How often the answer is still the clean prompt's.</param>
/// <param name="Change">Mean relative change of the answer's probability.</param>
public sealed record PatchedFinding(string Heads, string Position, Proportion Right, Estimate Change);

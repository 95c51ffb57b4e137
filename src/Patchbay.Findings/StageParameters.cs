namespace Patchbay.Findings;

/// <summary>Names of the experiments, as studies and journals have them.</summary>
public static class Kinds
{
    /// <summary>How often a model answers.</summary>
    public const string Accuracy = "accuracy";

    /// <summary>Which heads matter, through which others.</summary>
    public const string PathPatching = "path-patching";

    /// <summary>Which of the strongest heads a circuit needs.</summary>
    public const string Minimality = "minimality";

    /// <summary>A circuit by backward elimination of heads.</summary>
    public const string Prune = "prune";

    /// <summary>How faithful and complete a circuit is.</summary>
    public const string Circuit = "circuit";

    /// <summary>Path patching to first order.</summary>
    public const string Attribution = "attribution";

    /// <summary>Which heads carry a piece of information.</summary>
    public const string Dcm = "dcm";

    /// <summary>What the heads that DCM kept carry, on fresh triples.</summary>
    public const string Functionality = "functionality";

    /// <summary>A fine-tuned model's heads in its base.</summary>
    public const string Cmap = "cmap";

    /// <summary>Heads patched from each prompt's counterfactual.</summary>
    public const string ActivationPatching = "activation-patching";

    /// <summary>Attention forbidden between two positions.</summary>
    public const string Knockout = "knockout";

    /// <summary>Where heads look.</summary>
    public const string Attention = "attention";

    /// <summary>Only a group's heads fine-tuned.</summary>
    public const string TargetedTuning = "targeted-tuning";
}

/// <summary>Parameters of stages that run over some prompts, all of them a unit or so many.</summary>
public interface IPrompted
{
    /// <summary>Prompts to run; 0 for all that the task has.</summary>
    int Prompts { get; }

    /// <summary>Prompts that a unit takes; 0 for all.</summary>
    int Batch { get; }
}

/// <summary>Parameters of stages in which heads give their mean over other prompts.</summary>
public interface IAblating
{
    /// <summary>Prompts whose activations are averaged.</summary>
    int Means { get; }

    /// <summary>Whether those are of other scenes than the prompts to answer. As published they are of the same scenes,
    /// asking for a letter drawn at random.</summary>
    bool DisjointMeans { get; }

    /// <summary>What heads at other positions give.</summary>
    string Elsewhere { get; }

    /// <summary>Positions whose means are taken together, so that they do not tell them apart: "label_*"; empty for
    /// none. As published every position has its own mean, and with it the order of segments.</summary>
    string MixedMeans { get; }
}

/// <summary>Parameters of stages about one circuit.</summary>
public interface IAboutCircuit
{
    /// <summary>The chain whose groups the circuit has.</summary>
    PathChain Chain { get; }

    /// <summary>The circuit as the study gives it; "found" or null for a model's own.</summary>
    string? Circuit { get; }
}

/// <summary>Parameters of an accuracy stage.</summary>
public sealed record AccuracyParameters(int Prompts) : IPrompted
{
    /// <inheritdoc/>
    public int Batch => 128;
}

/// <summary>Parameters of a path-patching stage: one group.</summary>
/// <param name="Group">Name of the group.</param>
/// <param name="Chain">The chain that it is of.</param>
/// <param name="Groups">All groups that the study asks for: base runs keep what they need together.</param>
/// <param name="Receivers">How many of its most negative heads the next group's paths end in.</param>
/// <param name="Circuit">How many of its most negative heads its circuit has; below 1 the significant ones with at
/// least this share of the strongest head's score; null for all significant ones.</param>
/// <param name="Batch">Prompts that a unit takes; 0 for all.</param>
public sealed record PathPatchingParameters(string Group, PathChain Chain, IReadOnlyList<string> Groups, int Receivers,
    double? Circuit, int Batch) : IPrompted
{
    /// <summary>The score that is the mean relative change over all prompts.</summary>
    public const string Mean = "mean";

    /// <summary>The score that is the mean over the prompts which the model answers right.</summary>
    public const string OfRight = "right";

    /// <summary>The score that is the median.</summary>
    public const string Median = "median";

    /// <summary>Which summary over prompts is the score that heads are ranked and chosen by.</summary>
    public string Score { get; init; } = Mean;

    /// <summary>What the score is, in words.</summary>
    public string InWords => Score switch
    {
        OfRight => "mean relative change of the answer's probability, where the model is right",
        Median => "median relative change of the answer's probability",
        _ => "mean relative change of the answer's probability",
    };

    /// <summary>The heads that its paths end in, where they are not those that the stage before found.</summary>
    public IReadOnlyList<Head>? Into { get; init; }

    /// <summary>Whether whole forward passes are run in place of the cone.</summary>
    public bool Reference { get; init; }

    int IPrompted.Prompts => 0;

    /// <summary>The group in the chain.</summary>
    public PathGroup InChain() => Chain.Group(Group);
}

/// <summary>Parameters of a minimality stage: one of a group's two.</summary>
/// <param name="Group">Name of the group.</param>
/// <param name="Part"><see cref="Pairs"/>, or what comes of them.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Prompts">Prompts to answer.</param>
/// <param name="Means">Prompts whose activations are averaged.</param>
/// <param name="Elsewhere">What heads at other positions give.</param>
/// <param name="Share">Most of a group that is left out together with a head.</param>
/// <param name="Threshold">Least significance of a head that stays.</param>
/// <param name="AsPublished">Whether the second head of a pair stays in where it shares the first's layer or
/// index.</param>
/// <param name="Batch">Prompts that a unit takes; 0 for all.</param>
public sealed record MinimalityParameters(string Group, string Part, PathChain Chain, int Prompts, int Means,
    string Elsewhere,
    double Share, double Threshold, bool AsPublished, int Batch) : IPrompted, IAblating
{
    /// <inheritdoc/>
    public bool DisjointMeans { get; init; }

    /// <inheritdoc/>
    public string MixedMeans { get; init; } = "";

    /// <summary>The part that leaves out heads two by two.</summary>
    public const string Pairs = "pairs";
}

/// <summary>Parameters of a prune stage: one of several that follow each other.</summary>
/// <param name="Part"><see cref="Ordering"/>, <see cref="Search"/> or <see cref="Judged"/>.</param>
/// <param name="Piece">Which of the search's stages, from 1.</param>
/// <param name="Pieces">Stages of the search; an interruption loses one of them at most.</param>
/// <param name="Start">Heads to begin with: <see cref="AllHeads"/> or <see cref="Significant"/>.</param>
/// <param name="Chain">The chain, whose groups say at which positions heads are.</param>
/// <param name="SearchPrompts">Prompts to search on.</param>
/// <param name="Tolerance">Accuracy that may be lost, 0 to 1.</param>
/// <param name="Prompts">Prompts to judge on.</param>
/// <param name="Means">Prompts whose activations are averaged.</param>
/// <param name="DisjointMeans">See <see cref="IAblating"/>.</param>
/// <param name="Elsewhere">What heads at other positions give.</param>
/// <param name="Random">Random circuits of the same size.</param>
public sealed record PruneParameters(string Part, int Piece, int Pieces, string Start, PathChain Chain,
    int SearchPrompts, double Tolerance, int Prompts, int Means, bool DisjointMeans, string Elsewhere, int Random)
    : IAblating
{
    /// <inheritdoc/>
    public string MixedMeans { get; init; } = "";

    /// <summary>The part that leaves out every head alone.</summary>
    public const string Ordering = "order";

    /// <summary>The part that leaves out head after head.</summary>
    public const string Search = "search";

    /// <summary>The part that judges what is left.</summary>
    public const string Judged = "judged";

    /// <summary>A start set of every head at every position.</summary>
    public const string AllHeads = "all";

    /// <summary>A start set of the heads that path patching found significant.</summary>
    public const string Significant = "significant";
}

/// <summary>Parameters of a circuit stage.</summary>
/// <param name="Of">Model whose circuit it is, or "given".</param>
/// <param name="Circuit">The circuit that is given; null where a model's is meant.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Prompts">Prompts to answer.</param>
/// <param name="Means">Prompts whose activations are averaged.</param>
/// <param name="Elsewhere">What heads at other positions give.</param>
/// <param name="Random">Random circuits of the same size.</param>
/// <param name="Subsets">Random subsets for completeness.</param>
/// <param name="Batch">Prompts that a unit takes; 0 for all.</param>
public sealed record CircuitParameters(string Of, string? Circuit, PathChain Chain, int Prompts, int Means,
    string Elsewhere,
    int Random, int Subsets, int Batch) : IPrompted, IAboutCircuit, IAblating
{
    /// <inheritdoc/>
    public bool DisjointMeans { get; init; }

    /// <inheritdoc/>
    public string MixedMeans { get; init; } = "";

    /// <summary>The value of "elsewhere" for a circuit that is judged at its positions alone.</summary>
    public const string OwnElsewhere = "own";
}

/// <summary>Parameters of an attribution stage.</summary>
/// <param name="Forms">"gradient" and "integrated".</param>
/// <param name="Steps">Points of the integrated form.</param>
/// <param name="Top">k of the share of the exact top k among the approximate top 2k; 0 for the group's
/// receivers.</param>
/// <param name="Chain">The chain.</param>
public sealed record AttributionParameters(IReadOnlyList<string> Forms, int Steps, int Top, PathChain Chain)
{
    /// <summary>The form with the gradient at the clean prompt.</summary>
    public const string Gradient = "gradient";
}

/// <summary>Parameters of a DCM stage.</summary>
/// <param name="Desiderata">"main", "variations", "all", or names.</param>
/// <param name="Groups">"all", or names.</param>
/// <param name="Circuit">See <see cref="IAboutCircuit"/>.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Triples">Half to train with, a quarter to choose the mask, a quarter to test it.</param>
/// <param name="Lambda">Price of a head that is patched, in logits.</param>
/// <param name="Rate">Adam's learning rate.</param>
/// <param name="Epochs">Passes over the training triples.</param>
/// <param name="TriplesAtOnce">Triples of one step.</param>
public sealed record DcmParameters(IReadOnlyList<string> Desiderata, IReadOnlyList<string> Groups, string Circuit,
    PathChain Chain, int Triples, double Lambda, double Rate, int Epochs, int TriplesAtOnce) : IAboutCircuit;

/// <summary>Parameters of a functionality stage.</summary>
/// <param name="Seeds">How many seeds.</param>
/// <param name="Triples">Triples of a seed.</param>
/// <param name="Chain">The chain.</param>
public sealed record FunctionalityParameters(int Seeds, int Triples, PathChain Chain);

/// <summary>Parameters of a cross-model patching stage: one of two.</summary>
/// <param name="Part"><see cref="Capture"/> or <see cref="Patch"/>.</param>
/// <param name="Donor">Model whose activations they are, or what it is called.</param>
/// <param name="Heads">"circuit", or "dcm" for those that DCM kept.</param>
/// <param name="Circuit">See <see cref="IAboutCircuit"/>.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Forms">"output", "input q", ...</param>
/// <param name="Prompts">Prompts to answer.</param>
/// <param name="Batch">Prompts that a unit takes; 0 for all.</param>
public sealed record CmapParameters(string Part, string Donor, string Heads, string Circuit, PathChain Chain,
    IReadOnlyList<string> Forms, int Prompts, int Batch) : IPrompted, IAboutCircuit
{
    /// <summary>The part that runs on the donor.</summary>
    public const string Capture = "capture";

    /// <summary>The part that runs on the model patched into.</summary>
    public const string Patch = "patch";
}

/// <summary>Parameters of an activation-patching stage.</summary>
/// <param name="Heads">Sets: "groups", "circuit", a group's name, or heads with their position ("5.3
/// 5.1@last").</param>
/// <param name="Circuit">See <see cref="IAboutCircuit"/>.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Into">Which of a pair is run: "clean" or "counterfactual".</param>
/// <param name="Prompts">Pairs of prompts.</param>
/// <param name="Batch">Pairs that a unit takes; 0 for all.</param>
public sealed record PatchParameters(IReadOnlyList<string> Heads, string Circuit, PathChain Chain, string Into,
    int Prompts,
    int Batch) : IPrompted, IAboutCircuit;

/// <summary>Parameters of a knockout stage.</summary>
/// <param name="Pairs">The attending position and the one that it may not see: "last>query_label".</param>
/// <param name="Prompts">Prompts to answer.</param>
/// <param name="Batch">Prompts that a unit takes; 0 for all.</param>
/// <param name="Segments">Whether answers are counted by the segment whose object they are.</param>
public sealed record KnockoutParameters(IReadOnlyList<string> Pairs, int Prompts, int Batch, bool Segments = false)
    : IPrompted;

/// <summary>Parameters of an attention stage.</summary>
/// <param name="Positions">Names in an order of precedence; NAME_* are all of that beginning, "first" the first
/// token.</param>
/// <param name="Circuit">See <see cref="IAboutCircuit"/>.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Prompts">Prompts to look at.</param>
/// <param name="Batch">Prompts that a unit takes; 0 for all.</param>
public sealed record AttentionParameters(IReadOnlyList<string> Positions, string Circuit, PathChain Chain, int Prompts,
    int Batch) : IPrompted, IAboutCircuit
{
    /// <summary>The positions, and what none of them names.</summary>
    public IReadOnlyList<string> Named() => [.. Positions, "other"];
}

/// <summary>Parameters of a targeted-tuning stage: one set of heads.</summary>
/// <param name="Set">A group of the circuit, "circuit" or "all-heads".</param>
/// <param name="Circuit">See <see cref="IAboutCircuit"/>.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Data">What to tune on.</param>
/// <param name="Steps">Training steps.</param>
/// <param name="Rate">Highest learning rate.</param>
/// <param name="Forms">Forms of cross-model patching.</param>
/// <param name="Prompts">Prompts to answer.</param>
public sealed record TargetedParameters(string Set, string Circuit, PathChain Chain, string Data, int Steps,
    double Rate,
    IReadOnlyList<string> Forms, int Prompts) : IAboutCircuit;

namespace Patchbay.Findings;

/// <summary>A head, and those that are left out together with it (method, section 4).</summary>
/// <param name="Head">v.</param>
/// <param name="Others">K.</param>
public sealed record HeadPartners(Head Head, IReadOnlyList<Head> Others);

/// <summary>Heads of a group that carry a piece of information.</summary>
/// <param name="Desideratum">The information.</param>
/// <param name="Group">The chain's name of the group.</param>
/// <param name="Heads">The heads that DCM kept.</param>
public sealed record CarryingHeads(string Desideratum, string Group, IReadOnlyList<Head> Heads);

/// <summary>What stages take from the stages before them; each kind has the part of it that it needs.</summary>
public sealed record StageInputs
{
    /// <summary>The circuit, or the heads, that the stage is about.</summary>
    public Circuit? Circuit { get; init; }

    /// <summary>The heads in which a path-patching stage's paths end; empty for the logits.</summary>
    public IReadOnlyList<Head>? Receivers { get; init; }

    /// <summary>Those of every group, by its name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Head>>? GroupReceivers { get; init; }

    /// <summary>Partners of every head of a group.</summary>
    public IReadOnlyList<HeadPartners>? Partners { get; init; }

    /// <summary>How far backward elimination has come.</summary>
    public Elimination? Elimination { get; init; }

    /// <summary>The heads that it tries next, in order.</summary>
    public IReadOnlyList<CircuitHead>? Candidates { get; init; }

    /// <summary>What DCM kept.</summary>
    public IReadOnlyList<CarryingHeads>? Kept { get; init; }

    /// <summary>Hashes of the donor's activations, batch by batch of prompts.</summary>
    public IReadOnlyList<string>? Artifacts { get; init; }

    /// <summary>The inputs of a stage that has begun.</summary>
    public static StageInputs Of(StageState stage) => Of(stage.Stage, stage.Inputs!);

    /// <summary>The inputs of a stage.</summary>
    /// <exception cref="InvalidDataException">They are of no form that is known.</exception>
    public static StageInputs Of(Stage stage, JsonRecord inputs) =>
        inputs.OlderText is { } text ? OfText(stage, text) : inputs.As<StageInputs>();

    /// <summary>The texts that journals of version 0.1 have.</summary>
    private static StageInputs OfText(Stage stage, string text)
    {
        var (first, rest) = text.Split('\n') is [var f, .. var r] ? (f, r) : (text, []);
        (string Name, string Of)[] named = [.. (stage.Kind is Kinds.Attribution or Kinds.Functionality
            ? [first, .. rest] : rest)
            .Where(line => line.Contains(": "))
                .Select(line => (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 2)..]))];
        var chain = stage.Kind == Kinds.PathPatching ? PathChain.EntityTracking
            : new JsonRecord(stage.Parameters.Text).As<ChainOnly>().Chain ?? PathChain.EntityTracking;
        return stage.Kind switch
        {
            Kinds.PathPatching => new() { Receivers = Head.ParseAll(text) },
            Kinds.Attribution => new() { GroupReceivers = named.ToDictionary(n => n.Name, n => Head.ParseAll(n.Of)) },
            Kinds.Functionality => new()
            {
                Kept = [.. named.SelectMany(n => n.Of.Split("; ").Select(g => g.Split('='))
                    .Select(g => new CarryingHeads(n.Name, g[0], Head.ParseAll(g[1]))))],
            },
            Kinds.Accuracy or Kinds.Knockout => new(),
            _ => new()
            {
                Circuit = Circuit.Parse(chain, first),
                Partners = stage.Kind == Kinds.Minimality
                    ? [.. named.Select(n => new HeadPartners(Head.Parse(n.Name), Head.ParseAll(n.Of)))] : null,
                Artifacts = stage.Kind == Kinds.Cmap ? [.. rest.Select(line => line[(line.LastIndexOf('-') + 1)..])]
                    : null,
            },
        };
    }

    private sealed record ChainOnly(PathChain? Chain);
}

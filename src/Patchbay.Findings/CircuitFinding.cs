namespace Patchbay.Findings;

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
public sealed record CircuitFinding(string CircuitOf, string Model, IReadOnlyDictionary<string, int> Heads,
    Proportion Full, Proportion Circuit,
    IReadOnlyList<Proportion> Random, IReadOnlyList<CompletenessFinding> Completeness, IReadOnlyList<bool> FullAnswers,
    IReadOnlyList<bool> CircuitAnswers)
{
    /// <summary>Whether the circuit was judged at its groups' positions alone: heads at other positions kept their own
    /// activations, in place of the means that the paper gives them.</summary>
    public bool ElsewhereOwn { get; init; }

    /// <summary>Circuit accuracy over full accuracy.</summary>
    public double Faithfulness => Circuit.Share / Full.Share;

    /// <summary>Item of the whole model's answers.</summary>
    public const string WholeModel = "model";

    /// <summary>Item of the circuit's answers.</summary>
    public const string TheCircuit = "circuit";

    /// <summary>Name of a numbered random circuit or subset: "random-03".</summary>
    public static string Numbered(string name, int index) => $"{name}-{index:00}";

    /// <summary>Sets of heads that are left out for completeness: each group that has heads, then random
    /// subsets.</summary>
    public static IReadOnlyList<string> LeftOut(Circuit circuit, CircuitParameters p) =>
    [
        .. circuit.Groups.Where(g => g.Value.Count > 0).Select(g => $"group-{g.Key}"),
        .. Enumerable.Range(0, p.Subsets).Select(i => Numbered("subset", i)),
    ];

    /// <summary>What a stage found, or null where its units are not all done.</summary>
    public static CircuitFinding? Read(StageState stage)
    {
        if (stage.Status != StageStatus.Completed || stage.Stage.Kind != Kinds.Circuit) return null;
        var p = stage.Stage.Parameters.As<CircuitParameters>();
        var circuit = StageInputs.Of(stage).Circuit!;
        var recorded = new Recorded(stage);
        return new(p.Of, stage.Stage.Model, circuit.Groups.ToDictionary(g => g.Key, g => g.Value.Count),
            recorded.Share(WholeModel), recorded.Share(TheCircuit),
            [.. Enumerable.Range(0, p.Random).Select(i => recorded.Share(Numbered("random", i)))],
            [
                .. LeftOut(circuit, p).Select(k => new CompletenessFinding(k.Replace('-', ' '),
                    recorded[$"{k}-{TheCircuit}"][0].Detail!.Size!.Value,
                    recorded.Share($"{k}-{TheCircuit}"), recorded.Share($"{k}-{WholeModel}"))),
            ],
            recorded.Answers(WholeModel), recorded.Answers(TheCircuit))
        { ElsewhereOwn = p.Elsewhere == CircuitParameters.OwnElsewhere };
    }
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

using System.Globalization;
using Patchbay.Experiments.Findings;
using Patchbay.Models;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Experiments.Stages;

/// <summary>
/// From path patching's strongest heads to the circuit (<see cref="Minimality"/>; method, section 4), group by group, each against the whole set of
/// candidates. Two stages a group: in the first a unit leaves out one head with every later one (of one batch of prompts, where asked
/// for), in the second some heads' partners K with and without the head itself.
/// </summary>
public sealed class MinimalityExperiment : Experiment
{
    /// <summary>Its name.</summary>
    public const string Kind = "minimality";

    private const string PairsPart = "pairs", HeadPrefix = "head-", HeadsPrefix = "heads-";
    private const int HeadsPerUnit = 8;

    /// <inheritdoc/>
    public override string Name => Kind;

    /// <inheritdoc/>
    public override string Summary => "Which of the strongest heads a circuit needs";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => [SweepResults.PathPatchingKind];

    /// <inheritdoc/>
    public override IReadOnlyList<StageField> Fields { get; } =
    [
        new("prompts", "100", "Prompts to answer", text => WholeNumber(text, 1)),
        new("means", "500", "Prompts whose activations are averaged for ablation", text => WholeNumber(text, 1)),
        Elsewhere,
        new("share", "0.3", "Most of a group that is left out together with a head", text => Number(text, 0, 1)),
        new("threshold", "0.01", "Least significance of a head that stays", text => Number(text, -1, double.MaxValue)),
        new("as-published", "false", "Leave the second head of a pair in where it shares the first's layer or head index, as the paper's code does", text => bool.TryParse(text, out _) ? null : "true or false"),
        new("batch", "0", "Prompts that a unit takes; 0 for all", text => WholeNumber(text, 0)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Expand(StageRequest request)
    {
        var after = request.Earlier(SweepResults.PathPatchingKind, request.Model).Select(s => s.Id).ToArray();
        if (after.Length == 0)
            throw new InvalidDataException($"expected {SweepResults.PathPatchingKind} before {Name}, which needs its heads, found none");
        var chain = SweepCircuits.Chain(request, request.Model);
        var found = request.Earlier(SweepResults.PathPatchingKind, request.Model).Select(s => s.Parameters["group"]).ToHashSet();
        return
        [
            .. chain.Groups.Where(g => found.Contains(g.Name)).SelectMany(g =>
            {
                var parameters = new Dictionary<string, string>(request.Parameters) { ["chain"] = chain.ToString(), ["group"] = g.Name };
                var pairs = new Stage($"{request.Model}/{Name}/{g.Name}-{PairsPart}", Name, request.Model,
                    new Dictionary<string, string>(parameters) { ["part"] = PairsPart }, after);
                return new[] { pairs, new Stage($"{request.Model}/{Name}/{g.Name}", Name, request.Model,
                    new Dictionary<string, string>(parameters) { ["part"] = "significance" }, [pairs.Id]) };
            }),
        ];
    }

    /// <inheritdoc/>
    public override StagePlan Plan(Stage stage, SweepState state)
    {
        var circuit = SweepCircuits.Candidates(state, stage.Model);
        var heads = circuit.Groups[stage.Parameters["group"]];
        var ranges = Ranges(stage, Count(stage, "prompts"));
        if (stage.Parameters["part"] == PairsPart)
            return new(circuit.ToString(), [.. ranges.SelectMany(r => heads.Select(h => $"{r}{HeadPrefix}{h}"))]);
        var pairs = SweepCircuits.Pooled(state.Stages[stage.After[0]]);
        var partners = Minimality.Partners(heads, (v, w) => pairs.TryGetValue(Item(v, w), out var a) ? a.Mean : pairs[Item(w, v)].Mean,
            double.Parse(stage.Parameters["share"], CultureInfo.InvariantCulture));
        return new($"{circuit}\n{string.Join('\n', heads.Zip(partners, (v, k) => $"{v}: {string.Join(' ', k)}"))}", [.. ranges.SelectMany(r =>
            heads.Chunk(HeadsPerUnit).Select((some, i) => string.Create(CultureInfo.InvariantCulture, $"{r}{HeadsPrefix}{i * HeadsPerUnit:000}")))]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<InterventionResult> Run(UnitOrder order, ModelSession session, Action<double> progress, CancellationToken cancel)
    {
        var stage = order.Stage;
        var lines = order.Inputs.Split('\n');
        var circuit = Circuit.Parse(PathChain.Parse(stage.Parameters["chain"]), lines[0]);
        var (group, unit) = (stage.Parameters["group"], order.Key);
        var heads = circuit.Groups[group];
        var evaluator = session.Circuits(order, circuit.Chain);
        if (stage.Parameters["part"] == PairsPart)
        {
            var index = heads.ToList().IndexOf(Circuit.ParseHead(unit[(unit.LastIndexOf('-') + 1)..]));
            var answered = evaluator.Without(circuit, Minimality.Pairs(group, heads, index, bool.Parse(stage.Parameters["as-published"])),
                progress, cancel);
            return [.. heads.Skip(index).Zip(answered, (w, right) => Shares.Of(Item(heads[index], w), right))];
        }
        var first = int.Parse(unit[(unit.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);
        var some = lines.Skip(1 + first).Take(HeadsPerUnit).Select(Partners).ToArray();
        IReadOnlyList<CircuitHead> Members(IEnumerable<Head> members) => [.. members.Select(h => new CircuitHead(group, h))];
        var left = evaluator.Without(circuit, [.. some.SelectMany(s => new[] { Members(s.K), Members(s.K.Append(s.Head)) })], progress, cancel);
        return [.. some.SelectMany((s, i) => new[]
        {
            Shares.Of($"{s.Head} without its partners", left[2 * i]), Shares.Of($"{s.Head} without it too", left[2 * i + 1]),
        })];
    }

    /// <summary>A model's stages that say which heads stay.</summary>
    public static IReadOnlyList<StageState> Stages(SweepState state, string model) =>
        [.. state.InOrder.Where(s => s.Stage.Kind == Kind && s.Stage.Model == model && s.Stage.Parameters["part"] != PairsPart)];

    /// <summary>What a complete stage says of its group's heads, strongest first.</summary>
    /// <param name="stage">One of <see cref="Stages"/>.</param>
    /// <param name="candidates">The circuit before.</param>
    public static IReadOnlyList<MinimalityFinding> Findings(StageState stage, Circuit candidates)
    {
        var name = stage.Stage.Parameters["group"];
        var threshold = double.Parse(stage.Stage.Parameters["threshold"], CultureInfo.InvariantCulture);
        var partners = (stage.Inputs ?? "").Split('\n').Skip(1).Select(Partners).ToDictionary(p => p.Head, p => p.K.Length);
        return
        [
            .. from head in candidates.Groups[name]
               let without = Shares.Total(stage, $"{head} without its partners")
               let both = Shares.Total(stage, $"{head} without it too")
               where without is not null && both is not null
               let finding = new MinimalityFinding(name, head, without.Value, both.Value, partners.GetValueOrDefault(head), false)
               select finding with { Kept = finding.Significance >= threshold },
        ];
    }

    private static (Head Head, Head[] K) Partners(string line)
    {
        var parts = line.Split(':');
        return (Circuit.ParseHead(parts[0]), [.. parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Circuit.ParseHead)]);
    }

    private static string Item(Head v, Head w) => v == w ? v.ToString() : $"{v}+{w}";
}

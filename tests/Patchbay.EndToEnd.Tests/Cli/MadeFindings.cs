using Patchbay.Cli.Commands;
using Patchbay.Cli.Sweeps;
using Patchbay.Cli.Tests.Sweeps;
namespace Patchbay.Cli.Tests;

/// <summary>Findings of all kinds, made up from a seed, such as a study that asks for everything would give.</summary>
internal sealed class MadeFindings(ulong seed, int layers = 6, int heads = 8, int prompts = 500)
{
    public static readonly string[] Models = ["tiny-base", "tiny-chat", "tiny-goat", "tiny-float"];
    private static readonly double[] Accuracies = [.60, .55, .74, .80];
    private readonly SplitMix64 random = new(seed);

    public SweepFindings All()
    {
        var models = Models.Select((name, i) => Model(name, Accuracies[i])).ToArray();
        var circuits = Models.Select((m, i) => CircuitOf(models[0], m, Accuracies[i]))
            .Append(CircuitOf(models[3], models[3].Name, Accuracies[3])).ToArray();
        return new(models, PathChain.EntityTracking, circuits, [.. Cmaps("tiny-goat", .74),
            .. Cmaps("tiny-float", .80)]);
    }

    /// <summary>All of it, with the facts of a made-up run and a training log.</summary>
    public ReportInput Input()
    {
        var sweep = new MadeSweep(models: Models, layers: layers, heads: heads).RunAll();
        return new(RunFacts.Of(sweep.Id, sweep.State, sweep.Journal.Read(sweep.Id, 0)), All(),
            [new TrainingCurve("tiny-base", Log())]);
    }

    private double Chance() => (random.Next() >> 11) * (1.0 / (1UL << 53));

    private double Noise() => Math.Sqrt(-2 * Math.Log(1 - Chance())) * Math.Cos(2 * Math.PI * Chance());

    private bool[] Answers(double share) => [.. Enumerable.Range(0, prompts).Select(_ => Chance() < share)];

    /// <summary>Answers that agree with others but for some.</summary>
    private bool[] Like(bool[] others, double share) => [.. others.Select(o => Chance() < 0.75 ? o : Chance() < share)];

    private static Proportion Count(bool[] answers) => new(answers.Count(a => a), answers.Length);

    private Proportion Share(double share, int count) =>
        new((int)Math.Round(Math.Clamp(share + 0.02 * Noise(), 0, 1) * count), count);

    private ModelFindings Model(string name, double accuracy)
    {
        var answers = Answers(accuracy);
        var scores = new List<PathScores>();
        foreach (var group in PathChain.EntityTracking.Groups) scores.Add(Scores(group,
            group.ReceiversFrom is null ? [] : scores.First(s => s.Group.Name == group.ReceiversFrom).Top(8)));
        var circuit = scores.ToDictionary(s => s.Group.Name, IReadOnlyList<Head> (s) =>
            [.. s.Top(s.Group.Name == "A" ? layers + 2 : 4 + layers / 8).Where(h => s.Scores[h.Layer, h.Index] < 0)]);
        return new()
        {
            Name = name,
            Fingerprint = $"fingerprint-of-{name}",
            Layers = layers,
            Heads = heads,
            Accuracy = new(Count(answers), new(accuracy * .9, .015, prompts), new(2.4 - accuracy, .06, prompts),
                answers),
            Scores = scores,
            Circuit = circuit,
            Minimality = [.. circuit.SelectMany(g => g.Value.Select((h, i) => Minimal(g.Key, h, .5 / (i + 1))))],
            Attribution = [.. scores.Select(Attribution)],
            Dcm = [Dcm(circuit, "A", "object value", accuracy), Dcm(circuit, "B", "position", accuracy),
                Dcm(circuit, "C", "position", accuracy),
                Dcm(circuit, "C", "box label value", .04)],
            Functionality = [.. from g in "ABC"
                                from d in new[] { "object value", "box label value", "position" }
                                let share = (g, d) is ('A', "object value") or ('B' or 'C', "position") ? accuracy : .06
                                select new FunctionalityFinding($"{g}", d,
                                    [.. Enumerable.Range(0, 10).Select(_ => Share(share, 500))])],
            Knockouts = [.. new[] { ("last", "correct_object", 4.0), ("last", "query_label", 2.5),
                ("last", "random", 0.0),
                ("query_label", "previous_query_label", 1.6) }.Select(p =>
                    Knockout(p.Item1, p.Item2, p.Item3, accuracy))],
            Attention = [.. circuit.SelectMany(g => g.Value.Select(h => Look(g.Key, h)))],
            Patched = [new("group A", "last", Share(.08, prompts), new(-.86, .01, prompts)),
                new("5.3 5.1", "last", Share(accuracy * .6, prompts), new(-.31, .02, prompts))],
        };
    }

    private PathScores Scores(PathGroup group, IReadOnlyList<Head> receivers)
    {
        var (scores, errors) = (new double[layers, heads], new double[layers, heads]);
        var able = receivers.Count == 0 ? layers : receivers.Max(r => r.Layer);
        for (var l = 0; l < able; l++)
            for (var h = 0; h < heads; h++)
            {
                scores[l, h] = Chance() < 10.0 / (layers * heads) + .03 ? -.4 * Chance() : .01 * Noise();
                errors[l, h] = .002 + .01 * Chance();
            }
        return new(group, receivers, scores, errors, errors);
    }

    private MinimalityFinding Minimal(string group, Head head, double significance)
    {
        var without = Share(.5, 100);
        return new(group, head, without, new((int)(without.Right / (1 + significance)), 100), 3, significance >= .06);
    }

    private AttributionFinding Attribution(PathScores exact)
    {
        var approximate = new double[layers, heads];
        for (var l = 0; l < layers; l++)
            for (var h = 0; h < heads; h++) approximate[l, h] = .8 * exact.Scores[l, h] + .01 * Noise();
        return new(exact.Group.Name, "gradient", approximate, .83, 8, .875);
    }

    private DcmFinding Dcm(Dictionary<string, IReadOnlyList<Head>> circuit, string group, string desideratum,
        double share)
    {
        var members = circuit[group];
        return new(group, desideratum, members.Count, [.. members.Take(1 + members.Count / 2)],
            [.. members.Select((_, i) => i <= members.Count / 2 ? .1 : .98)], Share(share, 500),
                Share(share + .03, 500));
    }

    private KnockoutCurve Knockout(string from, string to, double harm, double accuracy) =>
        new(from, to, [.. Enumerable.Range(0, layers)
            .Select(l => Share(accuracy * (1 - (harm / 5) / (1 + Math.Exp(2.0 * (l - harm * layers / 6)))),
            prompts))], Share(accuracy, prompts));

    private AttentionFinding Look(string group, Head head)
    {
        var object_ = group == "A" ? .6 + .1 * Chance() : .05;
        var label = group == "C" ? .5 + .1 * Chance() : .08;
        return new(group, head, new Dictionary<string, Estimate>
        {
            ["correct_object"] = new(object_, .01, prompts),
            ["previous_query_label"] = new(label, .01, prompts),
            ["other"] = new(1 - object_ - label, .01, prompts)
        });
    }

    private CircuitFinding CircuitOf(ModelFindings of, string model, double accuracy)
    {
        var full = Answers(accuracy);
        var circuit = Like(full, accuracy * .85);
        CompletenessFinding[] completeness =
        [
            .. Enumerable.Range(1, 12).Select(i => (i, Share: accuracy * Chance()))
                .Select(k => new CompletenessFinding($"random {k.i}", 3 + k.i % 5, Share(k.Share, 100),
                    Share(k.Share + .05, 100))),
            .. of.Circuit.Select(g => new CompletenessFinding($"group {g.Key}", g.Value.Count, Share(.05, 100),
                Share(.2, 100))),
        ];
        return new(of.Name, model, of.Circuit.ToDictionary(g => g.Key, g => g.Value.Count), Count(full), Count(circuit),
            [.. Enumerable.Range(0, 10).Select(_ => Share(.03, prompts))], completeness, full, circuit);
    }

    private IEnumerable<CmapFinding> Cmaps(string donor, double target)
    {
        var floor = Answers(.60);
        foreach (var (form, group, share) in new[] { ("output", "circuit", .74), ("output", "A", .72),
            ("output", "B", .66), ("output", "C", .60),
            ("output", "D", .59), ("input q", "A", .69), ("input qkv", "circuit", .73) })
        {
            var patched = floor.Select(f => f ? Chance() < .97 : Chance() < (share - .58) / .4).ToArray();
            yield return new(donor, "tiny-base", form, group, group == "circuit" ? 20 : 5, Count(patched), Count(floor),
                new((int)(target * prompts), prompts), patched, floor);
        }
    }

    private LogEntry[] Log() =>
    [
        .. Enumerable.Range(1, 200)
            .Select(s => new LogEntry(s, s < 80 ? "easy" : "all", 4 * Math.Exp(-s / 60.0) + .5, Tokens: 1500,
            Seconds: .3, Losses: new Dictionary<string, double> { ["entities"] = 3 * Math.Exp(-s / 70.0) + .4 })),
        .. Enumerable.Range(1, 8)
            .Select(i => new LogEntry(25 * i, Scores: new Dictionary<string,
            Proportion> { ["7 boxes"] = Share(.07 * i, 500) })),
    ];
}

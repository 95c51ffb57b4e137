namespace Patchbay.Experiments;

/// <summary>
/// Path patching (Wang et al. 2022; here as Prakash et al. 2024, appendix): how much the probability of the correct
/// answer changes when one head's output at one position is taken from a counterfactual prompt, but only through given
/// receivers.
///
/// One intervention for sender (l, h), sender position P, receivers R with composition c in {q, k, v}:
/// 1. clean and counterfactual prompts run, z kept;
/// 2. clean again with z[l] at (P, h) from the counterfactual, every other head's z at positions >= P held at its clean
/// value, MLPs recomputed; each receiver's c-projection at P is recorded;
/// 3. without receivers step 2's output is the patched one; otherwise clean once more, nothing held, only the
/// receivers' c-projection at P replaced by what was recorded. The score is the mean over prompts of (p_patched -
/// p_clean) / p_clean; strongly negative means important. A prompt whose p_clean is 0 is left out of it. Senders at or
/// above every receiver's layer score exactly 0.
/// </summary>
public static class PathPatching
{
    /// <summary>Relative change of the answer's probability by [sender, prompt of the batch]; NaN where a prompt has
    /// none.</summary>
    internal static double[,] Effects(PathBatch batch, PathGroup group, IReadOnlyList<Head> receivers,
        IReadOnlyList<Head> senders,
        Action<double>? progress = null, CancellationToken cancel = default)
    {
        using var scope = NewDisposeScope();
        var effects = new double[senders.Count, batch.Evaluator.Prompts.Count];
        var reach = receivers.Count == 0 ? int.MaxValue : receivers.Max(r => r.Layer);
        var able = Enumerable.Range(0, senders.Count).Where(s => senders[s].Layer < reach).ToArray();
        foreach (var some in able.Chunk(batch.SendersAtOnce(receivers.Count)))
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var patched = some.Select(s => Sent(batch, group, senders[s])).ToArray();
            if (receivers.Count > 0) patched = Received(batch, group, receivers, patched);
            var p = batch.Evaluator.Evaluate(patched, batch.AnswerProbability);
            for (var i = 0; i < some.Length; i++)
                for (var n = 0; n < batch.Clean.Length; n++)
                    effects[some[i], n] = RelativeChange.Of(p[i, n], batch.Clean[n]);
            progress?.Invoke((Array.IndexOf(able, some[^1]) + 1.0) / able.Length);
        }
        return effects;
    }

    /// <summary>Step 2: the sender's z from the counterfactual, all else from P on held.</summary>
    private static Variant Sent(PathBatch batch, PathGroup group, Head sender)
    {
        var at = batch.Positions[group.Position];
        return new Variant
        {
            Edits = [new HeadEdit(Site.Z, sender, at, batch.CounterfactualZ(group.Position, sender))],
            Holds = [new Hold(at, batch.End)],
        };
    }

    /// <summary>Step 3: each receiver's projection at P replaced by what it is in step 2.</summary>
    private static Variant[] Received(PathBatch batch, PathGroup group, IReadOnlyList<Head> receivers, Variant[] sent)
    {
        var (at, site) = (batch.Positions[group.Position], SiteOf(group));
        var readings = batch.Evaluator.Read(sent, [.. receivers.Select(r => new Probe(site, r, at))]);
        return
        [
            .. sent.Select((variant, s) => new Variant
            {
                Edits =
                [
                    .. receivers.Index().Where(r => r.Item.Layer > variant.FirstLayer)
                        .Select(r => new HeadEdit(site, r.Item, at, readings[r.Index].select(0, s))),
                ],
            }),
        ];
    }

    internal static void Check(IReadOnlyList<Head> receivers, DecoderConfig config)
    {
        foreach (var r in receivers)
        {
            if (r.Layer >= config.Layers || r.Index >= config.Heads)
                throw new InvalidDataException(
                    $"receiver {r} does not exist: the model has {config.Layers} layers of {config.Heads} heads");
        }
    }

    /// <summary>Which projection a group's paths end in.</summary>
    internal static Site SiteOf(PathGroup group) =>
        group.Composition switch { Composition.Q => Site.Q, Composition.K => Site.K, _ => Site.V };
}

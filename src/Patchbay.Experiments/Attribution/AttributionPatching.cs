namespace Patchbay.Experiments;

/// <summary>
/// Attribution patching (Nanda 2023; Syed et al. 2023): path patching to first order, all heads from one backward pass.
///
/// Let f(z) = (p - p_clean) / p_clean for z of all heads at the group's position, where p is what
/// <see cref="PathPatching"/>'s steps 2 and 3 make of z: all heads held at positions from there on, receivers'
/// projections recorded, the run repeated with these. Path patching's effect of head s is f with z_s from the
/// counterfactual; here it is &lt;df/dz_s at the clean z, z_s counterfactual - z_s clean&gt;. With integrated gradients
/// (Sundararajan et al. 2017; for circuits Hanna et al. 2024) the gradient is the mean of those at (k + 1/2) / steps of
/// the way on which all heads go together from clean to counterfactual, so that the scores of all heads sum to f of the
/// counterfactual, up to the steps' number. A prompt whose p_clean is 0 is left out.
/// </summary>
public static class AttributionPatching
{
    /// <summary>Scores every head: mean over prompts and its standard error. Heads at or above every receiver score
    /// exactly 0.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="group">The group: its position and composition.</param>
    /// <param name="receivers">The heads its paths end in; empty for the logits.</param>
    /// <param name="integrationSteps">Gradients averaged along the way, or 0 for the one at the clean point.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="memoryBytes">Resident memory to stay within, or null for what is free.</param>
    /// <param name="cancel">Asked before each backward pass.</param>
    /// <exception cref="InvalidDataException">A prompt, receiver or the memory does not fit, or the answer has a
    /// probability of 0 in all prompts.</exception>
    public static IReadOnlyList<HeadScore> Scores(Decoder model, PromptSet prompts, PathGroup group,
        IReadOnlyList<Head> receivers, int integrationSteps,
        Action<double>? progress = null, long? memoryBytes = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(integrationSteps);
        prompts.CheckVocabulary(model.Config.Vocabulary);
        PathPatching.Check(receivers, model.Config);
        var c = model.Config;
        var layers = receivers.Count == 0 ? c.Layers : receivers.Max(r => r.Layer);
        var effects = new double[c.Layers, c.Heads, prompts.Count];
        using var caches = new PathSession(model, prompts, [group], memoryBytes);
        for (int b = 0, done = 0; b < caches.BatchCount && layers > 0; b++)
        {
            cancel.ThrowIfCancellationRequested();
            var batch = caches.Open(b);
            for (int first = 0, count; first < batch.Clean.Length; first += count)
            {
                count = Math.Min(PromptsAtOnce(model, batch, group), batch.Clean.Length - first);
                using var slice = new AttributionSlice(batch, group, receivers, first, count);
                for (var k = 0; k < Math.Max(1, integrationSteps); k++)
                {
                    cancel.ThrowIfCancellationRequested();
                    slice.Add(integrationSteps == 0 ? 0 : (k + 0.5) / integrationSteps,
                        1.0 / Math.Max(1, integrationSteps), layers, effects, done);
                }
                done += count;
                progress?.Invoke(done / (double)prompts.Count);
            }
        }
        return [.. Head.All(c.Layers, c.Heads).Select(h => HeadScore.Of(h,
            [.. Enumerable.Range(0, prompts.Count).Select(n => effects[h.Layer, h.Index, n])], prompts))];
    }

    private static int PromptsAtOnce(Decoder model, PathBatch batch, PathGroup group)
    {
        var all = batch.Evaluator.Prompts;
        var depth = all.Tokens - batch.Positions[group.Position].Min();
        // held, then free
        var each = GradientCone.Bytes(model.Config, model.ElementSize, all.Tokens, depth, 2 * model.Config.Layers);
        return (int)Math.Clamp(batch.ReadingBytes / each, 1, all.Count);
    }
}

/// <summary>Some prompts of a batch, whose gradients are taken together.</summary>
internal sealed class AttributionSlice : IDisposable
{
    private readonly BaseRun run;
    private readonly GradientCone cone;
    private readonly Receiver[] receivers;
    private readonly Tensor[] clean, way; // by layer: z and how far the counterfactual's is from it, (N, H, dh)
    private readonly Tensor probability;  // clean, (N)
    private readonly Metric answers;
    private readonly Tensor rows;         // which of the batch's prompts they are, (N) int64
    private readonly bool[] isUsable;     // whether probability is above 0

    public AttributionSlice(PathBatch batch, PathGroup group, IReadOnlyList<Head> receivers, int first, int count)
    {
        using var scope = NewDisposeScope();
        run = ((ConeEvaluator)batch.Evaluator).Run;
        cone = new GradientCone(run, batch.Positions[group.Position][first..(first + count)], first);
        this.receivers = [.. receivers.Select(r => new Receiver(PathPatching.SiteOf(group), r))];
        clean = [.. Enumerable.Range(0, run.Model.Config.Layers).Select(cone.BaseZ)];
        way = [.. clean.Zip(batch.Z[group.Position], (z, other) => other.narrow(0, first, count) - z)];
        var p = batch.Clean[first..(first + count)];
        (probability, isUsable) = (tensor(p).to(run.Model.Device), [.. p.Select(of => of > 0)]);
        (answers, rows) = (batch.AnswerProbability, run.Model.Index(Enumerable.Range(first, count)));
        foreach (var t in Owned) t.DetachFromDisposeScope();
    }

    private IEnumerable<Tensor> Owned => [.. clean, .. way, probability, rows];

    /// <summary>Adds share · &lt;gradient at a point of the way, way&gt; of the heads below <paramref name="layers"/>
    /// to effects [layer, head, prompt], from prompt <paramref name="at"/> on.</summary>
    public void Add(double point, double share, int layers, double[,,] effects, int at)
    {
        using var inner = NewDisposeScope();
        using var _ = enable_grad();
        using var factor = point.ToScalar();
        Tensor[] z = [.. Enumerable.Range(0, layers).Select(l => clean[l].add(way[l], factor).requires_grad_())];
        // each prompt's depends on its own z alone
        var change = Probability(Final((l, own) => l < layers ? z[l] : own)) / probability;
        var gradients = autograd.grad([change.sum()], z);
        for (var l = 0; l < layers; l++)
        {
            var products = (gradients[l] * way[l]).to(ScalarType.Float64).sum([-1]).cpu().data<double>(); // (N, H)
            for (var n = 0; n < cone.Count; n++)
                for (var h = 0; h < effects.GetLength(1); h++)
                    effects[l, h, at + n] += isUsable[n] ? share * products[n, h] : double.NaN;
        }
    }

    public void Dispose()
    {
        foreach (var t in Owned) t.Dispose();
        cone.Dispose();
    }

    /// <summary>Final residual stream of each prompt's last token: (N, d).</summary>
    private Tensor Final(Func<int, Tensor, Tensor> z) => receivers.Length == 0 ? cone.HeldFinal(0, z)
        : cone.Final(receivers.Min(r => r.Head.Layer), null, [.. receivers.Zip(cone.HeldReceived(0, z, receivers))]);

    /// <summary>Softmax probability of each prompt's answers together: (N, d) -> (N) float64.</summary>
    private Tensor Probability(Tensor final) =>
        answers(run.Model.Unembed(final).to(ScalarType.Float64), rows);
}

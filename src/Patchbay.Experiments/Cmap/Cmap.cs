using Patchbay.Models.Weights;

namespace Patchbay.Experiments;

/// <summary>What of a donor's heads is put into another model: their output, or any of their inputs.</summary>
/// <param name="Name">"output", or "input " with the letters of the projections: "input qkv".</param>
public readonly record struct CmapForm(string Name)
{
    private const string InputPrefix = "input ";

    /// <summary>Whether z at the group's position is replaced.</summary>
    public bool IsOutput => Name == "output";

    /// <summary>The projections that are replaced: q at the group's position, k and v at all positions before
    /// it.</summary>
    public IReadOnlyList<Site> Inputs => IsOutput ? []
        : [.. Name[InputPrefix.Length..].Select(c => c switch { 'q' => Site.Q, 'k' => Site.K, _ => Site.V })];

    /// <summary>What is expected where a name is no form, or null where it is one.</summary>
    public static string? Check(string name) => name == "output" || name.StartsWith(InputPrefix,
        StringComparison.Ordinal)
        && name[InputPrefix.Length..] is { Length: > 0 } letters && letters.All("qkv".Contains) && letters.Distinct()
            .Count() == letters.Length
        ? null : "'output', or 'input' and the projections, such as 'input q' or 'input qkv'";
}

/// <summary>
/// Cross-model activation patching (Prakash et al. 2024, section 5; method, section 6): the donor, a fine-tuned model,
/// runs on the prompts; activations of chosen heads are patched into the base model on the same prompts. The donor's
/// activations travel as a file, so that the two models need never be in one memory.
///
/// In the input form a head sees the donor's q at its group's position, and the donor's keys or values at the positions
/// before it; every other position's heads see the base's. For groups at the last position that is the published
/// procedure, which holds z at all positions but the last at the base's own value. For other groups that hold would
/// undo the patch; here their z follows from it.
/// </summary>
public static class Cmap
{
    /// <summary>Runs the donor and writes its activations of some heads.</summary>
    /// <param name="donor">The donor.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="heads">Heads, whose groups say at which position.</param>
    /// <param name="forms">Forms that will be asked for.</param>
    /// <param name="path">The file to write: safetensors; "z/A/5.3" (N, dh), "q/A/5.3" (N, dh), "k/5.3" and "v/5.3" (N,
    /// T, dh).</param>
    /// <param name="cancel">Asked before each layer.</param>
    public static void Capture(Decoder donor, PromptSet prompts, Circuit heads, IReadOnlyList<CmapForm> forms,
        string path,
        CancellationToken cancel = default)
    {
        prompts.CheckVocabulary(donor.Config.Vocabulary);
        heads.Check(donor.Config.Layers, donor.Config.Heads);
        var sites = forms.SelectMany(f => f.Inputs).ToHashSet();
        var positions = heads.Chain.Groups.Select(g => g.Position).Distinct()
            .ToDictionary(p => p, prompts.CleanPositions);
        using var scope = NewDisposeScope();
        var padded = new PaddedPrompts([.. prompts.Prompts.Select(p => p.Clean.Ids)]);
        var from = sites.Count == 0 ? positions.Values.Min(p => p.Min()) : 0;
        using var run = BaseRun.Create(donor, padded, from);
        var kept = new Dictionary<string, Tensor>();
        foreach (var layer in heads.Heads.GroupBy(h => h.Head.Layer))
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            void Keep(string name, Tensor value) => kept.TryAdd(name, value.contiguous().MoveToOuterDisposeScope());
            var z = run.Z(layer.Key); // (N, Tr, H, dh)
            foreach (var (group, head) in layer) Keep($"z/{group}/{head}",
                At(z, head, positions[heads.Chain.Group(group).Position], from));
            foreach (var site in sites)
            {
                using var projection = run.Projection(layer.Key, site);
                foreach (var (group, head) in layer)
                {
                    if (site == Site.Q) Keep($"q/{group}/{head}", At(projection, head,
                        positions[heads.Chain.Group(group).Position], from));
                    else Keep($"{Letter(site)}/{head}", projection.select(2, head.Index).clone());
                }
            }
        }
        SafetensorsWriter.Write(path, [.. kept.OrderBy(k => k.Key, StringComparer.Ordinal)
            .Select(k => k.Value.ToWrite(k.Key))]);
    }

    /// <summary>First position at which any form differs from the base.</summary>
    internal static int First(PromptSet prompts, Circuit heads) =>
        heads.Chain.Groups.Min(g => prompts.CleanPositions(g.Position).Min());

    /// <summary>Which prompts the base answers with the donor's heads: one row per form and set of groups.</summary>
    /// <param name="model">The base.</param>
    /// <param name="prompts">The prompts of the capture.</param>
    /// <param name="heads">The heads of the capture.</param>
    /// <param name="path">What <see cref="Capture"/> wrote.</param>
    /// <param name="wanted">Forms and groups; no groups leave the base as it is.</param>
    /// <param name="batches">Runs of the unaltered base, kept from <see cref="First"/> on.</param>
    /// <param name="progress">Told the share done, 0 to 1.</param>
    /// <param name="cancel">Asked often.</param>
    /// <exception cref="InvalidDataException">The models' shapes differ.</exception>
    internal static bool[][] Answered(Decoder model, PromptSet prompts, Circuit heads, string path,
        IReadOnlyList<(CmapForm Form, IReadOnlyList<string> Groups)> wanted,
        PromptBatches batches, Action<double>? progress, CancellationToken cancel)
    {
        using var file = TensorFile.Open(path);
        return new PlannedVariants(batches, Variants(model, prompts, heads, file, wanted)).Answered(progress, cancel);
    }

    internal static Func<BatchPrompts, IReadOnlyList<Variant>> Variants(Decoder model, PromptSet prompts, Circuit heads,
        TensorFile file,
        IReadOnlyList<(CmapForm Form, IReadOnlyList<string> Groups)> wanted)
    {
        heads.Check(model.Config.Layers, model.Config.Heads);
        heads = heads.OnPrompts(prompts, both: false);
        var stored = file.Tensors;
        if (stored.Values.FirstOrDefault() is { } any && (any.Shape[^1] != model.Config.HeadWidth
            || any.Shape[0] != prompts.Count))
            throw new InvalidDataException($"the donor's activations are of {any.Shape[0]} prompts and heads of "
                + $"{any.Shape[^1]}; expected {prompts.Count} and {model.Config.HeadWidth}: cross-model patching "
                    + "needs models of one architecture");
        return batch =>
        {
            var loaded = new Dictionary<string, Tensor>();
            Tensor Value(string name) => loaded.TryGetValue(name, out var value) ? value
                : loaded[name] = stored[name].Load(model.Dtype, model.Device).narrow(0, batch.First,
                    batch.Prompts.Count);
            return [.. wanted.Select(w => Variant(w.Form, heads, w.Groups, batch, Value))];
        };
    }

    private static Variant Variant(CmapForm form, Circuit heads, IReadOnlyList<string> groups, BatchPrompts batch,
        Func<string, Tensor> value)
    {
        var some = heads.Heads.Where(h => groups.Contains(h.Group))
            .DistinctBy(h => (heads.Chain.Group(h.Group).Position, h.Head))
            .Select(h => (h.Group, h.Head, At: batch.At(heads.Chain.Group(h.Group).Position))).ToArray();
        if (form.IsOutput) return new()
        {
            Edits = [.. some.Select(h =>
            new HeadEdit(Site.Z, h.Head, h.At, value($"z/{h.Group}/{h.Head}")))]
        };
        return new()
        {
            Edits = form.Inputs.Contains(Site.Q)
                ? [.. some.Select(h => new HeadEdit(Site.Q, h.Head, h.At, value($"q/{h.Group}/{h.Head}")))] : [],
            Seen = [.. from site in form.Inputs where site != Site.Q from h in some select new SeenEdit(site, h.Head,
                h.At,
                value($"{Letter(site)}/{h.Head}"))],
        };
    }

    /// <summary>(N, Tr, H, dh) -> (N, dh) of one head at one position of each prompt.</summary>
    private static Tensor At(Tensor all, Head head, Positions positions, int from) =>
        all.select(2, head.Index).index(TensorIndex.Tensor(Index([.. Enumerable.Range(0, positions.Count)],
            all.device)),
            TensorIndex.Tensor(Index([.. positions.Select(p => p - from)], all.device)));

    private static Tensor Index(int[] values, Device device) =>
        tensor(Array.ConvertAll(values, v => (long)v)).to(device);

    private static char Letter(Site site) => char.ToLowerInvariant(site.ToString()[0]);
}

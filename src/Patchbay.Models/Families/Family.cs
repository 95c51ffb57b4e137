using Patchbay.Models.Weights;

namespace Patchbay.Models.Families;

/// <summary>A family of models: how its config.json becomes a <see cref="DecoderConfig"/>, and where its checkpoints
/// have the tensors that <see cref="DecoderLayout"/> names. A new family is a class like its neighbours, and a line in
/// <see cref="All"/>.</summary>
/// <param name="type">model_type of its config.json.</param>
/// <param name="architecture">Its name in config.json's architectures.</param>
internal abstract class Family(string type, string architecture)
{
    /// <summary>Every family that Patchbay knows.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        new LlamaFamily(), new MistralFamily(), new Qwen2Family(), new Qwen3Family(), new SmolLm3Family(),
        new Olmo2Family(), new GraniteFamily(), new Phi3Family(), new PhiFamily(), new GemmaFamily(),
        new Gemma2Family(), new Gemma3Family(), new Gemma3ImageFamily(), new Gpt2Family(), new GptNeoFamily(),
        new GptJFamily(), new GptNeoXFamily(),
    ];

    // Tables that checkpoints carry along and that the configuration determines.
    private static readonly string[] Buffers =
        [".rotary_emb.inv_freq", ".rotary_emb.cos_cached", ".rotary_emb.sin_cached", ".masked_bias", ".attn.bias",
        ".attention.bias", ".attn.masked_bias", ".embed_positions"];

    /// <summary>The family whose architecture a configuration names.</summary>
    public static Family Of(DecoderConfig config) => All.First(f => f.Architecture == config.Architecture);

    /// <summary>Whether a tensor of that name may be there and is not needed.</summary>
    public static bool IsBuffer(string name) => Array.Exists(Buffers, b => name.EndsWith(b, StringComparison.Ordinal));

    public string Type { get; } = type;

    public string Architecture { get; } = architecture;

    /// <summary>Prefix of names that only some of its checkpoints have, such as "transformer.".</summary>
    public virtual string OptionalPrefix => "";

    /// <summary>What a stored module or tensor may be called: with that prefix, or without.</summary>
    public virtual IReadOnlyList<string> Spellings(string name) => [OptionalPrefix + name, name];

    /// <summary>Whether its checkpoints may have a tensor of that name that is not needed.</summary>
    public virtual bool Ignores(string name) => IsBuffer(name);

    /// <summary>Ids that begin and end a text where config.json says nothing of them, or null.</summary>
    public virtual (int? Begin, int? End) DefaultIds => (null, null);

    /// <summary>Sizes and constants; what all families have alike <see cref="DecoderConfigFile"/> adds.</summary>
    public abstract DecoderConfig Read(JsonFields fields);

    /// <summary>Where checkpoints have a part of a layer ("self_attn.q_proj") or of the whole ("model.norm").</summary>
    public virtual ModulePlace Place(DecoderConfig config, string part) => new(part);

    /// <summary>Prefix of a layer's modules.</summary>
    protected virtual string LayerPrefix => "model.layers.";

    /// <summary>Where checkpoints have a module that <see cref="DecoderLayout"/> names.</summary>
    public ModulePlace Find(DecoderConfig config, string module)
    {
        const string Ours = "model.layers.";
        if (!module.StartsWith(Ours, StringComparison.Ordinal)) return Place(config, module);
        var rest = module[Ours.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        var place = Place(config, rest[(dot + 1)..]);
        return place with { Name = $"{LayerPrefix}{rest[..dot]}.{place.Name}" };
    }
}

/// <summary>Where a checkpoint has a module.</summary>
/// <param name="Name">The stored module's name.</param>
/// <param name="Rows">Which of its outputs belong to the module; null for all.</param>
/// <param name="IsTransposed">Whether its weight is stored (inputs, outputs).</param>
internal sealed record ModulePlace(string Name, FusedRows? Rows = null, bool IsTransposed = false)
{
    /// <summary>Whether the stored tensors are the module's as they are.</summary>
    public bool IsWhole => Rows is null && !IsTransposed;

    /// <summary>Sizes of the stored weight or bias whose own sizes are given.</summary>
    public long[] StoredShape(long[] shape)
    {
        long[] stored = Rows is null ? shape : [Rows.Total, .. shape[1..]];
        return IsTransposed && stored.Length == 2 ? [stored[1], stored[0]] : stored;
    }

    /// <summary>The module's own part of a stored weight (or LoRA's B) or bias, under the name that
    /// <see cref="DecoderLayout"/> gives it.</summary>
    public StoredTensor View(StoredTensor stored, string name, long[] shape)
    {
        var inputs = shape.Length == 2 ? shape[1] : 1;
        var transposed = IsTransposed && shape.Length == 2;
        var rows = Rows ?? new(shape[0], 0, shape[0], shape[0]);
        long groups = shape[0] / rows.Group, between = rows.Stride;
        StridedLayout layout = transposed
            ? new([inputs, groups, rows.Group], [rows.Total, between, 1])
            : new([groups, rows.Group, inputs], [between * inputs, inputs, 1]);
        return stored.View(name, shape, transposed ? rows.First : rows.First * inputs, layout, transposed);
    }
}

/// <summary>Which outputs of a fused projection belong to one module: groups of neighbours at equal
/// distances.</summary>
/// <param name="Total">All outputs.</param>
/// <param name="First">The module's first one.</param>
/// <param name="Group">Outputs of a group.</param>
/// <param name="Stride">From one group's first output to the next one's.</param>
internal sealed record FusedRows(long Total, long First, long Group, long Stride)
{
    /// <summary>q, k or v where all of q come first, then all of k, then all of v; null for another part.</summary>
    public static FusedRows? OfBlocks(DecoderConfig c, string part)
    {
        long q = (long)c.Heads * c.HeadWidth, kv = (long)c.KeyValueHeads * c.HeadWidth, all = q + 2 * kv;
        return part switch
        {
            "self_attn.q_proj" => new(all, 0, q, q),
            "self_attn.k_proj" => new(all, q, kv, kv),
            "self_attn.v_proj" => new(all, q + kv, kv, kv),
            _ => null,
        };
    }

    /// <summary>q, k or v where each head has its q, its k and its v side by side; null for another part.</summary>
    public static FusedRows? OfHeads(DecoderConfig c, string part)
    {
        long dh = c.HeadWidth, all = 3 * dh * c.Heads;
        return part switch
        {
            "self_attn.q_proj" => new(all, 0, dh, 3 * dh),
            "self_attn.k_proj" => new(all, dh, dh, 3 * dh),
            "self_attn.v_proj" => new(all, 2 * dh, dh, 3 * dh),
            _ => null,
        };
    }
}

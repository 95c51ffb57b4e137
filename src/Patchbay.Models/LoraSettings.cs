using System.Text.Json;
using System.Text.RegularExpressions;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>adapter_config.json of a PEFT LoRA adapter: which modules it changes, with which rank and scale.</summary>
internal sealed class LoraSettings
{
    private const long LongestFile = 1 << 20;
    private const int MostLayers = 1000;
    private static readonly TimeSpan LongestMatch = TimeSpan.FromMilliseconds(200);

    // Features that would change the result and are not supported: each must be absent, null, false or empty.
    private static readonly string[] MustBeOff =
    [
        "use_dora", "lora_bias", "layer_replication", "trainable_token_indices", "target_parameters",
        "enable_lora", "use_qalora", "alora_invocation_tokens", "arrow_config", "ensure_weight_tying",
    ];

    // Features that leave the result as it is, or are read below. One that is not known here may change it.
    private static readonly string[] Known =
    [
        "peft_type", "task_type", "auto_mapping", "base_model_name_or_path", "revision", "inference_mode",
        "peft_version", "r", "lora_alpha", "lora_dropout", "use_rslora", "fan_in_fan_out", "bias", "init_lora_weights",
        "modules_to_save", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern",
        "rank_pattern", "alpha_pattern", "megatron_config", "megatron_core", "loftq_config", "eva_config",
        "corda_config", "lora_ga_config", "qalora_group_size", "merge_weights", "runtime_config",
    ];

    // Initializations by name that leave the base weights as they are; with others (pissa, olora, corda, loftq,
    // lora_ga) the adapter alone does not tell the model.
    private static readonly string[] LeavesBase = ["gaussian", "eva", "orthogonal"];

    private readonly string file;
    private readonly Func<string, int?, bool>? targets, excluded; // of a module and its layer
    private readonly bool rankStabilized;
    private readonly IReadOnlyList<int> layers;
    private readonly IReadOnlyList<(Regex Module, double Value)> ranks, alphas;

    private LoraSettings(string file, JsonFields fields)
    {
        this.file = file;
        RefuseOthers(fields);
        BaseModel = fields.Text("base_model_name_or_path");
        Rank = fields.Integer("r", 1, 1 << 16);
        Alpha = fields.Positive("lora_alpha");
        rankStabilized = fields.Flag("use_rslora");
        // Llama's modules are Linear, stored (outputs, inputs); PEFT sets it to false for these.
        _ = fields.Flag("fan_in_fan_out");
        Saved = fields.Texts("modules_to_save") ?? [];
        targets = Modules(fields, "target_modules");
        excluded = Modules(fields, "exclude_modules");
        layers = fields.Integers("layers_to_transform", 0, MostLayers);
        ranks = Patterns(fields, "rank_pattern");
        alphas = Patterns(fields, "alpha_pattern");
    }

    /// <summary>The base model as the file names it, or null.</summary>
    public string? BaseModel { get; }

    /// <summary>Modules, or ends of their names, whose whole weights are in the adapter.</summary>
    public IReadOnlyList<string> Saved { get; }

    public int Rank { get; }

    public double Alpha { get; }

    public static LoraSettings Read(string path)
    {
        using var json = JsonFile.Read(path, LongestFile);
        return new(path, new JsonFields(path, json.RootElement));
    }

    /// <summary>Whether the adapter is meant to change a module; null where the file does not say.</summary>
    public bool? Targets(string module, int? layer)
    {
        if (targets is null) return null;
        return Guarded(() => targets(module, layer) && excluded?.Invoke(module, layer) != true)
            && (layers.Count == 0 || (layer is { } l && layers.Contains(l)));
    }

    /// <summary>Rank of a module, and the factor of B·A: alpha / rank, or alpha / √rank (rank-stabilized).</summary>
    public (double Rank, double Scale) Of(string module)
    {
        var rank = Match(ranks, module) ?? Rank;
        return (rank, (Match(alphas, module) ?? Alpha) / (rankStabilized ? Math.Sqrt(rank) : rank));
    }

    private static void RefuseOthers(JsonFields fields)
    {
        fields.RefuseIf(
            fields.Text("peft_type") is not "LORA", "peft_type", "LORA, the only kind of adapter supported");
        fields.RefuseIf(
            (fields.Text("bias") ?? "none") != "none", "bias", "none, because trained biases are not supported");
        foreach (var name in MustBeOff)
            fields.RefuseIf(!fields.IsOff(name), name, $"nothing, because {name} is not supported");
        foreach (var name in fields.Names.Except(Known))
            fields.RefuseIf(!fields.IsOff(name), name, "nothing, because it is not known here what it changes");
        fields.RefuseIf(fields.Find("init_lora_weights") is { ValueKind: JsonValueKind.String } value
            && !LeavesBase.Contains(value.GetString(), StringComparer.OrdinalIgnoreCase),
            "init_lora_weights", "one that leaves the base weights as they are: true, false, "
                + string.Join(", ", LeavesBase));
    }

    // A list names modules or ends of their names; a text is a regular expression for the whole name.
    private Func<string, int?, bool>? Modules(JsonFields fields, string name)
    {
        if (fields.Find(name) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String)
        {
            if (value.ValueEquals("all-linear")) return (_, layer) => layer is not null;
            var pattern = Pattern(name, $"^(?:{value.GetString()})$");
            return (module, _) => pattern.IsMatch(module);
        }
        var names = fields.Texts(name)!;
        return (module, _) => names.Any(n => module == n || module.EndsWith('.' + n));
    }

    private (Regex Module, double Value)[] Patterns(JsonFields fields, string name) =>
        [.. fields.Numbers(name).Select(p => (Pattern(name, $"^(.*\\.)?({p.Key})$"), p.Value))];

    private Regex Pattern(string field, string pattern)
    {
        try
        {
            // Python names a group (?P<name>...), .NET (?<name>...).
            return new(pattern.Replace("(?P<", "(?<", StringComparison.Ordinal), RegexOptions.CultureInvariant,
                LongestMatch);
        }
        catch (ArgumentException)
        {
            throw Refusal.Because(file, $"{field} has {Refusal.Quote(pattern)}, which is not a regular expression");
        }
    }

    private double? Match(IReadOnlyList<(Regex Module, double Value)> patterns, string module) => patterns
        .Where(p => Guarded(() => p.Module.IsMatch(module))).Select(p => (double?)p.Value).FirstOrDefault();

    private bool Guarded(Func<bool> match)
    {
        try
        {
            return match();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw Refusal.Because(file, $"the regular expression {Refusal.Quote(e.Pattern)} takes too long");
        }
    }
}

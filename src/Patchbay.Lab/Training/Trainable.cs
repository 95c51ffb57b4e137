using System.Text.Json;
using Patchbay.Models.Weights;
using TorchSharp.Modules;

namespace Patchbay.Lab.Training;

/// <summary>Numbers that an optimizer changes.</summary>
/// <param name="Name">Unique among those trained: a weight's name in a checkpoint, or that of LoRA's A or B.</param>
/// <param name="Value">The numbers.</param>
/// <param name="Decays">Whether weight decay applies: to matrices, not to norms and embeddings.</param>
/// <param name="Rate">Their learning rate, relative to the others'.</param>
internal sealed record TrainedTensor(string Name, Parameter Value, bool Decays, double Rate = 1);

/// <summary>Which numbers training changes, and how the model's weights follow from them.</summary>
internal abstract class Trainable : IDisposable
{
    private readonly List<TrainedTensor> tensors = [];

    public IReadOnlyList<TrainedTensor> Tensors => tensors;

    public long Count => Tensors.Sum(t => t.Value.numel());

    /// <summary>The model's weights as <see cref="Tensors"/> say, in a way that autograd can follow. They belong to
    /// this object or to the current dispose scope: not to be disposed.</summary>
    public abstract DecoderWeights Weights();

    /// <summary>Trains a tensor, which becomes this object's.</summary>
    private protected Parameter Train(string name, Tensor value, bool decays, double rate = 1)
    {
        var parameter = new Parameter(value.DetachFromDisposeScope());
        tensors.Add(new(name, parameter, decays, rate));
        return parameter;
    }

    /// <summary>Frees what is trained.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Value.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Every weight of a model; norms and embeddings do not decay.</summary>
internal sealed class FullTraining : Trainable
{
    private readonly DecoderWeights weights;

    /// <summary>Begins at a model's weights, which are copied.</summary>
    /// <exception cref="NotSupportedException">The model has more than a Llama without biases.</exception>
    public FullTraining(DecoderConfig config, DecoderWeights start)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        weights = start.Select((name, w) => Train(name, w.clone(), name.Contains("_proj", StringComparison.Ordinal),
            name == "model.norm.weight" && config.TiedEmbeddings ? 1 / Math.Sqrt(config.Width) : 1));
    }

    public override DecoderWeights Weights() => weights;
}

/// <summary>Only some heads: their rows of the q, k and v projections (k and v are shared by the heads of a group) and
/// their columns of the output projection.</summary>
internal sealed class HeadTraining : Trainable
{
    private readonly DecoderWeights start;
    private readonly Dictionary<string, (int Dimension, Tensor Index, Parameter Value)> parts = [];

    /// <summary>Begins at a model's weights, which stay the caller's and must outlive this.</summary>
    /// <exception cref="ArgumentException">The model has no such head, or none is named.</exception>
    /// <exception cref="NotSupportedException">The model has more than a Llama without biases.</exception>
    public HeadTraining(DecoderConfig config, DecoderWeights start, IReadOnlyCollection<Head> heads)
    {
        if (heads.Count == 0) throw new ArgumentException("no head to train is named");
        foreach (var h in heads.Where(h => (uint)h.Layer >= config.Layers || (uint)h.Index >= config.Heads))
            throw new ArgumentException(
                $"head {h} is not in a model of {config.Layers} layers of {config.Heads} heads");
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        this.start = start;
        var wanted = new Dictionary<string, int[]>(); // heads of a projection by its name
        foreach (var layer in heads.GroupBy(h => h.Layer))
        {
            int[] queries = [.. layer.Select(h => h.Index).Distinct().Order()];
            int[] keys = [.. queries.Select(h => h / config.GroupSize).Distinct()];
            var attention = $"model.layers.{layer.Key}.self_attn.";
            foreach (var part in new[] { "q_proj", "o_proj" }) wanted[$"{attention}{part}.weight"] = queries;
            foreach (var part in new[] { "k_proj", "v_proj" }) wanted[$"{attention}{part}.weight"] = keys;
        }
        start.Select((name, weight) =>
        {
            if (wanted.TryGetValue(name, out var of)) Add(name, weight, of);
            return weight;
        });

        void Add(string name, Tensor weight, int[] of)
        {
            var dimension = name.EndsWith("o_proj.weight", StringComparison.Ordinal) ? 1 : 0;
            var channels = of.SelectMany(h => Enumerable.Range(h * config.HeadWidth, config.HeadWidth));
            var index = RowIndex.Of([.. channels], weight.device).DetachFromDisposeScope();
            parts.Add(name, (dimension, index, Train(name, weight.index_select(dimension, index), decays: true)));
        }
    }

    public override DecoderWeights Weights() => start.Select((name, weight) =>
        parts.TryGetValue(name, out var part) ? weight.index_copy(part.Dimension, part.Index, part.Value) : weight);
}

/// <summary>Low-rank changes of chosen projections (LoRA, Hu et al. 2022): W = W0 + alpha/r B A, with A (r, inputs)
/// drawn and B (outputs, r) zero at the start. Dropout is not used.</summary>
internal sealed class LoraTraining : Trainable
{
    private readonly DecoderWeights start;
    private readonly Dictionary<string, (Parameter A, Parameter B)> modules = [];

    /// <summary>Changes of a model's weights, which stay the caller's and must outlive this.</summary>
    /// <param name="start">The weights.</param>
    /// <param name="rank">r, at least 1.</param>
    /// <param name="alpha">alpha.</param>
    /// <param name="targets">Projections of every layer, of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj and
    /// down_proj.</param>
    /// <param name="seed">Seed of A.</param>
    /// <exception cref="ArgumentException">A target is no projection.</exception>
    /// <exception cref="NotSupportedException">The model has more than a Llama without biases.</exception>
    public LoraTraining(DecoderWeights start, int rank, double alpha, IReadOnlyCollection<string> targets, ulong seed)
    {
        (this.start, Rank, Alpha, Targets) = (start, rank, alpha, targets);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        manual_seed((long)seed);
        start.Select((name, weight) =>
        {
            if (targets.Any(target => IsOf(name, target))) Add(name, weight);
            return weight;
        });
        foreach (var target in targets.Where(target => !modules.Keys.Any(name => IsOf(name, target))))
            throw new ArgumentException($"LoRA target '{target}' is no projection; expected "
                + "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj or down_proj");

        static bool IsOf(string name, string target) => name.EndsWith($".{target}.weight", StringComparison.Ordinal);

        void Add(string name, Tensor weight)
        {
            long outputs = weight.shape[0], inputs = weight.shape[1];
            var a = randn([rank, inputs], dtype: ScalarType.Float64, device: CPU).div(Number.Of(Math.Sqrt(inputs)));
            var b = zeros([outputs, rank], dtype: weight.dtype, device: weight.device);
            var module = name[..^".weight".Length];
            modules.Add(name, (Train($"{module}.lora_A", a.to(weight.dtype).to(weight.device), decays: true),
                Train($"{module}.lora_B", b, decays: true)));
        }
    }

    public int Rank { get; }
    public double Alpha { get; }
    public IReadOnlyCollection<string> Targets { get; }

    /// <summary>Module, A and B of each change: "model.layers.0.self_attn.q_proj", (r, inputs), (outputs, r).</summary>
    public IEnumerable<(string Module, Tensor A, Tensor B)> Modules =>
        modules.Select(m => (m.Key[..^".weight".Length], (Tensor)m.Value.A, (Tensor)m.Value.B));

    public override DecoderWeights Weights() => start.Select((name, weight) =>
        modules.TryGetValue(name, out var m) ? weight.addmm(m.B, m.A, beta: 1, alpha: (float)(Alpha / Rank)) : weight);
}

/// <summary>Writes a LoRA training as a PEFT adapter's folder.</summary>
internal static class AdapterWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes adapter_config.json and adapter_model.safetensors.</summary>
    /// <param name="folder">Made where it is not there.</param>
    /// <param name="lora">The training.</param>
    /// <param name="basePath">Where the base is, as the configuration is to name it: relative to
    /// <paramref name="folder"/>.</param>
    /// <param name="dtype">Dtype to store in.</param>
    public static void Write(string folder, LoraTraining lora, string basePath, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"),
        [
            .. lora.Modules.SelectMany(m => new[] { ("A", m.A), ("B", m.B) }.Select(part =>
                part.Item2.to(dtype).ToWrite($"base_model.model.{m.Module}.lora_{part.Item1}.weight"))),
        ]);
        var json = JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = basePath,
            ["r"] = lora.Rank,
            ["lora_alpha"] = lora.Alpha,
            ["lora_dropout"] = 0.0,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["modules_to_save"] = null,
            ["target_modules"] = lora.Targets.Order(StringComparer.Ordinal).ToArray(),
        }, Indented);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), json + "\n");
    }
}

/// <summary>Weights made from weights, each told by its name in a checkpoint.</summary>
internal static class WeightMap
{
    /// <summary>A model's weights, each made anew from its name ("model.layers.0.self_attn.q_proj.weight") and the old
    /// one, in the order of <see cref="DecoderWeights.Tensors"/>. A tied unembedding stays the embedding.</summary>
    /// <exception cref="NotSupportedException">The model has more than a Llama without biases.</exception>
    public static DecoderWeights Select(this DecoderWeights weights, Func<string, Tensor, Tensor> make)
    {
        var embedding = make("model.embed_tokens.weight", weights.Embedding);
        LayerWeights[] layers = [.. weights.Layers.Select((w, l) => Layer(w, $"model.layers.{l}.", make))];
        var norm = make("model.norm.weight", weights.FinalNorm);
        return new()
        {
            Embedding = embedding,
            Layers = layers,
            FinalNorm = norm,
            Unembedding = ReferenceEquals(weights.Unembedding, weights.Embedding) ? embedding
                : make("lm_head.weight", weights.Unembedding),
        };
    }

    private static LayerWeights Layer(LayerWeights w, string layer, Func<string, Tensor, Tensor> make)
    {
        if (w.QueryBias is not null || w.OutputBias is not null || w.UpBias is not null || w.QueryNorm is not null
            || w.AttentionNorm is null || w.AttentionOutNorm is not null || w.MlpNorm is null || w.Gate is null)
            throw new NotSupportedException("only a Llama without biases can be trained");
        Tensor Make(string part, Tensor tensor) => make($"{layer}{part}.weight", tensor);
        return new()
        {
            AttentionNorm = Make("input_layernorm", w.AttentionNorm),
            Query = Make("self_attn.q_proj", w.Query),
            Key = Make("self_attn.k_proj", w.Key),
            Value = Make("self_attn.v_proj", w.Value),
            Output = Make("self_attn.o_proj", w.Output),
            MlpNorm = Make("post_attention_layernorm", w.MlpNorm),
            Gate = Make("mlp.gate_proj", w.Gate),
            Up = Make("mlp.up_proj", w.Up),
            Down = Make("mlp.down_proj", w.Down),
        };
    }

    /// <summary>A copy with weights of its own, which no dispose scope owns.</summary>
    public static DecoderWeights Copy(this DecoderWeights weights, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return weights.Select((_, w) => w.to(dtype).to(device, copy: true).detach().DetachFromDisposeScope());
    }
}

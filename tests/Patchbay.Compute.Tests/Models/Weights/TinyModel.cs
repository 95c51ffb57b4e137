using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Patchbay.Models.Weights;

namespace Patchbay.Models.Tests.Weights;

/// <summary>A tensor whose values every floating-point type holds exactly (eighths from -4 to 4).</summary>
internal sealed record TinyTensor(string Name, long[] Shape, float[] Values)
{
    public static TinyTensor Random(Random random, string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++) values[i] = random.Next(-32, 33) / 8f;
        return new(name, shape, values);
    }

    public byte[] Bytes(StoredType type) => type switch
    {
        StoredType.Float64 => MemoryMarshal.AsBytes<double>(Array.ConvertAll(Values, v => (double)v)).ToArray(),
        StoredType.Float32 => MemoryMarshal.AsBytes<float>(Values).ToArray(),
        StoredType.Float16 => MemoryMarshal.AsBytes<Half>(Array.ConvertAll(Values, v => (Half)v)).ToArray(),
        StoredType.BFloat16 => MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(Values, v =>
            (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16))).ToArray(),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    public TensorToWrite ToWrite(StoredType type) => new(Name, type, Shape, stream => stream.Write(Bytes(type)));
}

/// <summary>A Llama of two layers, width 8, small enough to be opened tens of thousands of times.</summary>
internal sealed record TinyModel(DecoderConfig Config, List<TinyTensor> Tensors)
{
    public static TinyModel Create(Func<DecoderConfig, DecoderConfig>? change = null, int seed = 1)
    {
        var config = new DecoderConfig
        {
            Layers = 2,
            Heads = 4,
            KeyValueHeads = 2,
            HeadWidth = 2,
            Width = 8,
            FeedForward = 12,
            Vocabulary = 16,
            BeginId = 1,
            EndIds = [2],
            MaxPositions = 32,
        };
        config = change?.Invoke(config) ?? config;
        var random = new Random(seed);
        var tensors = new List<TinyTensor>();
        void Add(string name, params long[] shape) => tensors.Add(TinyTensor.Random(random, name, shape));
        long d = config.Width, q = config.Heads * config.HeadWidth, kv = config.KeyValueHeads * config.HeadWidth;
        Add("model.embed_tokens.weight", config.Vocabulary, d);
        for (var l = 0; l < config.Layers; l++)
        {
            var p = $"model.layers.{l}.";
            Add(p + "input_layernorm.weight", d);
            Add(p + "self_attn.q_proj.weight", q, d);
            Add(p + "self_attn.k_proj.weight", kv, d);
            Add(p + "self_attn.v_proj.weight", kv, d);
            Add(p + "self_attn.o_proj.weight", d, q);
            if (config.QkvBias)
            {
                Add(p + "self_attn.q_proj.bias", q);
                Add(p + "self_attn.k_proj.bias", kv);
                Add(p + "self_attn.v_proj.bias", kv);
            }
            if (config.OutputBias) Add(p + "self_attn.o_proj.bias", d);
            Add(p + "post_attention_layernorm.weight", d);
            Add(p + "mlp.gate_proj.weight", config.FeedForward, d);
            Add(p + "mlp.up_proj.weight", config.FeedForward, d);
            Add(p + "mlp.down_proj.weight", d, config.FeedForward);
        }
        Add("model.norm.weight", d);
        if (!config.TiedEmbeddings) Add("lm_head.weight", config.Vocabulary, d);
        return new(config, tensors);
    }

    public TinyTensor this[string name] => Tensors.Single(t => t.Name == name);

    public TinyModel WriteConfig(ScratchFolder folder)
    {
        DecoderConfigFile.Write(folder["config.json"], Config with { StoredDtype = "float16" });
        return this;
    }

    public string WriteSafetensors(ScratchFolder folder, StoredType type = StoredType.Float16)
    {
        WriteConfig(folder);
        SafetensorsWriter.Write(folder["model.safetensors"], [.. Tensors.Select(t => t.ToWrite(type))]);
        return folder.Path;
    }

    public string WriteBin(ScratchFolder folder, byte[] bytes)
    {
        WriteConfig(folder);
        folder.Write("pytorch_model.bin", bytes);
        return folder.Path;
    }

    /// <summary>Two shards and their index; <paramref name="write"/> gets a shard's path and tensors.</summary>
    public string WriteShards(ScratchFolder folder, string name, Action<string, List<TinyTensor>> write)
    {
        WriteConfig(folder);
        var (stem, extension) = (Path.GetFileNameWithoutExtension(name), Path.GetExtension(name));
        var map = new JsonObject();
        foreach (var (part, i) in Tensors.Chunk(Tensors.Count / 2 + 1).Select((p, i) => (p, i)))
        {
            var shard = $"{stem}-0000{i + 1}-of-00002{extension}";
            write(folder[shard], [.. part]);
            foreach (var tensor in part) map[tensor.Name] = shard;
        }
        folder.Write(name + ".index.json", new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["weight_map"] = map
        }.ToJsonString());
        return folder.Path;
    }

    /// <summary>llama2.c's first form; q and k are written as they are, so that a reader reorders their rows.</summary>
    public byte[] Llama2c()
    {
        using var stream = new MemoryStream();
        var vocabulary = Config.TiedEmbeddings ? Config.Vocabulary : -Config.Vocabulary;
        foreach (var n in (int[])[Config.Width, Config.FeedForward, Config.Layers, Config.Heads, Config.KeyValueHeads,
            vocabulary, Config.MaxPositions])
            stream.Write(BitConverter.GetBytes(n));
        stream.Write(this["model.embed_tokens.weight"].Bytes(StoredType.Float32));
        string[] parts =
        [
            "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
            "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj",
        ];
        foreach (var part in parts)
        {
            for (var l = 0; l < Config.Layers; l++)
                stream.Write(this[$"model.layers.{l}.{part}.weight"].Bytes(StoredType.Float32));
        }
        stream.Write(this["model.norm.weight"].Bytes(StoredType.Float32));
        stream.Write(new byte[Config.MaxPositions * Config.HeadWidth * 4]);
        if (!Config.TiedEmbeddings) stream.Write(this["lm_head.weight"].Bytes(StoredType.Float32));
        return stream.ToArray();
    }
}

using System.Buffers.Binary;

namespace Patchbay.Models.Weights;

/// <summary>
/// A checkpoint in the format of llama2.c: seven int32 (width, MLP width, layers, heads, key/value heads, vocabulary, positions),
/// then all weights in float32, one kind after the other. A negative vocabulary says that the unembedding is stored too.
/// Its rotary embedding pairs neighbouring channels; rows of q and k are given out in the order that makes it the rotate-half
/// form of every other checkpoint here, which leaves every score as it is.
/// </summary>
public sealed class Llama2cFile : WeightFile
{
    private readonly MappedFile file;
    private readonly Dictionary<string, StoredTensor> tensors = [];

    private Llama2cFile(MappedFile file, LlamaConfig config)
    {
        (this.file, Config) = (file, config);
        AddTensors();
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, StoredTensor> Tensors => tensors;

    /// <summary>Shape of the model, from the header.</summary>
    public LlamaConfig Config { get; }

    /// <summary>Opens a file and checks that it is exactly as long as its header says.</summary>
    /// <exception cref="InvalidDataException">It is not such a file; one sentence says why.</exception>
    public static Llama2cFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new Llama2cFile(file, ReadHeader(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => file.Dispose();

    private static LlamaConfig ReadHeader(MappedFile file)
    {
        if (file.Length < 28) throw new InvalidDataException($"{file.Name}: header: expected 28 bytes, found a file of {file.Length}");
        var h = new int[7];
        for (var i = 0; i < 7; i++) h[i] = BinaryPrimitives.ReadInt32LittleEndian(file.Bytes(4 * i, 4));
        string[] names = ["dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len"];
        for (var i = 0; i < 7; i++)
        {
            var value = i == 5 ? Math.Abs((long)h[5]) : h[i];
            if (value is < 1 or > 1 << 20) throw new InvalidDataException($"{file.Name}: header, {names[i]}: expected 1 to {1 << 20}, found {h[i]}");
        }
        if (h[0] % h[3] != 0 || h[0] / h[3] % 2 != 0 || h[3] % h[4] != 0)
        {
            throw new InvalidDataException($"{file.Name}: header: expected a dim that n_heads divides into even parts and n_heads " +
                $"that n_kv_heads divides, found dim {h[0]}, n_heads {h[3]}, n_kv_heads {h[4]}");
        }
        return new LlamaConfig
        {
            Architecture = "llama2.c",
            Width = h[0],
            FeedForward = h[1],
            Layers = h[2],
            Heads = h[3],
            KeyValueHeads = h[4],
            HeadWidth = h[0] / h[3],
            Vocabulary = Math.Abs(h[5]),
            MaxPositions = h[6],
            NormEpsilon = 1e-5,
            TiedEmbeddings = h[5] > 0,
            BeginId = 1,
            EndIds = [1, 2],
            StoredDtype = "float32",
        };
    }

    private void AddTensors()
    {
        var c = Config;
        long d = c.Width, kv = (long)c.KeyValueHeads * c.HeadWidth, at = 28;
        void Kind(string name, bool rotary, params long[] shape)
        {
            for (var l = 0; l < c.Layers; l++) Add($"model.layers.{l}.{name}.weight", rotary, shape);
        }
        void Add(string name, bool rotary, params long[] shape)
        {
            tensors[name] = rotary
                ? new HalvedTensor(file, at, c.HeadWidth) { Name = name, File = file.Name, Type = StoredType.Float32, Shape = shape }
                : new MappedTensor(file, at) { Name = name, File = file.Name, Type = StoredType.Float32, Shape = shape };
            at += 4 * tensors[name].Count;
        }
        Add("model.embed_tokens.weight", false, c.Vocabulary, d);
        Kind("input_layernorm", false, d);
        Kind("self_attn.q_proj", true, d, d);
        Kind("self_attn.k_proj", true, kv, d);
        Kind("self_attn.v_proj", false, kv, d);
        Kind("self_attn.o_proj", false, d, d);
        Kind("post_attention_layernorm", false, d);
        Kind("mlp.gate_proj", false, c.FeedForward, d);
        Kind("mlp.down_proj", false, d, c.FeedForward);
        Kind("mlp.up_proj", false, c.FeedForward, d);
        Add("model.norm.weight", false, d);
        at += 4L * c.MaxPositions * c.HeadWidth; // tables of cosines and sines, computed here instead
        if (!c.TiedEmbeddings) Add("lm_head.weight", false, c.Vocabulary, d);
        if (at != file.Length) throw new InvalidDataException($"{file.Name}: expected {at} bytes, as the header says, found {file.Length}");
    }

    /// <summary>A q or k projection whose rows come, head by head, in the order 0, 2, 4, ..., 1, 3, 5, ...</summary>
    private sealed class HalvedTensor(MappedFile file, long offset, int headWidth) : StoredTensor
    {
        public override void CopyTo(long first, Span<byte> destination)
        {
            var width = (int)Shape[1];
            for (var done = 0; done < destination.Length;)
            {
                var element = first + done / 4;
                long row = element / width, column = element % width, within = row % headWidth;
                var source = row - within + (within < headWidth / 2 ? 2 * within : 2 * (within - headWidth / 2) + 1);
                var count = Math.Min(destination.Length - done, (int)(width - column) * 4);
                file.Bytes(offset + (source * width + column) * 4, count).CopyTo(destination[done..]);
                done += count;
            }
        }
    }
}

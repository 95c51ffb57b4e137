using System.Runtime.InteropServices;

namespace Patchbay.Models.Weights;

/// <summary>A checkpoint of karpathy's llama2.c in its first form: seven int32 (dim, hidden_dim, n_layers, n_heads,
/// n_kv_heads, vocab_size, negative where the unembedding is stored too, and seq_len), then all weights in float32. Its
/// rotary embedding turns neighbours (2i, 2i + 1) of a head's q and k; the rows of q and k are given in the order of
/// the half-turning form (i, i + dh/2), the only one that the rest of the code knows. Scores q·k stay the
/// same.</summary>
internal sealed class Llama2cFile : IDisposable
{
    private const int HeaderLength = 28;

    // Each of these for all layers, one after another.
    private static readonly string[] Order =
    [
        "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
        "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj",
    ];

    private readonly OpenFile file;
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);
    private long position = HeaderLength;

    private Llama2cFile(OpenFile file)
    {
        (this.file, Config) = (file, ReadHeader(file));
        PlaceTensors();
    }

    public DecoderConfig Config { get; }

    /// <summary>The weights under the names of Hugging Face's Llama.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => tensors;

    public static Llama2cFile Open(string path) =>
        Opening.CloseOnError(new OpenFile(path), file => new Llama2cFile(file));

    /// <summary>Whether a file's header and length are those of such a checkpoint.</summary>
    public static bool Recognizes(string path)
    {
        try
        {
            Open(path).Dispose();
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static DecoderConfig ReadHeader(OpenFile file)
    {
        var bytes = file.Read(0, HeaderLength, "header of llama2.c").AsSpan();
        if (PyTorchReader.Recognizes(bytes))
            throw file.Refuse(
                "this is a file of torch.save, expected its folder with config.json, or a llama2.c checkpoint");
        if (bytes.StartsWith("24ka"u8))
            throw file.Refuse("this is a newer llama2.c export, only its first form (version 0) is supported");
        var fields = MemoryMarshal.Cast<byte, int>(bytes).ToArray();
        if (fields is not [> 0 and <= 1 << 20, > 0 and <= 1 << 22, > 0 and <= 1000, > 0 and <= 4096, > 0 and <= 4096,
            not 0 and >= -(1 << 24) and <= 1 << 24, > 0 and <= 1 << 24]
            || fields[0] % (2 * fields[3]) != 0 || fields[3] % fields[4] != 0)
            throw file.Refuse("the header of llama2.c should be a plausible dim, hidden_dim, n_layers, n_heads, " +
                $"n_kv_heads, vocab_size and seq_len, found {string.Join(", ", fields)}");
        return new()
        {
            Width = fields[0],
            FeedForward = fields[1],
            Layers = fields[2],
            Heads = fields[3],
            KeyValueHeads = fields[4],
            HeadWidth = fields[0] / fields[3],
            Vocabulary = Math.Abs(fields[5]),
            TiedEmbeddings = fields[5] > 0,
            MaxPositions = fields[6],
            NormEpsilon = 1e-5,
            BeginId = 1,
            EndIds = [2],
            StoredDtype = "float32",
        };
    }

    private void PlaceTensors()
    {
        var c = Config;
        var tables = (Int128)c.MaxPositions * c.HeadWidth; // cosines and sines
        var expected = (long)((c.ParameterCount + tables) * sizeof(float) + HeaderLength);
        if (file.Length != expected)
            throw file.Refuse($"the file has {file.Length} bytes, expected {expected} by its llama2.c header");
        var shapes = DecoderLayout.Linear(c).ToDictionary(m => m.Part, m => (long[])[m.Outputs, m.Inputs]);
        Place(DecoderLayout.Embedding, [c.Vocabulary, c.Width]);
        foreach (var part in Order)
        {
            for (var layer = 0; layer < c.Layers; layer++)
                Place(DecoderLayout.Weight(layer, part), shapes.GetValueOrDefault(part) ?? [c.Width], part switch
                {
                    "self_attn.q_proj" => HalfTurning(c.Heads),
                    "self_attn.k_proj" => HalfTurning(c.KeyValueHeads),
                    _ => null,
                });
        }
        Place(DecoderLayout.FinalNorm, [c.Width]);
        position += (long)tables * sizeof(float);
        if (!c.TiedEmbeddings) Place(DecoderLayout.Unembedding, [c.Vocabulary, c.Width]);
    }

    private void Place(string name, long[] shape, StridedLayout? layout = null)
    {
        var tensor = new StoredTensor(file, name, StoredType.Float32, shape, position, layout);
        tensors.Add(name, tensor);
        position += tensor.ByteLength;
    }

    // Row (head, half, i) of the result is row (head, i, half) of the file.
    private StridedLayout HalfTurning(int heads)
    {
        long width = Config.HeadWidth, d = Config.Width;
        return new([heads, 2, width / 2, d], [width * d, d, 2 * d, 1]);
    }

    public void Dispose() => file.Dispose();
}

using System.Security.Cryptography;
using System.Text.Json;
using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Weights;

/// <summary>What tests look at in loaded checkpoints.</summary>
internal static class Loaded
{
    public static float[] Floats(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.to_type(ScalarType.Float32).contiguous().data<float>().ToArray();
    }

    public static byte[] Bytes(StoredTensor tensor)
    {
        var bytes = new byte[tensor.ByteLength];
        tensor.CopyTo(0, bytes);
        return bytes;
    }

    /// <summary>Loads a checkpoint and hands its weights to <paramref name="check"/>.</summary>
    public static void Weights(string path, Action<DecoderWeights> check, ScalarType dtype = ScalarType.Float32,
        string? adapter = null)
    {
        using var checkpoint = Checkpoint.Open(path, adapter);
        using var weights = checkpoint.Load(dtype);
        check(weights);
    }

    public static void AssertEqual(TinyModel expected, DecoderWeights actual)
    {
        Assert.Equal(expected["model.embed_tokens.weight"].Values, Floats(actual.Embedding));
        Assert.Equal(expected["model.norm.weight"].Values, Floats(actual.FinalNorm));
        Assert.Equal(expected.Config.TiedEmbeddings, ReferenceEquals(actual.Embedding, actual.Unembedding));
        if (!expected.Config.TiedEmbeddings) Assert.Equal(expected["lm_head.weight"].Values,
            Floats(actual.Unembedding));
        Assert.Equal(expected.Config.Layers, actual.Layers.Count);
        for (var l = 0; l < actual.Layers.Count; l++)
        {
            var w = actual.Layers[l];
            void Same(string part, Tensor? tensor)
            {
                var name = $"model.layers.{l}.{part}";
                var wanted = expected.Tensors.SingleOrDefault(t => t.Name == name);
                Assert.Equal(wanted?.Values, tensor is null ? null : Floats(tensor));
                if (wanted is not null) Assert.Equal(wanted.Shape, tensor!.shape);
            }

            Same("input_layernorm.weight", w.AttentionNorm);
            Same("self_attn.q_proj.weight", w.Query);
            Same("self_attn.k_proj.weight", w.Key);
            Same("self_attn.v_proj.weight", w.Value);
            Same("self_attn.o_proj.weight", w.Output);
            Same("self_attn.q_proj.bias", w.QueryBias);
            Same("self_attn.k_proj.bias", w.KeyBias);
            Same("self_attn.v_proj.bias", w.ValueBias);
            Same("self_attn.o_proj.bias", w.OutputBias);
            Same("post_attention_layernorm.weight", w.MlpNorm);
            Same("mlp.gate_proj.weight", w.Gate);
            Same("mlp.up_proj.weight", w.Up);
            Same("mlp.down_proj.weight", w.Down);
        }
    }

    /// <summary>All that an open checkpoint says, with a hash of every element.</summary>
    public static string Describe(Checkpoint checkpoint)
    {
        var adapter = checkpoint.Adapter?.Modules.SelectMany(m => new[] { m.A, m.B }) ?? [];
        var tensors = checkpoint.Tensors.Concat(adapter).Select(t =>
            $"{t} {Convert.ToHexString(SHA256.HashData(Bytes(t)))}");
        var scales = string.Join(' ', checkpoint.Adapter?.Modules.Select(m => $"{m.Name} {m.Scale}") ?? []);
        return $"{JsonSerializer.Serialize(checkpoint.Config)}\n{scales}\n{string.Join('\n', tensors)}";
    }

    /// <summary>Checks that a refusal is one sentence on one line that says which file it is about.</summary>
    public static void AssertOneSentence(Exception refusal, string folder)
    {
        Assert.EndsWith(".", refusal.Message);
        Assert.DoesNotContain(refusal.Message, char.IsControl);
        Assert.Contains(folder, refusal.Message);
        Assert.True(refusal.Message.Length < 200 + 400, refusal.Message);
    }
}

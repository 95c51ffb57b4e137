using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests;

/// <summary>An adapter of a fused projection changes q, k and v each by its own rows of B.</summary>
public sealed class FusedLoraTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SharedTheory]
    [InlineData("gpt2", "transformer.h.0.attn.c_attn", false)]
    [InlineData("gpt2", "h.0.attn.c_attn", false)]
    [InlineData("gpt_neox", "gpt_neox.layers.0.attention.query_key_value", true)]
    [InlineData("phi3", "model.layers.0.self_attn.qkv_proj", false)]
    public void Each_projection_gets_its_own_part(string family, string module, bool byHead)
    {
        using var scope = NewDisposeScope();
        var path = SharedFolder.PathOf("golden", "families", family);
        using var plain = Checkpoint.Open(path);
        var c = plain.Config;
        long dh = c.HeadWidth, q = c.Heads * dh, kv = c.KeyValueHeads * dh, rows = q + 2 * kv;
        Tensor a = randn(2, c.Width), b = randn(rows, 2);
        var prefix = $"base_model.model.{module}.lora_";
        SafetensorsWriter.Write(folder.PathOf("adapter_model.safetensors"),
            [a.ToWrite($"{prefix}A.weight"), b.ToWrite($"{prefix}B.weight")]);
        File.WriteAllText(folder.PathOf("adapter_config.json"), $$"""
            {"peft_type": "LORA", "r": 2, "lora_alpha": 6, "target_modules": ["{{module}}"], "fan_in_fan_out": true,
             "base_model_name_or_path": "x"}
            """);
        using var merged = Checkpoint.Open(path, folder.Path);
        using var before = plain.Load(ScalarType.Float32);
        using var after = merged.Load(ScalarType.Float32);
        var change = b.matmul(a) * 3; // (rows, d)
        var heads = byHead ? change.view(c.Heads, 3, dh, c.Width).permute(1, 0, 2, 3).reshape(rows, c.Width) : change;
        var (was, now) = (before.Layers[0], after.Layers[0]);
        foreach (var (x, y, first, count) in new[] { (was.Query, now.Query, 0L, q), (was.Key, now.Key, q, kv),
            (was.Value, now.Value, q + kv, kv) })
            Assert.True((y - x - heads.narrow(0, first, count)).abs().max().item<float>() < 1e-5);
        Assert.True(now.Output.equal(was.Output).all().ToBoolean());
    }
}

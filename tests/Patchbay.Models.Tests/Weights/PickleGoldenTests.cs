using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Patchbay.Models.Weights;
using Patchbay.Tests;

namespace Patchbay.Models.Tests.Weights;

public class PickleGoldenTests
{
    private static readonly string[] Shards = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];

    [SharedFact]
    public void Both_shards_together_hold_the_tensors_of_their_index()
    {
        var folder = SharedFolder.PathOf("golden", "formats", "sharded-bin");
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "pytorch_model.bin.index.json")));
        var map = index.RootElement.GetProperty("weight_map").EnumerateObject().Select(p => (p.Name, p.Value.GetString()!));
        var found = new List<(string, string)>();
        var bytes = 0L;
        foreach (var shard in Shards)
        {
            using var open = TorchFile.Open(Path.Combine(folder, shard));
            found.AddRange(open.Tensors.Keys.Select(name => (name, shard)));
            bytes += open.Tensors.Values.Sum(t => t.Count * t.ElementSize);
        }
        Assert.Equal(map.Order(), found.Order());
        Assert.Equal(index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64(), bytes);
    }

    [SharedFact]
    public void The_shards_are_finite_fp16_of_the_shapes_of_the_model()
    {
        var model = Safetensors(SharedFolder.PathOf("checkpoints", "tinystories-656k-f32", "model.safetensors"));
        foreach (var shard in Shards)
        {
            using var open = TorchFile.Open(SharedFolder.PathOf("golden", "formats", "sharded-bin", shard));
            foreach (var (name, tensor) in open.Tensors)
            {
                var like = model[name == "model.embed_tokens.weight" ? "lm_head.weight" : name];
                Assert.Equal(StoredType.Float16, tensor.Type);
                Assert.Equal(like.Shape, tensor.Shape);
                var values = MemoryMarshal.Cast<byte, Half>(PickleFile.Bytes(tensor)).ToArray();
                Assert.All(values, v => Assert.True(Half.IsFinite(v)));
                Assert.Contains(values, v => v != Half.Zero);
            }
        }
    }

    [SharedFact]
    public void A_LoRA_adapter_equals_its_safetensors_twin()
    {
        using var open = TorchFile.Open(SharedFolder.PathOf("golden", "formats", "lora-adapter", "adapter_model.bin"));
        var twin = Safetensors(SharedFolder.PathOf("golden", "formats", "lora-adapter", "adapter_model.safetensors"));
        Assert.Equal(twin.Keys.Order(), open.Tensors.Keys.Order());
        foreach (var (name, tensor) in open.Tensors)
        {
            Assert.Equal(twin[name].Shape, tensor.Shape);
            Assert.Equal(StoredType.Float32, tensor.Type);
            Assert.Equal(twin[name].Data, PickleFile.Bytes(tensor));
        }
    }

    [SharedFact]
    public void The_hostile_pickle_is_refused_and_runs_nothing()
    {
        var path = SharedFolder.PathOf("golden", "formats", "hostile", "pytorch_model.bin");
        var message = Assert.Throws<InvalidDataException>(() => TorchFile.Open(path)).Message;
        PickleFile.CheckSentence(message, "pytorch_model.bin");
        Assert.Contains("global posix.system", message, StringComparison.Ordinal);
        Assert.False(File.Exists("pickle-was-executed"));
        Assert.False(File.Exists(Path.Combine(Path.GetDirectoryName(path)!, "pickle-was-executed")));
    }

    private static Dictionary<string, (long[] Shape, byte[] Data)> Safetensors(string path)
    {
        var file = File.ReadAllBytes(path);
        var start = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using var header = JsonDocument.Parse(file.AsMemory(8, start - 8));
        return header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__").ToDictionary(p => p.Name, p =>
        {
            var offsets = Numbers(p.Value.GetProperty("data_offsets"));
            return (Numbers(p.Value.GetProperty("shape")), file[(start + (int)offsets[0])..(start + (int)offsets[1])]);
        });
    }

    private static long[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt64())];
}

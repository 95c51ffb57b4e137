using Patchbay.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Models.Tests.Weights;

public sealed class CheckpointTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    private InvalidDataException Refused(params string[] because)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(folder.Path).Dispose());
        Loaded.AssertOneSentence(refusal, folder.Path);
        foreach (var part in because) Assert.Contains(part, refusal.Message);
        return refusal;
    }

    [Fact]
    public void Every_stored_type_loads_as_every_dtype()
    {
        var model = TinyModel.Create();
        foreach (var stored in (StoredType[])[StoredType.Float64, StoredType.Float32, StoredType.Float16,
            StoredType.BFloat16])
        {
            model.WriteSafetensors(folder, stored);
            foreach (var dtype in (ScalarType[])[ScalarType.Float64, ScalarType.Float32, ScalarType.Float16,
                ScalarType.BFloat16])
            {
                Loaded.Weights(folder.Path, weights =>
                {
                    Assert.All(weights.Layers, l => Assert.Equal(dtype, l.Query.dtype));
                    Loaded.AssertEqual(model, weights);
                }, dtype);
            }
        }
    }

    [Fact]
    public void Every_layout_of_files_gives_the_same_weights()
    {
        var model = TinyModel.Create(c => c with { QkvBias = true, OutputBias = true });
        string[] folders =
        [
            Case(f => model.WriteSafetensors(f)),
            Case(f => model.WriteShards(f, "model.safetensors", (path, t) =>
                SafetensorsWriter.Write(path, [.. t.Select(x => x.ToWrite(StoredType.Float16))]))),
            Case(f => model.WriteShards(f, "pytorch_model.bin", (path, t) =>
                File.WriteAllBytes(path, PickleWriter.Zip(t, StoredType.BFloat16)))),
            Case(f => model.WriteShards(f, "pytorch_model.bin", (path, t) =>
                File.WriteAllBytes(path, PickleWriter.Legacy(t, StoredType.Float32)))),
            Case(f => model.WriteConfig(f).WriteBin(f, PickleWriter.Zip(model.Tensors, StoredType.Float64))),
        ];
        foreach (var path in folders) Loaded.Weights(path, w => Loaded.AssertEqual(model, w));
    }

    private string Case(Action<ScratchFolder> write)
    {
        using var scratch = new ScratchFolder();
        write(scratch);
        var path = folder[Guid.NewGuid().ToString("N")];
        Directory.CreateDirectory(path);
        foreach (var file in Directory.GetFiles(scratch.Path)) File.Copy(file,
            Path.Combine(path, Path.GetFileName(file)));
        return path;
    }

    [Theory]
    [InlineData("model.embed_tokens.weight")]
    [InlineData("lm_head.weight")]
    public void Tied_embeddings_load_from_either_stored_form(string name)
    {
        var model = TinyModel.Create(c => c with { TiedEmbeddings = true });
        var renamed = model with
        {
            Tensors = [.. model.Tensors.Select(t => t.Name == "model.embed_tokens.weight"
            ? t with { Name = name } : t)]
        };
        renamed.WriteSafetensors(folder);
        Loaded.Weights(folder.Path, w => Loaded.AssertEqual(model, w));
    }

    [Fact]
    public void Tied_embeddings_stored_twice_are_tied_where_they_are_the_same()
    {
        var model = TinyModel.Create(c => c with { TiedEmbeddings = true });
        var head = model["model.embed_tokens.weight"] with { Name = "lm_head.weight" };
        (model with { Tensors = [.. model.Tensors, head] }).WriteSafetensors(folder);
        Loaded.Weights(folder.Path, w => Loaded.AssertEqual(model, w));

        (model with { Tensors = [.. model.Tensors, head with { Values = [.. head.Values[1..], 5] }] })
            .WriteSafetensors(folder);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.False(checkpoint.Config.TiedEmbeddings);
        using var loaded = checkpoint.Load(ScalarType.Float32);
        Assert.Equal([.. head.Values[1..], 5], Loaded.Floats(loaded.Unembedding));
        Assert.Equal(model["model.embed_tokens.weight"].Values, Loaded.Floats(loaded.Embedding));
    }

    [Fact]
    public void Missing_unexpected_and_misshapen_tensors_are_named_with_both_shapes()
    {
        var model = TinyModel.Create();
        (model with { Tensors = [.. model.Tensors.Where(t => t.Name != "model.layers.1.mlp.up_proj.weight")] })
            .WriteSafetensors(folder);
        Refused("model.safetensors", "model.layers.1.mlp.up_proj.weight (12, 8) is missing");
        (model with { Tensors = [.. model.Tensors.Where(t => t.Name != "lm_head.weight")] }).WriteSafetensors(folder);
        Refused("lm_head.weight (16, 8) is missing");
        (model with
        {
            Tensors = [.. model.Tensors, TinyTensor.Random(new(1), "model.layers.2.mlp.up_proj.weight", 12,
            8)]
        }).WriteSafetensors(folder);
        Refused("model.layers.2.mlp.up_proj.weight", "not expected", "2 layers");
        (model with
        {
            Tensors = [.. model.Tensors.Select(t => t.Name == "model.norm.weight" ? t with { Shape = [4, 2] }
            : t)]
        }).WriteSafetensors(folder);
        Refused("model.norm.weight has shape (4, 2), expected (8)");
        var norm = new TensorToWrite("model.norm.weight", StoredType.Int16, [8], s => s.Write(new byte[16]));
        SafetensorsWriter.Write(folder["model.safetensors"],
            [norm, .. model.Tensors.Where(t => t.Name != norm.Name).Select(t => t.ToWrite(StoredType.Float16))]);
        Refused("model.norm.weight has dtype I16");
    }

    [Fact]
    public void Known_buffers_are_ignored()
    {
        var model = TinyModel.Create();
        var buffer = TinyTensor.Random(new(1), "model.layers.0.self_attn.rotary_emb.inv_freq", 1);
        (model with { Tensors = [.. model.Tensors, buffer] }).WriteSafetensors(folder);
        Loaded.Weights(folder.Path, w => Loaded.AssertEqual(model, w));
    }

    [Fact]
    public void Shards_must_all_be_there_and_hold_what_the_index_says()
    {
        var model = TinyModel.Create();
        model.WriteShards(folder, "model.safetensors", (path, t) =>
            SafetensorsWriter.Write(path, [.. t.Select(x => x.ToWrite(StoredType.Float16))]));
        var index = File.ReadAllText(folder["model.safetensors.index.json"]);
        folder.Write("model.safetensors.index.json", index.Replace("model.norm.weight", "model.norm.w"));
        Refused("model-00002-of-00002.safetensors", "model.norm.weight", "does not place there");
        folder.Write("model.safetensors.index.json", index.Replace("\"model.norm.weight\"",
            "\"extra\":\"model-00001-of-00002.safetensors\",\"model.norm.weight\""));
        Refused("lacks tensor 'extra'");
        folder.Write("model.safetensors.index.json", index.Replace("model-00002", "../model-00002"));
        Refused("weight_map", "same folder");
        folder.Write("model.safetensors.index.json", index);
        File.Delete(folder["model-00002-of-00002.safetensors"]);
        var missing = Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder.Path).Dispose());
        Assert.Contains("model-00002-of-00002.safetensors", missing.Message);
    }

    [Fact]
    public void What_is_absent_is_said_with_what_was_looked_for()
    {
        Assert.Throws<DirectoryNotFoundException>(() => Checkpoint.Open(folder["absent"]).Dispose());
        Assert.Contains("config.json", Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder.Path)
            .Dispose()).Message);
        TinyModel.Create().WriteConfig(folder);
        Assert.Contains("pytorch_model.bin", Assert.Throws<FileNotFoundException>(() => Checkpoint.Open(folder.Path)
            .Dispose()).Message);
        Assert.Contains("expected its folder", Assert.Throws<InvalidDataException>(() =>
            Checkpoint.Open(folder.Write("a.safetensors", "x")).Dispose()).Message);
    }

    [Fact]
    public void A_model_s_folder_in_the_hub_s_cache_is_told_from_its_snapshot()
    {
        using var cache = new ScratchFolder();
        Directory.CreateDirectory(cache["blobs"]);
        Directory.CreateDirectory(cache["snapshots/abc"]);
        TinyModel.Create().WriteSafetensors(folder);
        foreach (var file in Directory.GetFiles(folder.Path))
        {
            File.Copy(file, cache["blobs/" + Path.GetFileName(file)]);
            File.CreateSymbolicLink(cache["snapshots/abc/" + Path.GetFileName(file)],
                "../../blobs/" + Path.GetFileName(file));
        }
        Checkpoint.Open(cache["snapshots/abc"]).Dispose();
        var refusal = Assert.Throws<InvalidDataException>(() => Checkpoint.Open(cache.Path).Dispose());
        Loaded.AssertOneSentence(refusal, cache.Path);
        Assert.Contains("the hub's cache", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(cache["snapshots/abc"], refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_becomes_shorter_after_it_was_opened_is_refused_and_ends_nothing()
    {
        TinyModel.Create().WriteSafetensors(folder);
        using var checkpoint = Checkpoint.Open(folder.Path);
        using (var file = File.Open(folder["model.safetensors"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(file.Length / 2);
        var refusal = Assert.Throws<InvalidDataException>(() => checkpoint.Load(ScalarType.Float32).Dispose());
        Loaded.AssertOneSentence(refusal, folder.Path);
        Assert.Contains("became shorter", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_ends_at_the_total()
    {
        TinyModel.Create().WriteSafetensors(folder);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var told = new List<LoadProgress>();
        checkpoint.Load(ScalarType.Float16, CPU, new Told(told.Add)).Dispose();
        Assert.Equal(checkpoint.Tensors.Count, told.Count);
        Assert.Equal(told[^1].BytesTotal, told[^1].BytesDone);
        Assert.Equal(checkpoint.Tensors.Sum(t => t.ByteLength), told[^1].BytesTotal);
    }

    [Fact]
    public void The_fingerprint_depends_on_every_byte_and_not_on_the_folder()
    {
        string Fingerprint(string path)
        {
            using var checkpoint = Checkpoint.Open(path);
            return checkpoint.ComputeFingerprint();
        }

        var model = TinyModel.Create();
        var first = Fingerprint(Case(f => model.WriteSafetensors(f)));
        Assert.Equal(64, first.Length);
        Assert.Equal(first, Fingerprint(Case(f => model.WriteSafetensors(f))));
        Assert.NotEqual(first, Fingerprint(Case(f => TinyModel.Create(seed: 2).WriteSafetensors(f))));
        Assert.NotEqual(first, Fingerprint(Case(f => (model with { Config = model.Config with { RopeTheta = 20000 } })
            .WriteSafetensors(f))));
    }

    [Fact]
    public void A_written_model_is_read_back()
    {
        var model = TinyModel.Create(c => c with { QkvBias = true, OutputBias = true });
        model.WriteSafetensors(folder);
        Loaded.Weights(folder.Path, w => CheckpointWriter.Write(folder["again"], model.Config, w), ScalarType.BFloat16);
        using var again = Checkpoint.Open(folder["again"]);
        Assert.Equal("bfloat16", again.Config.StoredDtype);
        Loaded.Weights(folder["again"], w => Loaded.AssertEqual(model, w));
    }

    [Fact]
    public void A_tensor_larger_than_one_piece_is_loaded_and_written_whole()
    {
        using var scope = NewDisposeScope();
        var large = arange(5_000_000, ScalarType.Float32).view(5, 1_000_000);
        SafetensorsWriter.Write(folder["x.safetensors"], [large.t().ToWrite("t")]);
        using var file = TensorFile.Open(folder["x.safetensors"]);
        var read = file.Tensors["t"].Load(ScalarType.Float64, CPU);
        Assert.Equal([1_000_000, 5], read.shape);
        Assert.True(read.eq(large.t()).all().ToBoolean());
    }
}

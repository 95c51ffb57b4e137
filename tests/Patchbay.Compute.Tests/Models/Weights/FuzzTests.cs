using System.Diagnostics;
using System.Text;
using Patchbay.Models.Weights;
using Xunit.Abstractions;

namespace Patchbay.Models.Tests.Weights;

/// <summary>
/// Damaged headers. A change of a single byte must be refused, or be one that means nothing: then the checkpoint opens
/// with the same configuration, names, types, shapes and elements as before. Such bytes are, in .safetensors: white
/// space between the parts of the JSON and the texts of __metadata__; in a zip: versions, attributes, and the version
/// record; in a legacy pickle: requires_grad, and a size or a string that has two spellings.
/// </summary>
[Collection(nameof(FuzzTests))]
public sealed class FuzzTests(ITestOutputHelper output)
{
    // Some seconds where nothing else runs.
    private const int MostSeconds = 300; // a hang, not slowness

    private static readonly TinyModel Tiny = TinyModel.Create(c => c with { TiedEmbeddings = true });

    private static HeaderFuzz Safetensors() => new(folder => Tiny.WriteSafetensors(folder));

    private static HeaderFuzz Zip() =>
        new(folder => Tiny.WriteBin(folder, PickleWriter.Zip(Tiny.Tensors, StoredType.Float16)));

    private static HeaderFuzz Legacy() =>
        new(folder => Tiny.WriteBin(folder, PickleWriter.Legacy(Tiny.Tensors, StoredType.Float16)));

    private static HeaderFuzz Shards() => new(folder => Tiny.WriteShards(folder, "model.safetensors",
        (path, part) => SafetensorsWriter.Write(path, [.. part.Select(t => t.ToWrite(StoredType.BFloat16))])));

    private static HeaderFuzz Llama2c() => new(folder => folder.Write("model.bin", Tiny.Llama2c()));

    private static HeaderFuzz Adapter() => new(folder =>
    {
        using var scratch = new ScratchFolder();
        Tiny.WriteSafetensors(scratch);
        foreach (var file in Directory.GetFiles(scratch.Path)) folder.Write("base/" + Path.GetFileName(file),
            File.ReadAllBytes(file));
        folder.Write("adapter/adapter_config.json", """
            {"base_model_name_or_path": "../base", "peft_type": "LORA", "r": 2, "lora_alpha": 6, "bias": "none",
             "target_modules": "model\\.layers\\.0.*q_proj", "rank_pattern": {"layers.1.*": 3}, "use_rslora": false}
            """);
        const string Module = "base_model.model.model.layers.0.self_attn.q_proj.";
        var random = new Random(4);
        SafetensorsWriter.Write(folder["adapter/adapter_model.safetensors"],
        [
            TinyTensor.Random(random, Module + "lora_A.weight", 2, 8).ToWrite(StoredType.Float32),
            TinyTensor.Random(random, Module + "lora_B.weight", 8, 2).ToWrite(StoredType.Float32),
        ]);
        return folder["adapter"];
    });

    // Positions outside the elements of the tiny model's tensors.
    private static List<int> HeaderOf(byte[] file, StoredType type)
    {
        var isData = new bool[file.Length];
        foreach (var tensor in Tiny.Tensors)
        {
            var bytes = tensor.Bytes(type);
            isData.AsSpan(file.AsSpan().IndexOf(bytes), bytes.Length).Fill(true);
        }
        return [.. Enumerable.Range(0, file.Length).Where(i => !isData[i])];
    }

    // Two bits flipped, each by itself, a character that JSON and pickles make much of, and any other value.
    private static IEnumerable<byte> OtherValues(byte old, Random random)
    {
        var bit = random.Next(8);
        yield return (byte)(old ^ (1 << bit));
        yield return (byte)(old ^ (1 << ((bit + random.Next(1, 8)) % 8)));
        var special = "0129\"\\{}[],: \n.Kq("u8;
        var value = special[random.Next(special.Length)];
        if (value != old) yield return value;
        yield return (byte)(old + random.Next(1, 256));
    }

    private void SingleBytes(HeaderFuzz fuzz, string file, IEnumerable<int> positions, Func<int,
        bool>? meaningless = null)
    {
        var clock = Stopwatch.StartNew();
        var random = new Random(7);
        var bytes = fuzz.Bytes(file);
        foreach (var position in positions)
        {
            foreach (var value in OtherValues(bytes[position], random))
            {
                if (fuzz.TryByte(file, position, value) && meaningless is not null)
                    Assert.True(meaningless(position),
                        $"{file}, byte {position}: {bytes[position]:X2} -> {value:X2} was accepted");
            }
        }
        output.WriteLine($"{fuzz.Refused} refused, {fuzz.Identical} identical, {clock.Elapsed.TotalSeconds:F1} s");
        Assert.Equal("", fuzz.LastDifferent);
        fuzz.AssertNothingWritten();
        Assert.True(clock.Elapsed.TotalSeconds < MostSeconds);
    }

    [Fact]
    public void Every_byte_of_a_safetensors_header_matters_but_spaces_and_metadata()
    {
        using var fuzz = Safetensors();
        var bytes = fuzz.Bytes("model.safetensors");
        var length = 8 + (int)BitConverter.ToInt64(bytes);
        var metadata = Encoding.UTF8.GetString(bytes, 0, length).IndexOf('}', StringComparison.Ordinal);
        SingleBytes(fuzz, "model.safetensors", Enumerable.Range(0, length), p => p < metadata || bytes[p] == ' ');
    }

    [Fact]
    public void A_byte_of_a_zip_outside_the_tensors_is_refused_or_means_nothing()
    {
        using var fuzz = Zip();
        var bytes = fuzz.Bytes("pytorch_model.bin");
        var pickle = PickleWriter.Dict(Tiny.Tensors, StoredType.Float16, legacy: false);
        var start = bytes.AsSpan().IndexOf(pickle);
        SingleBytes(fuzz, "pytorch_model.bin", HeaderOf(bytes, StoredType.Float16), p => p < start || p >= start
            + pickle.Length);
    }

    [Fact]
    public void A_byte_of_a_legacy_pickle_outside_the_tensors_is_refused_or_means_nothing()
    {
        using var fuzz = Legacy();
        SingleBytes(fuzz, "pytorch_model.bin", HeaderOf(fuzz.Bytes("pytorch_model.bin"), StoredType.Float16));
    }

    [Fact]
    public void Every_byte_of_a_llama2c_header_matters()
    {
        using var fuzz = Llama2c();
        SingleBytes(fuzz, "model.bin", Enumerable.Range(0, 28), _ => false);
    }

    [SharedFact]
    public void A_byte_of_the_golden_pickles_is_refused_or_means_nothing()
    {
        foreach (var (name, length) in new[] { ("pytorch_model-00001-of-00002.bin", 0x100),
            ("pytorch_model-00002-of-00002.bin", 1557) })
        {
            using var fuzz = new HeaderFuzz(folder =>
            {
                foreach (var file in Directory.GetFiles(SharedFolder.PathOf("golden", "formats", "sharded-bin")))
                    folder.Write(Path.GetFileName(file), File.ReadAllBytes(file));
                return folder.Path;
            });
            // A zip's directory and end records are at its end; the last says where they begin.
            var bytes = fuzz.Bytes(name);
            var directory = bytes[0] == 'P' ? BitConverter.ToInt32(bytes, bytes.Length - 6) : bytes.Length;
            var positions = Enumerable.Range(0, length).Concat(Enumerable.Range(directory, bytes.Length - directory));
            SingleBytes(fuzz, name, positions.Where((_, i) => i % 2 == 0));
        }
    }

    [Fact]
    public void Random_changes_are_refused_or_accepted_in_bounded_time_and_memory()
    {
        var clock = Stopwatch.StartNew();
        var random = new Random(20);
        var cases = 0;
        var part = SoakFactAttribute.IsSoak ? 1 : 8;
        (Func<HeaderFuzz> Make, string[] Files, int Count)[] kinds =
        [
            (Safetensors, ["model.safetensors", "model.safetensors", "config.json"], 5000),
            (Zip, ["pytorch_model.bin"], 5000),
            (Legacy, ["pytorch_model.bin"], 6000),
            (Shards, ["model.safetensors.index.json", "model-00001-of-00002.safetensors"], 3000),
            (Llama2c, ["model.bin"], 2000),
            (Adapter, ["adapter/adapter_config.json", "adapter/adapter_model.safetensors"], 3000),
        ];
        foreach (var (make, files, count) in kinds)
        {
            using var fuzz = make();
            var originals = files.Distinct().ToDictionary(f => f, fuzz.Bytes);
            for (var i = 0; i < count / part; i++, cases++)
            {
                var file = files[i % files.Length];
                var bytes = originals[file];
                var (changed, what) = Change(bytes, random);
                fuzz.Write(file, changed);
                fuzz.TryOpen($"{file}, case {i}: {what}");
                fuzz.Write(file, bytes);
            }
            fuzz.AssertNothingWritten();
            output.WriteLine($"{files[0]}: {fuzz.Refused} refused, {fuzz.Identical} identical, {fuzz.Different} "
                + "different but consistent");
        }
        output.WriteLine($"{cases} cases, {clock.Elapsed.TotalSeconds:F1} s");
        Assert.True(cases >= 24_000 / part && clock.Elapsed.TotalSeconds < MostSeconds);
    }

    // One change, or two, mostly in the first part of the file, where headers are.
    private static (byte[] Changed, string What) Change(byte[] bytes, Random random)
    {
        var changed = bytes.ToList();
        var what = "";
        for (var n = random.Next(1, 3); n > 0; n--)
        {
            var at = random.Next(random.Next(4) == 0 ? changed.Count : Math.Min(changed.Count, 1500));
            var length = Math.Min(random.Next(1, 9), changed.Count - at);
            var kind = random.Next(6);
            what += $"{kind} at {at} ({length}); ";
            switch (kind)
            {
                case 0: changed[at] = (byte)random.Next(256); break;
                case 1: for (var i = 0; i < length; i++) changed[at + i] = (byte)random.Next(256); break;
                case 2: changed.RemoveRange(at, changed.Count - at); break;
                case 3: changed.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256))); break;
                case 4: changed.RemoveRange(at, length); break;
                default: changed.InsertRange(at, changed.GetRange(random.Next(changed.Count - length), length)); break;
            }
            if (changed.Count < 16) break;
        }
        return ([.. changed], what);
    }
}

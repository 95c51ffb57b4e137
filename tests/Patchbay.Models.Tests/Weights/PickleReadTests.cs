using System.Runtime.InteropServices;
using Patchbay.Models.Weights;

namespace Patchbay.Models.Tests.Weights;

public class PickleReadTests
{
    private static readonly string[] SampleNames = ["whole", "turned", "part", "spread", "half", "one", "none"];

    [Fact]
    public void A_zip_checkpoint_reads_every_tensor() =>
        CheckSample(PickleWriter.Zip(PickleWriter.Sample(), PickleWriter.SampleStorages()));

    [Fact]
    public void A_zip64_checkpoint_reads_every_tensor() =>
        CheckSample(PickleWriter.Zip(PickleWriter.Sample(), PickleWriter.SampleStorages(), zip64: true));

    [Fact]
    public void A_legacy_checkpoint_reads_every_tensor() => CheckSample(PickleWriter.SampleLegacy());

    [Fact]
    public void A_tensor_reads_from_any_element_on()
    {
        using var file = new PickleFile(PickleWriter.SampleLegacy());
        using var open = file.Open();
        foreach (var tensor in open.Tensors.Values)
        {
            var whole = PickleFile.Bytes(tensor);
            for (var first = 0; first <= tensor.Count; first++)
                for (var count = 0; count <= tensor.Count - first; count++)
                {
                    var part = new byte[count * tensor.ElementSize];
                    tensor.CopyTo(first, part);
                    Assert.Equal(whole.Skip(first * tensor.ElementSize).Take(part.Length), part);
                }
        }
    }

    [Fact]
    public void Reading_beyond_a_tensor_or_a_part_of_an_element_is_an_error()
    {
        using var file = new PickleFile(PickleWriter.SampleLegacy());
        using var open = file.Open();
        var tensor = open.Tensors["turned"];
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.CopyTo(9, new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.CopyTo(-1, new byte[4]));
        Assert.Throws<ArgumentException>(() => tensor.CopyTo(0, new byte[3]));
    }

    [Fact]
    public void Reading_after_the_file_is_closed_is_an_error()
    {
        using var file = new PickleFile(PickleWriter.SampleLegacy());
        var open = file.Open();
        var tensor = open.Tensors["whole"];
        open.Dispose();
        open.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.CopyTo(0, new byte[4]));
    }

    [Fact]
    public void Every_storage_type_is_read()
    {
        (string Name, StoredType Type, int Size)[] types =
        [
            ("DoubleStorage", StoredType.Float64, 8), ("FloatStorage", StoredType.Float32, 4),
            ("HalfStorage", StoredType.Float16, 2), ("BFloat16Storage", StoredType.BFloat16, 2),
            ("LongStorage", StoredType.Int64, 8), ("IntStorage", StoredType.Int32, 4),
            ("ShortStorage", StoredType.Int16, 2), ("CharStorage", StoredType.Int8, 1),
            ("ByteStorage", StoredType.UInt8, 1), ("BoolStorage", StoredType.Bool, 1),
        ];
        var pickle = new PickleWriter().Op('}');
        foreach (var (name, _, _) in types) pickle.Text(name).Tensor(name, 3, 1, [2], [1], name).Op('s');
        (string Key, byte[] Data)[] data = [.. types.Select(t => (t.Name, Enumerable.Range(0, 3 * t.Size).Select(i => (byte)i).ToArray()))];
        using var file = new PickleFile(PickleWriter.Zip(pickle.Stop(), data));
        using var open = file.Open();
        foreach (var (name, type, size) in types)
        {
            Assert.Equal((type, size), (open.Tensors[name].Type, open.Tensors[name].ElementSize));
            Assert.Equal(Enumerable.Range(size, 2 * size).Select(i => (byte)i), PickleFile.Bytes(open.Tensors[name]));
        }
    }

    [Fact]
    public void A_pickle_of_protocol_4_is_read()
    {
        var names = new PickleWriter().Op(0x80, 4, 0x95, 2, 0, 0, 0, 0, 0, 0, 0).Op('}').Op(0x94, 0x8c, 1, (byte)'w');
        names.Op(0x8c, 12).Op("torch._utils"u8.ToArray()).Op(0x94, 0x8c, 18).Op("_rebuild_tensor_v2"u8.ToArray()).Op(0x93);
        names.Op('(').Storage("0", 2).Op('K').Op(0).Op('K').Op(2).Op(0x85).Global("torch", "Size").Op('K').Op(1).Op(0x85, 0x85);
        var pickle = names.Op('R').Op(0x89).Op('N').Op('t').Op('R').Op('s').Stop();
        using var file = new PickleFile(PickleWriter.Zip(pickle, [("0", PickleWriter.Floats([1, 2]))]));
        using var open = file.Open();
        Assert.Equal([1f, 2f], PickleFile.Floats(open.Tensors["w"]));
    }

    [Fact]
    public void A_missing_file_is_reported_by_name()
    {
        using var file = new PickleFile([1]);
        var error = Assert.Throws<FileNotFoundException>(() => TorchFile.Open(file.Path + ".absent"));
        Assert.Equal("weights.bin.absent does not exist.", error.Message);
    }

    private static void CheckSample(byte[] bytes)
    {
        using var file = new PickleFile(bytes);
        using var open = file.Open();
        var tensors = open.Tensors;
        Assert.Equal(SampleNames, tensors.Keys);
        Assert.All(tensors, t => Assert.Equal((t.Key, PickleFile.Name), (t.Value.Name, t.Value.File)));
        Assert.Equal([3L, 4], tensors["whole"].Shape);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (float)i), PickleFile.Floats(tensors["whole"]));
        Assert.Equal([0f, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11], PickleFile.Floats(tensors["turned"]));
        Assert.Equal([5f, 6, 9, 10], PickleFile.Floats(tensors["part"]));
        Assert.Equal([1f, 3, 1, 3, 1, 3, 7, 9, 7, 9, 7, 9], PickleFile.Floats(tensors["spread"]));
        Assert.Equal(StoredType.BFloat16, tensors["half"].Type);
        Assert.Equal([0x3f80, 0x4000, 0x4040, 0x4080], MemoryMarshal.Cast<byte, ushort>(PickleFile.Bytes(tensors["half"])).ToArray().Select(v => (int)v));
        Assert.Equal([7f], PickleFile.Floats(tensors["one"]));
        Assert.Empty(PickleFile.Floats(tensors["none"]));
    }
}

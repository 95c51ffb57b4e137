using Patchbay.Models.Weights;

namespace Patchbay.Models.Tests.Weights;

public sealed class PyTorchFileTests : IDisposable
{
    private readonly ScratchFolder folder = new();
    private readonly TinyTensor[] tensors;

    public PyTorchFileTests()
    {
        var random = new Random(5);
        tensors = [TinyTensor.Random(random, "a", 3, 4), TinyTensor.Random(random, "b", 7),
            TinyTensor.Random(random, "empty", 0)];
    }

    public void Dispose() => folder.Dispose();

    private InvalidDataException Refused(byte[] file, string because)
    {
        var path = folder.Write("x.bin", file);
        var refusal = Assert.Throws<InvalidDataException>(() => TensorFile.Open(path).Dispose());
        Loaded.AssertOneSentence(refusal, path);
        Assert.Contains(because, refusal.Message);
        return refusal;
    }

    private InvalidDataException RefusedPickle(PickleWriter pickle, string because) =>
        Refused(PickleWriter.Zip(pickle.Stop(), ("0", new byte[48])), because);

    private static PickleWriter Item(string name) => new PickleWriter().Op('}').Text(name);

    [Theory]
    [InlineData(false, StoredType.Float64)]
    [InlineData(false, StoredType.Float16)]
    [InlineData(true, StoredType.Float32)]
    [InlineData(true, StoredType.BFloat16)]
    public void Zip_and_legacy_files_give_their_tensors(bool legacy, StoredType type)
    {
        var path = folder.Write("x.bin", legacy ? PickleWriter.Legacy(tensors, type) : PickleWriter.Zip(tensors, type));
        using var file = TensorFile.Open(path);
        Assert.Equal(tensors.Select(t => t.Name), file.Tensors.Keys);
        foreach (var tensor in tensors)
        {
            Assert.Equal(tensor.Shape, file.Tensors[tensor.Name].Shape);
            Assert.Equal(tensor.Bytes(type), Loaded.Bytes(file.Tensors[tensor.Name]));
        }
    }

    [Theory]
    [InlineData(new long[] { 4, 3 }, new long[] { 1, 4 }, 0)] // Transposed.
    [InlineData(new long[] { 2, 3 }, new long[] { 4, 1 }, 1)] // A block of rows' beginnings.
    [InlineData(new long[] { 3, 2 }, new long[] { 4, 2 }, 1)] // Every second column.
    [InlineData(new long[] { 2, 2, 2, 1 }, new long[] { 2, 1, 4, 99 }, 3)]
    [InlineData(new long[] { 1, 1 }, new long[] { 7, 5 }, 11)]
    [InlineData(new long[] { }, new long[] { }, 4)]
    public void A_strided_view_is_read_in_row_major_order(long[] shape, long[] strides, long offset)
    {
        var storage = tensors[0].Values;
        var pickle = Item("view").Tensor(StoredType.Float32, "0", 12, offset, shape, strides).Op('s').Stop();
        using var file = TensorFile.Open(folder.Write("x.bin", PickleWriter.Zip(pickle,
            ("0", tensors[0].Bytes(StoredType.Float32)))));
        var view = file.Tensors["view"];
        var expected = new float[view.Count];
        for (var i = 0; i < expected.Length; i++)
        {
            var (rest, at) = ((long)i, offset);
            for (var d = shape.Length - 1; d >= 0; d--) (rest, at) = (rest / shape[d], at
                + rest % shape[d] * strides[d]);
            expected[i] = storage[at];
        }
        Assert.Equal(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(expected).ToArray(),
            Loaded.Bytes(view));
        var last = new byte[4];
        view.CopyTo(view.Count - 1, last);
        Assert.Equal(expected[^1], BitConverter.ToSingle(last));
    }

    [Fact]
    public void Parameters_shared_storages_module_versions_and_newer_protocols_are_read()
    {
        var pickle = new PickleWriter(protocol: 4).Raw(0x95).Raw(new byte[8]).Global("collections", "OrderedDict")
            .Op(')').Op('R').Op('\x94').Op('(')
            .Text("a").Tensor(StoredType.Float32, "0", 12, 0, [3, 4], [4, 1], parameter: true)
            .Raw(0x8c, 1).Raw((byte)'b').Tensor(StoredType.Float32, "0", 12, 4, [4], [1]).Op('u')
            .Op('}').Text("_metadata").Op('}').Text("").Op('}').Text("version").Number(1).Op('s').Op('s').Op('s')
                .Op('b').Stop();
        using var file = TensorFile.Open(folder.Write("x.bin", PickleWriter.Zip(pickle,
            ("0", tensors[0].Bytes(StoredType.Float32)))));
        Assert.Equal(tensors[0].Bytes(StoredType.Float32), Loaded.Bytes(file.Tensors["a"]));
        Assert.Equal(tensors[0].Bytes(StoredType.Float32)[16..32], Loaded.Bytes(file.Tensors["b"]));
    }

    [Theory]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("torch", "load")]
    [InlineData("torch._utils", "_rebuild_tensor_v2.__globals__")]
    [InlineData("collections", "OrderedDict.fromkeys")]
    public void Any_other_name_is_refused_by_name(string module, string name)
    {
        RefusedPickle(Item("a").Global(module, name).Text("touch pickle-was-executed").Raw(0x85).Op('R').Op('s'),
            $"'{module}.{name}'");
        RefusedPickle(Item("a").Text(module).Text(name).Raw(0x93).Op('s'), $"'{module}.{name}'");
        Assert.False(File.Exists("pickle-was-executed"));
    }

    [Theory]
    [InlineData('i')] // INST
    [InlineData('o')] // OBJ
    [InlineData('\x81')] // NEWOBJ
    [InlineData('\x92')] // NEWOBJ_EX
    [InlineData('\x82')] // EXT1
    [InlineData('P')] // PERSID
    [InlineData('\x8b')] // LONG4
    [InlineData('\x98')] // READONLY_BUFFER
    [InlineData('0')] // POP
    public void Any_other_opcode_is_refused_by_number(char opcode) =>
        RefusedPickle(Item("a").Op(opcode).Raw(new byte[16]), $"opcode 0x{(int)opcode:X2}");

    [Fact]
    public void A_pickle_that_is_no_dict_of_tensors_is_refused()
    {
        RefusedPickle(new PickleWriter().Op(']'), "should be a dict of tensors");
        RefusedPickle(Item("a").Number(1).Op('s'), "'a' of the pickle is not a tensor");
        RefusedPickle(new PickleWriter().Op('}').Number(3).Tensor(StoredType.Float32, "0", 12, 0, [12], [1]).Op('s'),
            "'3' of the pickle");
        RefusedPickle(Item("a").Tensor(StoredType.Float32, "0", 12, 0, [12], [1]).Op('s')
            .Text("a").Tensor(StoredType.Float32, "0", 12, 0, [12], [1]).Op('s'), "twice");
        RefusedPickle(Item("a").Tensor(StoredType.Float32, "1", 12, 0, [12], [1]).Op('s'),
            "storage '1' of the pickle is not in the zip");
        RefusedPickle(Item("a").Tensor(StoredType.Float32, "0", 11, 0, [11], [1]).Op('s'),
            "has 48 bytes in the zip, expected 11");
    }

    [Theory]
    [InlineData(new long[] { 13 }, new long[] { 1 }, 0, "does not fit")]
    [InlineData(new long[] { 12 }, new long[] { 1 }, 1, "does not fit")]
    [InlineData(new long[] { 12 }, new long[] { 1 }, -1, "does not fit")]
    [InlineData(new long[] { 3, 4 }, new long[] { 3, 1 }, 0, "overlap")]
    [InlineData(new long[] { 4 }, new long[] { 0 }, 0, "overlap")]
    [InlineData(new long[] { 4 }, new long[] { -1 }, 4, "integers from 0 up")]
    [InlineData(new long[] { 4, 1 }, new long[] { 1 }, 0, "2 sizes and 1 strides")]
    [InlineData(new long[] { long.MaxValue, long.MaxValue }, new long[] { long.MaxValue, 1 }, 0, "does not fit")]
    [InlineData(new long[] { long.MaxValue, 0 }, new long[] { 1, 1 }, 0, "does not fit")]
    public void A_view_outside_its_storage_is_refused(long[] shape, long[] strides, long offset, string because) =>
        RefusedPickle(Item("a").Tensor(StoredType.Float32, "0", 12, offset, shape, strides).Op('s'), because);

    [Fact]
    public void Depth_strings_and_counts_are_bounded()
    {
        RefusedPickle(new PickleWriter().Raw([.. Enumerable.Repeat((byte)'(', 2000)]), "nested deeper");
        RefusedPickle(new PickleWriter().Op('X').Raw(255, 255, 255, 127), "string of 2147483647 bytes");
        RefusedPickle(new PickleWriter().Raw([.. Enumerable.Repeat((byte)'N', (1 << 20) + 1)]),
            "more than the 1048576 values");
        RefusedPickle(new PickleWriter().Op('\x8a').Raw(200), "integer of 200 bytes");
        RefusedPickle(new PickleWriter().Op('c').Raw([.. Enumerable.Repeat((byte)'x', 500)]), "name that does not end");
        RefusedPickle(new PickleWriter().Op('j').Raw(255, 255, 255, 255), "recalls value 4294967295");
        RefusedPickle(new PickleWriter().Op('s'), "takes values that are not there");
        RefusedPickle(new PickleWriter(protocol: 9), "protocol 9");
    }

    [Fact]
    public void A_zip_that_is_cut_compressed_or_changed_is_refused()
    {
        var good = PickleWriter.Zip(tensors, StoredType.Float16);
        Refused(good[..^1], "no end record");
        Refused(good[..(good.Length / 2)], "no end record");
        Refused([.. "PK\x03\x04"u8], "no end record");
        var pickle = PickleWriter.Dict(tensors, StoredType.Float16, legacy: false);
        var changed = good.ToArray();
        changed[changed.AsSpan().IndexOf(pickle) + 30] ^= 1;
        Refused(changed, "does not match its checksum");
        Refused(PickleWriter.Zip(pickle), "is not in the zip");

        using var stream = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(stream, System.IO.Compression.ZipArchiveMode.Create,
            true))
        {
            using var entry = zip.CreateEntry("archive/data.pkl").Open();
            entry.Write(pickle);
        }
        Refused(stream.ToArray(), "compressed");
    }

    [Fact]
    public void A_legacy_file_whose_storages_do_not_fit_is_refused()
    {
        var pickle = PickleWriter.Dict(tensors[..1], StoredType.Float32, legacy: true);
        var bytes = tensors[0].Bytes(StoredType.Float32);
        Refused(PickleWriter.Legacy(pickle, ("0", 11, bytes)), "given as 11 elements, expected 12");
        Refused(PickleWriter.Legacy(pickle, ("0", 12, bytes[1..])), "in the 47 bytes that are left");
        Refused(PickleWriter.Legacy(pickle, ("0", 12, [.. bytes, 0])), "expected 1 that end at byte");
        Refused(PickleWriter.Legacy(pickle, ("1", 12, bytes)), "which no tensor uses");
        Refused(PickleWriter.Legacy(pickle), "holds 0 storages");
        Refused(PickleWriter.Legacy(pickle, ("0", 12, bytes))[..200], "cut off");
    }
}

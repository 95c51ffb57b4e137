using System.IO.Compression;
using System.Text;
using Patchbay.Models.Weights;

namespace Patchbay.Models.Tests.Weights;

/// <summary>Writes a dict of tensors as torch.save does, and other pickles byte by byte.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> written = [];

    public PickleWriter(int protocol = 2) => Raw(0x80, (byte)protocol);

    public PickleWriter Raw(params byte[] bytes)
    {
        written.AddRange(bytes);
        return this;
    }

    public PickleWriter Op(char opcode) => Raw((byte)opcode);

    public PickleWriter Text(string text) => Op('X').Raw(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)))
        .Raw(Encoding.UTF8.GetBytes(text));

    public PickleWriter Number(long n) => Op('\x8a').Raw(8).Raw(BitConverter.GetBytes(n));

    public PickleWriter Global(string module, string name) => Op('c')
        .Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Numbers(IEnumerable<long> numbers)
    {
        Op('(');
        foreach (var n in numbers) Number(n);
        return Op('t');
    }

    /// <summary>_rebuild_tensor_v2 of a view of a storage.</summary>
    public PickleWriter Tensor(
        StoredType type, string key, long count, long offset, long[] shape, long[] strides, bool legacy = false,
            bool parameter = false)
    {
        if (parameter) Global("torch._utils", "_rebuild_parameter").Op('(');
        Global("torch._utils", "_rebuild_tensor_v2").Op('(');
        Op('(').Text("storage").Global("torch", StorageName(type)).Text(key).Text("cpu").Number(count);
        if (legacy) Op('N');
        Op('t').Op('Q').Number(offset).Numbers(shape).Numbers(strides).Raw(0x89);
        Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');
        return parameter ? Raw(0x88).Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R') : this;
    }

    public byte[] Stop()
    {
        Op('.');
        return [.. written];
    }

    private static string StorageName(StoredType type) => type switch
    {
        StoredType.Float64 => "DoubleStorage",
        StoredType.Float32 => "FloatStorage",
        StoredType.Float16 => "HalfStorage",
        StoredType.BFloat16 => "BFloat16Storage",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    public static long[] RowMajor(long[] shape)
    {
        var strides = new long[shape.Length];
        var step = 1L;
        for (var i = shape.Length - 1; i >= 0; i--) (strides[i], step) = (step, step * shape[i]);
        return strides;
    }

    /// <summary>The pickle of a dict of contiguous tensors, the i-th in storage i.</summary>
    public static byte[] Dict(IReadOnlyList<TinyTensor> tensors, StoredType type, bool legacy)
    {
        var pickle = new PickleWriter().Op('}').Op('(');
        for (var i = 0; i < tensors.Count; i++)
        {
            var t = tensors[i];
            pickle.Text(t.Name).Tensor(type, $"{i}", t.Values.Length, 0, t.Shape, RowMajor(t.Shape), legacy);
        }
        return pickle.Op('u').Stop();
    }

    /// <summary>A zip as torch.save writes it, around a pickle and its storages.</summary>
    public static byte[] Zip(byte[] pickle, params (string Key, byte[] Bytes)[] storages)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            void Add(string name, byte[] bytes)
            {
                using var entry = zip.CreateEntry("archive/" + name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }

            Add("data.pkl", pickle);
            Add("byteorder", "little"u8.ToArray());
            foreach (var (key, bytes) in storages) Add("data/" + key, bytes);
            Add("version", "3\n"u8.ToArray());
        }
        return stream.ToArray();
    }

    public static byte[] Zip(IReadOnlyList<TinyTensor> tensors, StoredType type) =>
        Zip(Dict(tensors, type, legacy: false), [.. tensors.Select((t, i) => ($"{i}", t.Bytes(type)))]);

    /// <summary>The form before PyTorch 1.6.</summary>
    public static byte[] Legacy(byte[] pickle, params (string Key, long Count, byte[] Bytes)[] storages)
    {
        using var stream = new MemoryStream();
        stream.Write(Convert.FromHexString("80028A0A6CFC9C46F9206AA850192E"));
        stream.Write(Convert.FromHexString("80024DE9032E"));
        stream.Write(new PickleWriter().Op('}').Op('(').Text("protocol_version").Number(1001).Text("little_endian")
            .Raw(0x88)
            .Text("type_sizes").Op('}').Op('(').Text("short").Number(2).Text("int").Number(4).Text("long").Number(4)
                .Op('u').Op('u').Stop());
        stream.Write(pickle);
        var keys = new PickleWriter().Op(']').Op('(');
        foreach (var (key, _, _) in storages) keys.Text(key);
        stream.Write(keys.Op('e').Stop());
        foreach (var (_, count, bytes) in storages)
        {
            stream.Write(BitConverter.GetBytes(count));
            stream.Write(bytes);
        }
        return stream.ToArray();
    }

    public static byte[] Legacy(IReadOnlyList<TinyTensor> tensors, StoredType type) =>
        Legacy(Dict(tensors, type, legacy: true),
            [.. tensors.Select((t, i) => ($"{i}", (long)t.Values.Length, t.Bytes(type)))]);
}

using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Patchbay.Models.Tests.Weights;

/// <summary>Writes pickles by hand, opcode by opcode, and the two forms of checkpoint around them.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> bytes = [0x80, 2];

    public PickleWriter Op(params byte[] codes)
    {
        bytes.AddRange(codes);
        return this;
    }

    public PickleWriter Op(char code) => Op((byte)code);

    public PickleWriter Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Op('X').Op(Little(utf8.Length, 4)).Op(utf8);
    }

    public PickleWriter Integer(long value) => Op(0x8a, 8).Op(Little(value, 8));

    public PickleWriter Global(string module, string name) => Op('c').Op(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Numbers(params long[] values)
    {
        Op('(');
        foreach (var value in values) Integer(value);
        return Op('t');
    }

    public PickleWriter Storage(string key, long count, string type = "FloatStorage") =>
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Integer(count).Op('t').Op('Q');

    public PickleWriter Tensor(string key, long count, long offset, long[] shape, long[] strides, string type = "FloatStorage") =>
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(key, count, type).Integer(offset)
            .Numbers(shape).Numbers(strides).Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');

    public byte[] Stop() => [.. Op('.').bytes];

    /// <summary>A pickle of a dict of one tensor that covers what the arguments say of a float32 storage "0".</summary>
    public static byte[] One(long count, long offset, long[] shape, long[] strides) =>
        new PickleWriter().Op('}').Text("w").Tensor("0", count, offset, shape, strides).Op('s').Stop();

    /// <summary>A pickle of several kinds of tensors over storages "0" (12 floats) and "1" (4 bfloat16).</summary>
    public static byte[] Sample() => new PickleWriter().Global("collections", "OrderedDict").Op(')').Op('R').Op((byte)'q', 0).Op('(')
        .Text("whole").Tensor("0", 12, 0, [3, 4], [4, 1])
        .Text("turned").Tensor("0", 12, 0, [4, 3], [1, 4])
        .Text("part").Tensor("0", 12, 5, [2, 2], [4, 1])
        .Text("spread").Global("torch._utils", "_rebuild_parameter").Op('(')
        .Tensor("0", 12, 1, [2, 3, 2], [6, 0, 2]).Op(0x88).Op('}').Op('t').Op('R')
        .Text("half").Tensor("1", 4, 0, [4], [1], "BFloat16Storage")
        .Text("one").Tensor("0", 12, 7, [], []).Text("none").Tensor("0", 12, 12, [0, 5], [5, 1]).Op('u')
        .Op('}').Text("_metadata").Op((byte)'h', 0).Op('s').Op('b').Stop();

    /// <summary>The storages of <see cref="Sample"/>: floats 0 to 11, and 1, 2, 3, 4 as bfloat16.</summary>
    public static (string Key, byte[] Data)[] SampleStorages() =>
    [
        ("0", Floats(Enumerable.Range(0, 12).Select(i => (float)i))),
        ("1", [0x80, 0x3f, 0x00, 0x40, 0x40, 0x40, 0x80, 0x40]),
    ];

    public static byte[] Floats(IEnumerable<float> values) => [.. values.SelectMany(BitConverter.GetBytes)];

    public static byte[] Zip(byte[] pickle, (string Key, byte[] Data)[] storages, bool zip64 = false, string order = "little") =>
        Entries([("m/data.pkl", pickle), ("m/byteorder", Encoding.ASCII.GetBytes(order)),
            .. storages.Select(s => ($"m/data/{s.Key}", s.Data))], zip64);

    public static byte[] Entries((string Name, byte[] Data)[] entries, bool zip64 = false, short method = 0)
    {
        var (file, directory) = (new List<byte>(), new List<byte>());
        foreach (var (name, data) in entries)
        {
            var (text, start, size) = (Encoding.UTF8.GetBytes(name), file.Count, zip64 ? 0xffffffffL : data.Length);
            byte[] extra = zip64 ? [1, 0, 24, 0, .. Little(data.Length, 8), .. Little(data.Length, 8), .. Little(start, 8)] : [];
            byte[] same = [.. Little(method, 2), .. new byte[8], .. Little(size, 4), .. Little(size, 4), .. Little(text.Length, 2)];
            file.AddRange([.. "PK\u0003\u0004"u8, 45, 0, 0, 0, .. same, 0, 0, .. text, .. data]);
            directory.AddRange([.. "PK\u0001\u0002"u8, 45, 0, 45, 0, 0, 0, .. same, .. Little(extra.Length, 2), .. new byte[10],
                .. Little(zip64 ? 0xffffffffL : start, 4), .. text, .. extra]);
        }
        var (at, end) = (file.Count, file.Count + directory.Count);
        file.AddRange(directory);
        if (zip64) file.AddRange([.. "PK\u0006\u0006"u8, .. Little(44, 8), .. new byte[12], .. Little(entries.Length, 8),
            .. Little(entries.Length, 8), .. Little(directory.Count, 8), .. Little(at, 8),
            .. "PK\u0006\u0007"u8, 0, 0, 0, 0, .. Little(end, 8), 1, 0, 0, 0]);
        var count = Little(zip64 ? 0xffff : entries.Length, 2);
        file.AddRange([.. "PK\u0005\u0006"u8, 0, 0, 0, 0, .. count, .. count, .. Little(zip64 ? 0xffffffffL : directory.Count, 4),
            .. Little(zip64 ? 0xffffffffL : at, 4), 0, 0]);
        return [.. file];
    }

    public static byte[] Legacy(byte[] pickle, (string Key, byte[] Data, int Size)[] storages, bool little = true)
    {
        var magic = BigInteger.Parse("0" + "1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber).ToByteArray();
        var keys = storages.Aggregate(new PickleWriter().Op(']').Op('('), (w, s) => w.Text(s.Key)).Op('e').Stop();
        return
        [
            .. new PickleWriter().Op(0x8a, (byte)magic.Length).Op(magic).Stop(),
            .. new PickleWriter().Op('M').Op(Little(1001, 2)).Stop(),
            .. new PickleWriter().Op('}').Text("little_endian").Op(little ? (byte)0x88 : (byte)0x89).Op('s').Stop(),
            .. pickle,
            .. keys,
            .. storages.SelectMany(s => (byte[])[.. Little(s.Data.Length / s.Size, 8), .. s.Data]),
        ];
    }

    public static byte[] SampleLegacy() =>
        Legacy(Sample(), [.. SampleStorages().Reverse().Select(s => (s.Key, s.Data, s.Key == "0" ? 4 : 2))]);

    private static byte[] Little(long value, int size)
    {
        var all = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(all, value);
        return all[..size];
    }
}

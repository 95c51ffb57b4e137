using System.Text;
using Patchbay.Models.Weights;

namespace Patchbay.Models.Tests.Weights;

public sealed class SafetensorsTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    private InvalidDataException Refused(string header, int dataBytes, long? length = null)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var path = folder.Write("x.safetensors", [.. BitConverter.GetBytes(length ?? text.Length), .. text,
            .. new byte[dataBytes]]);
        var refusal = Assert.Throws<InvalidDataException>(() => TensorFile.Open(path).Dispose());
        Loaded.AssertOneSentence(refusal, path);
        return refusal;
    }

    [Theory]
    [InlineData(StoredType.Float64)]
    [InlineData(StoredType.Float32)]
    [InlineData(StoredType.Float16)]
    [InlineData(StoredType.BFloat16)]
    public void What_the_writer_wrote_the_reader_reads(StoredType type)
    {
        var random = new Random(3);
        var tensors = new[] { TinyTensor.Random(random, "a", 3, 5), TinyTensor.Random(random, "scalar"),
            TinyTensor.Random(random, "none", 0, 4) };
        SafetensorsWriter.Write(folder["x.safetensors"], [.. tensors.Select(t => t.ToWrite(type))]);

        using var file = TensorFile.Open(folder["x.safetensors"]);
        Assert.Equal(3, file.Tensors.Count);
        foreach (var tensor in tensors)
        {
            Assert.Equal(tensor.Shape, file.Tensors[tensor.Name].Shape);
            Assert.Equal(type, file.Tensors[tensor.Name].Type);
            Assert.Equal(tensor.Bytes(type), Loaded.Bytes(file.Tensors[tensor.Name]));
        }
    }

    [Fact]
    public void Elements_are_read_from_any_place_and_never_from_outside()
    {
        SafetensorsWriter.Write(folder["x.safetensors"],
            [new("a", StoredType.UInt8, [6], s => s.Write([0, 1, 2, 3, 4, 5]))]);
        using var file = TensorFile.Open(folder["x.safetensors"]);
        var part = new byte[3];
        file.Tensors["a"].CopyTo(2, part);
        Assert.Equal([2, 3, 4], part);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensors["a"].CopyTo(4, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensors["a"].CopyTo(-1, part));
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_old_file_and_nothing_else()
    {
        var path = folder.Write("x.safetensors", "old");
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path,
            [new("a", StoredType.UInt8, [6], s => s.Write([0]))]));
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(path,
            [new("a", StoredType.UInt8, [6], _ => throw new IOException("full"))]));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(
            path, [new("a", StoredType.UInt8, [0], _ => { }), new("a", StoredType.UInt8, [0], _ => { })]));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "end at byte 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "does not make the 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "integer from 0 up")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904,4],"data_offsets":[0,0]}}""", 0,
        "does not make")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "integer from 0 up")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}""", 2, "F8_E4M3")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}""", 2, "data_offsets")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}""", 2, "duplicate keys")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"shape":[2],"data_offsets":[0,2]}}""", 2, "duplicate keys")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1}}""", 2, "exactly dtype")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2]}}""", 2, "exactly dtype")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__")]
    [InlineData("""{"a\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "escape")]
    [InlineData(""" {}""", 0, "begin with {")]
    [InlineData("""{"a":}""", 0, "valid JSON")]
    [InlineData("""{"a":""", 0, "end with }")]
    [InlineData("{}\n", 0, "end with }")]
    [InlineData("", 0, "begin with {")]
    public void A_header_that_does_not_describe_its_data_is_refused(string header, int dataBytes, string because) =>
        Assert.Contains(because, Refused(header, dataBytes).Message);

    [Theory]
    [InlineData(3L)]
    [InlineData(long.MaxValue)]
    [InlineData(-1L)]
    [InlineData(100_000_001L)]
    public void A_header_length_beyond_the_file_is_refused_before_anything_is_allocated(long length)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("header's length", Refused("{}", 0, length).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void A_file_that_is_empty_or_no_tensor_file_is_refused()
    {
        Loaded.AssertOneSentence(Assert.Throws<InvalidDataException>(() =>
            TensorFile.Open(folder.Write("x.safetensors", "")).Dispose()), folder.Path);
        Loaded.AssertOneSentence(Assert.Throws<InvalidDataException>(() => TensorFile.Open(folder.Write("x.bin", ""))
            .Dispose()), folder.Path);
        Loaded.AssertOneSentence(Assert.Throws<InvalidDataException>(() =>
            TensorFile.Open(folder.Write("x.bin", "hello")).Dispose()), folder.Path);
        Assert.Throws<FileNotFoundException>(() => TensorFile.Open(folder["absent.bin"]).Dispose());
    }
}

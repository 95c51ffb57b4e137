namespace Patchbay.Models.Tests.Weights;

public class PickleRefusalTests
{
    private static readonly (string Key, byte[] Data)[] Four = [("0", PickleWriter.Floats([1, 2, 3, 4]))];

    [Theory]
    [InlineData("posix", "system")]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("__builtin__", "exec")]
    [InlineData("builtins", "getattr")]
    [InlineData("subprocess", "Popen")]
    [InlineData("torch", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch._utils", "_rebuild_tensor")]
    [InlineData("torch", "ComplexFloatStorage")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("collections", "OrderedDict.fromkeys")]
    [InlineData("System.Diagnostics", "Process")]
    public void A_global_that_is_no_tensor_is_refused_by_name(string module, string name)
    {
        var pickle = new PickleWriter().Op('}').Text("w").Global(module, name).Text("x").Op(0x85).Op('R').Op('s').Stop();
        Assert.Contains($" global {module}.{name},", PickleFile.Refusal(PickleWriter.Zip(pickle, Four)), StringComparison.Ordinal);
        Assert.Contains($" global {module}.{name},", PickleFile.Refusal(PickleWriter.Legacy(pickle, [])), StringComparison.Ordinal);
        var stacked = new PickleWriter().Text(module).Text(name).Op(0x93).Stop();
        Assert.Contains($" global {module}.{name},", PickleFile.Refusal(PickleWriter.Zip(stacked, Four)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData('i')]
    [InlineData('o')]
    [InlineData('0')]
    [InlineData('2')]
    [InlineData('P')]
    [InlineData('I')]
    [InlineData('\u0081')]
    [InlineData('\u0082')]
    [InlineData('\u0092')]
    [InlineData('\u0097')]
    [InlineData('\u00ff')]
    public void An_opcode_that_is_not_needed_is_refused_by_number(char code)
    {
        var pickle = new PickleWriter().Op('}').Op((byte)code).Stop();
        Assert.Contains($"opcode 0x{(int)code:x2} at byte", PickleFile.Refusal(PickleWriter.Zip(pickle, Four)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 0, 5, 1, "elements up to number 4 of its storage, expected fewer than 4")]
    [InlineData(4, 1, 4, 1, "elements up to number 4")]
    [InlineData(4, 0, 3, 2, "elements up to number 4")]
    [InlineData(4, 0, long.MaxValue, long.MaxValue, "expected fewer than 4")]
    [InlineData(4, 0, long.MaxValue, 0, "at least 9223372036854775807 elements, expected at most the 4 of its storage")]
    [InlineData(4, -1, 2, 1, "offset -1, expected 0 to 4")]
    [InlineData(4, long.MaxValue, 2, 1, "offset 9223372036854775807")]
    [InlineData(4, 5, 0, 1, "offset 5")]
    [InlineData(4, 0, -2, 1, "shape [-2], expected no negative size")]
    [InlineData(4, 3, 2, -1, "strides [-1], expected no negative one")]
    public void A_tensor_outside_its_storage_is_refused(long count, long offset, long size, long stride, string expected)
    {
        var pickle = PickleWriter.One(count, offset, [size], [stride]);
        foreach (var file in new[] { PickleWriter.Zip(pickle, Four), PickleWriter.Legacy(pickle, [("0", Four[0].Data, 4)]) })
        {
            var message = PickleFile.Refusal(file);
            Assert.Contains("tensor \"w\" has ", message, StringComparison.Ordinal);
            Assert.Contains(expected, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_storage_longer_than_its_bytes_is_refused()
    {
        var pickle = PickleWriter.One(5, 0, [5], [1]);
        Refused(PickleWriter.Zip(pickle, Four), "storage \"0\" has 5 elements of 4 bytes, its zip entry has 16 bytes");
        Refused(PickleWriter.Legacy(pickle, [("0", Four[0].Data, 4)]), "storage \"0\" has 4 elements, expected 5");
        var whole = PickleWriter.Legacy(PickleWriter.One(4, 0, [4], [1]), [("0", Four[0].Data, 4)]);
        Refused(whole[..^1], "the file has 15 bytes left");
        var huge = PickleWriter.One(long.MaxValue, 0, [1], [1]);
        Refused(PickleWriter.Zip(huge, Four), "9223372036854775807 elements");
        Refused(PickleWriter.Zip(PickleWriter.One(-1, 0, [1], [1]), Four), "storage \"0\" of -1 elements");
    }

    [Fact]
    public void A_storage_that_is_absent_or_differs_is_refused()
    {
        Refused(PickleWriter.Zip(PickleWriter.One(4, 0, [4], [1]), []), "storage \"0\" has no zip entry");
        Refused(PickleWriter.Legacy(PickleWriter.One(4, 0, [4], [1]), []), "no place for storage \"0\"");
        Refused(PickleWriter.Legacy(PickleWriter.One(4, 0, [4], [1]), [("1", [], 4)]), "a key that no tensor has");
        var (once, same) = (("0", Four[0].Data, 4), ("0", Four[0].Data, 4));
        Refused(PickleWriter.Legacy(PickleWriter.One(4, 0, [4], [1]), [once, same]), "storage \"0\" has two places");
        var twice = new PickleWriter().Op('}').Text("a").Tensor("0", 4, 0, [4], [1]).Op('s')
            .Text("b").Tensor("0", 2, 0, [2], [1], "DoubleStorage").Op('s').Stop();
        Refused(PickleWriter.Zip(twice, Four), "storage \"0\" twice, with different types or lengths");
    }

    [Fact]
    public void A_dict_of_anything_but_named_tensors_is_refused()
    {
        var twice = new PickleWriter().Op('}').Text("w").Tensor("0", 4, 0, [4], [1]).Op('s').Text("w").Tensor("0", 4, 0, [4], [1]).Op('s');
        Refused(PickleWriter.Zip(twice.Stop(), Four), "tensor \"w\" is there twice");
        Refused(PickleWriter.Zip(new PickleWriter().Op('}').Text("w").Integer(1).Op('s').Stop(), Four), "\"w\" is not a tensor");
        Refused(PickleWriter.Zip(new PickleWriter().Op('}').Op('N').Op('N').Op('s').Stop(), Four), "a key that is not text");
        Refused(PickleWriter.Zip(new PickleWriter().Op(']').Stop(), Four), "object is not a dict");
        Refused(PickleWriter.Zip(PickleWriter.One(4, 0, [2, 2], [1]), Four), "2 sizes and 1 strides");
        Refused(PickleWriter.Zip(PickleWriter.One(4, 0, new long[65], new long[65]), Four), "expected at most 64");
    }

    [Fact]
    public void A_structure_that_holds_itself_is_refused_at_once()
    {
        var dict = new PickleWriter().Op('}').Op((byte)'q', 0).Text("w").Op((byte)'h', 0).Op('s').Stop();
        Refused(PickleWriter.Zip(dict, Four), "\"w\" is not a tensor");
        var list = new PickleWriter().Op(']').Op((byte)'q', 0).Op((byte)'h', 0).Op('a').Stop();
        Refused(PickleWriter.Zip(list, Four), "object is not a dict");
    }

    [Fact]
    public void Calls_with_other_arguments_are_refused()
    {
        Refused(PickleWriter.Zip(new PickleWriter().Global("collections", "OrderedDict").Text("x").Op(0x85).Op('R').Stop(), Four),
            "a call of collections.OrderedDict with arguments that are not the expected ones");
        Refused(PickleWriter.Zip(new PickleWriter().Global("torch", "FloatStorage").Op(')').Op('R').Stop(), Four), "a call of torch.FloatStorage");
        Refused(PickleWriter.Zip(new PickleWriter().Text("os.system").Op(')').Op('R').Stop(), Four), "of what is not a function");
        Refused(PickleWriter.Zip(new PickleWriter().Text("0").Op('Q').Stop(), Four), "a persistent id");
        Refused(PickleWriter.Zip(new PickleWriter().Op('}').Op('}').Op('b').Stop(), Four), "attributes");
        Refused(PickleWriter.Zip(new PickleWriter().Global("torch", "Size").Op('N').Op(0x85, 0x85).Op('R').Stop(), Four), "not an integer");
    }

    [Fact]
    public void Opcodes_without_their_operands_are_refused()
    {
        foreach (var code in "taesuRbQq".Select(c => (byte)c).Concat<byte>([0x85, 0x86, 0x87, 0x93, 0x94]))
            Refused(PickleWriter.Zip(new PickleWriter().Op(code, 0).Stop(), Four), "lacks ");
        Refused(PickleWriter.Zip(new PickleWriter().Op('N').Op('(').Op('N').Op(0x86).Stop(), Four), "lacks operands");
        Refused(PickleWriter.Zip(new PickleWriter().Op((byte)'h', 7).Stop(), Four), "memo 7 read before it was written");
        Refused(PickleWriter.Zip(new PickleWriter().Op('N').Op('N').Stop(), Four), "1 objects left at STOP");
        Refused(PickleWriter.Zip(new PickleWriter().Op([.. Enumerable.Repeat((byte)'(', 20_000)]).Stop(), Four), "more than 10000 open marks");
    }

    [Fact]
    public void Lengths_beyond_the_pickle_are_refused_before_anything_is_allocated()
    {
        foreach (var code in "XTB")
            Refused(PickleWriter.Zip(new PickleWriter().Op((byte)code, 0xff, 0xff, 0xff, 0x7f).Stop(), Four), "2147483647 bytes expected");
        Refused(PickleWriter.Zip(new PickleWriter().Op((byte)'T', 0xff, 0xff, 0xff, 0xff).Stop(), Four), "-1 bytes expected");
        Refused(PickleWriter.Zip(new PickleWriter().Op(0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80).Stop(), Four), "bytes expected");
        Refused(PickleWriter.Zip(new PickleWriter().Op(0x8a, 17).Stop(), Four), "an integer of 17 bytes");
        Refused(PickleWriter.Zip(new PickleWriter().Op(0x95, 9, 0, 0, 0, 0, 0, 0, 0x10).Stop(), Four), "a frame of");
        Refused(PickleWriter.Zip(new PickleWriter().Text(new string('x', 70_000)).Stop(), Four), "expected at most 65536");
        Refused(PickleWriter.Zip([0x80, 1, (byte)'.'], Four), "pickle protocol 1, expected 2 to 5");
    }

    [Fact]
    public void Files_that_are_no_checkpoint_are_refused()
    {
        Refused([], "the file is empty");
        Refused([1, 2], "the file has 2 bytes");
        Refused("version https://git-lfs"u8.ToArray(), "begins with bytes 76657273");
        Refused("PK\u0003\u0004PKPKPK"u8.ToArray(), "the zip directory is missing");
        var sample = PickleWriter.Zip(PickleWriter.Sample(), PickleWriter.SampleStorages());
        Refused(sample[..^1], "the zip directory is missing");
        Refused(PickleWriter.Zip(PickleWriter.Sample(), [], order: "big"), "byteorder");
        Refused(PickleWriter.Legacy(PickleWriter.Sample(), [], little: false), "no little_endian that is true");
        Refused(PickleWriter.Entries([("m/version", [51])]), "no data.pkl");
        Refused(PickleWriter.Entries([("a/data.pkl", [51]), ("b/data.pkl", [51])]), "more than one data.pkl");
        Refused(PickleWriter.Entries([("a/data.pkl", [51]), ("a/data.pkl", [51])]), "\"a/data.pkl\" is there twice");
        Refused(PickleWriter.Entries([("a/data.pkl", [51])], method: 8), "is compressed or encrypted");
    }

    [Fact]
    public void A_name_of_control_characters_is_shown_safely()
    {
        var pickle = new PickleWriter().Op('}').Text("a\nb\u001b[2J").Integer(1).Op('s').Stop();
        Refused(PickleWriter.Zip(pickle, Four), "\"a?b?[2J\" is not a tensor");
    }

    private static void Refused(byte[] file, string expected) =>
        Assert.Contains(expected, PickleFile.Refusal(file), StringComparison.Ordinal);
}

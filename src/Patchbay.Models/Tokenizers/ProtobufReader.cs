using System.Buffers.Binary;

namespace Patchbay.Models.Tokenizers;

/// <summary>Reads the fields of one protobuf message, one after another, never past its end.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string file, string name)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private readonly string _name = name;
    private int _at;
    private int _wire;

    /// <summary>Number of the field that stands next.</summary>
    public int Field { get; private set; }

    /// <summary>Steps to the next field; false at the end of the message.</summary>
    public bool Next()
    {
        if (_at == _message.Length) return false;
        var tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        _wire = (int)(tag & 7);
        if (Field == 0) throw Invalid("a field number above 0", "0");
        return true;
    }

    public ulong Number()
    {
        Expect(0);
        return Varint();
    }

    public bool Flag() => Number() != 0;

    public float Single()
    {
        Expect(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Expect(2);
        var length = Varint();
        if (length > (ulong)(_message.Length - _at))
            throw Invalid($"at most {_message.Length - _at} bytes", $"a length of {length}");
        return Take((int)length);
    }

    public string Text() => TokenizerFile.Utf8(file, $"{_name} field {Field}", Bytes());

    public void Skip()
    {
        switch (_wire)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Bytes(); break;
            case 5: Take(4); break;
            default: throw Invalid("wire type 0, 1, 2 or 5", $"{_wire}");
        }
    }

    private readonly void Expect(int wire)
    {
        if (_wire != wire) throw Invalid($"wire type {wire}", $"{_wire}");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _message.Length - _at)
            throw Invalid($"{count} bytes", $"the end of the message after {_message.Length - _at}");
        _at += count;
        return _message.Slice(_at - count, count);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw Invalid("a varint of at most 10 bytes", "a longer one");
    }

    private readonly InvalidDataException Invalid(string expected, string found) =>
        TokenizerFile.Invalid(file, $"{_name} field {Field} before byte {_at}", expected, found);
}

using System.Buffers.Binary;

namespace Patchbay.Models.Tokenizers;

/// <summary>Reads the fields of one protobuf message, one after another, never past its end: <see cref="Next"/>, then
/// what the field is known to hold, or <see cref="Skip"/>.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string file, string name)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;
    private int _wire; // 0 a varint, 1 eight bytes, 2 a length and bytes, 5 four bytes

    /// <summary>Number of the field that stands next.</summary>
    public int Field { get; private set; }

    /// <summary>Steps to the next field; false at the end of the message.</summary>
    public bool Next()
    {
        if (_at == _message.Length) return false;
        var tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        _wire = (int)(tag & 7);
        return Field > 0 ? true : throw Invalid("a field number above 0", "0");
    }

    public ulong Number() => _wire == 0 ? Varint() : throw Invalid("wire type 0", $"{_wire}");

    public bool Flag() => Number() != 0;

    public float Single() =>
        _wire == 5 ? BinaryPrimitives.ReadSingleLittleEndian(Take(4)) : throw Invalid("wire type 5", $"{_wire}");

    public ReadOnlySpan<byte> Bytes()
    {
        if (_wire != 2) throw Invalid("wire type 2", $"{_wire}");
        var length = Varint();
        return length <= (ulong)(_message.Length - _at)
            ? Take((int)length)
            : throw Invalid($"at most {_message.Length - _at} bytes", $"a length of {length}");
    }

    public string Text() => TokenizerFile.Utf8(file, $"{name} field {Field}", Bytes());

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
        TokenizerFile.Invalid(file, $"{name} field {Field} before byte {_at}", expected, found);
}

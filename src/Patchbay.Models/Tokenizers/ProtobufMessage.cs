using System.Buffers.Binary;

namespace Patchbay.Models.Tokenizers;

/// <summary>The fields of one protobuf message, read once and never past its end. Of a field that stands there twice
/// the last counts, and messages are joined, as the format has it.</summary>
internal sealed class ProtobufMessage
{
    private enum Wire { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 }

    private readonly string _file, _name;
    private readonly List<(int Number, Wire Wire, ulong Value, ReadOnlyMemory<byte> Bytes)> _fields = [];

    /// <summary>Reads <paramref name="bytes"/>; <paramref name="name"/> is what errors call the message.</summary>
    public ProtobufMessage(ReadOnlyMemory<byte> bytes, string file, string name)
    {
        (_file, _name) = (file, name);
        for (var left = bytes; !left.IsEmpty;)
        {
            var tag = Varint(ref left, 0);
            var (number, wire) = ((int)Math.Min(tag >> 3, int.MaxValue), (Wire)(tag & 7));
            if (number == 0) throw Invalid(0, "a field number above 0", "0");
            var value = wire is Wire.Varint or Wire.Bytes ? Varint(ref left, number) : 0;
            var length = wire switch
            {
                Wire.Varint => 0,
                Wire.Fixed64 => 8,
                Wire.Fixed32 => 4,
                Wire.Bytes when value <= (ulong)left.Length => (int)value,
                Wire.Bytes => throw Invalid(number, $"at most {left.Length} bytes", $"a length of {value}"),
                _ => throw Invalid(number, "wire type 0, 1, 2 or 5", $"{(int)wire}"),
            };
            _fields.Add((number, wire, value, Take(ref left, length, number)));
        }
    }

    public ulong Number(int field, ulong otherwise = 0) =>
        Find(field, Wire.Varint) is { } found ? found.Value : otherwise;

    public bool Flag(int field, bool otherwise = false) => Number(field, otherwise ? 1UL : 0) != 0;

    public float Single(int field) => Find(field, Wire.Fixed32) is { } found
        ? BinaryPrimitives.ReadSingleLittleEndian(found.Bytes.Span)
        : 0;

    public string Text(int field, string otherwise = "") => Find(field, Wire.Bytes) is { } found
        ? TokenizerFile.Utf8(_file, $"{_name} field {field}", found.Bytes.Span)
        : otherwise;

    /// <summary>Whether there are bytes in that field.</summary>
    public bool HasBytes(int field) => Find(field, Wire.Bytes) is { Bytes.IsEmpty: false };

    /// <summary>The messages that a repeated field holds.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Repeated(int field) =>
        _fields.Where(f => f.Number == field).Select(f => Checked(f, Wire.Bytes).Bytes);

    /// <summary>The message that a field holds; an empty one where it is absent.</summary>
    public ProtobufMessage Message(int field, string name) =>
        new(Repeated(field).SelectMany(part => part.ToArray()).ToArray(), _file, name);

    private (ulong Value, ReadOnlyMemory<byte> Bytes)? Find(int field, Wire wire)
    {
        (ulong, ReadOnlyMemory<byte>)? last = null;
        foreach (var found in _fields)
            if (found.Number == field) last = Checked(found, wire);
        return last;
    }

    private (ulong Value, ReadOnlyMemory<byte> Bytes) Checked(
        (int Number, Wire Wire, ulong Value, ReadOnlyMemory<byte> Bytes) field, Wire wire) => field.Wire == wire
            ? (field.Value, field.Bytes)
            : throw Invalid(field.Number, $"wire type {(int)wire}", $"{(int)field.Wire}");

    private ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> left, int count, int field)
    {
        if (count > left.Length) throw Invalid(field, $"{count} bytes", $"the end of the message after {left.Length}");
        var taken = left[..count];
        left = left[count..];
        return taken;
    }

    private ulong Varint(ref ReadOnlyMemory<byte> left, int field)
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = Take(ref left, 1, field).Span[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }
        throw Invalid(field, "a varint of at most 10 bytes", "a longer one");
    }

    private InvalidDataException Invalid(int field, string expected, string found) =>
        TokenizerFile.Invalid(_file, $"{_name} field {field}", expected, found);
}

using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using PickleDict = System.Collections.Generic.Dictionary<object, object?>;

namespace Patchbay.Models.Weights;

/// <summary>Reads one pickle that holds tensors in dicts and nothing else. It interprets the opcodes that torch.save
/// writes and builds plain data; it looks no name up, calls nothing and creates no object of the pickle's choosing.
/// Every other opcode and every name but those of <see cref="PickleGlobal"/> is refused.</summary>
internal sealed class Unpickler(PickleInput input)
{
    private const int MostValues = 1 << 20, MostMarks = 1000, LongestPickle = 16 << 20;

    private readonly List<object?> stack = [];
    private readonly Stack<int> marks = [];
    private readonly List<object?> memo = [];
    private readonly long start = input.Position;
    private int values;

    // First element of the part of the stack that may be popped.
    private int Floor => marks.TryPeek(out var mark) ? mark : 0;

    private object? Top => stack.Count > Floor ? stack[^1] : null;

    /// <summary>The protocol that the pickle says it is of; 0 where it does not.</summary>
    public int Protocol { get; private set; }

    /// <summary>Reads up to and with STOP; what follows in the input is not touched.</summary>
    public object? Read()
    {
        while (true)
        {
            var at = input.Position;
            if (at - start > LongestPickle) throw Bad($"is longer than the {LongestPickle} bytes that are allowed");
            var opcode = (char)input.Next();
            if (opcode == '.') break;
            Execute(opcode, at);
        }
        var result = Pop();
        if (stack.Count > 0 || marks.Count > 0) throw Bad("ends with values left over");
        return result;
    }

    private void Execute(char opcode, long at)
    {
        switch (opcode)
        {
            case 'N': Push(null); break;
            case '\x88': Push(true); break;
            case '\x89': Push(false); break;
            case 'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(input.Take(4))); break;
            case 'K': Push((long)input.Next()); break;
            case 'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(input.Take(2))); break;
            case '\x8a': PushLongInteger(input.Next()); break;
            case 'G': Push(BinaryPrimitives.ReadDoubleBigEndian(input.Take(8))); break;
            case 'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(input.Take(4)))); break;
            case '\x8c': Push(Text(input.Next())); break;
            case 'q': Remember(input.Next()); break;
            case 'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(input.Take(4))); break;
            case '\x94': Remember((uint)memo.Count); break;
            case 'h': Recall(input.Next()); break;
            case 'j': Recall(BinaryPrimitives.ReadUInt32LittleEndian(input.Take(4))); break;
            case '(': Mark(); break;
            case ')': Push(Array.Empty<object?>()); break;
            case ']': Push(new List<object?>()); break;
            case '}': Push(new PickleDict()); break;
            case 't': Push(PopMarked()); break;
            case '\x85': Push(PopMany(1)); break;
            case '\x86': Push(PopMany(2)); break;
            case '\x87': Push(PopMany(3)); break;
            case 'a': Append(PopMany(1)); break;
            case 'e': Append(PopMarked()); break;
            case 's': SetItems(PopMany(2)); break;
            case 'u': SetItems(PopMarked()); break;
            case '\x80': SetProtocol(input.Next()); break;
            case '\x95': _ = input.Take(8); break; // FRAME: a hint for buffering.
            case 'c': Global([input.Line(), input.Line()]); break;
            case '\x93': Global(PopMany(2)); break;
            case 'Q': Push(PickleTensors.Storage(Pop(), Bad)); break;
            case 'R': Reduce(); break;
            case 'b': Build(); break;
            default:
                throw input.File.Refuse($"the pickle has opcode 0x{(int)opcode:X2} at byte {at}, which a file of " +
                    "tensors has no use for");
        }
    }

    private void SetProtocol(byte version)
    {
        if (version is < 2 or > 5 || Protocol != 0) throw Bad($"is of protocol {version}, expected one from 2 to 5");
        Protocol = version;
    }

    private void Global(object?[] names)
    {
        if (names is not [string module, string name]) throw Bad("has a name that is no string");
        Push(PickleGlobal.All.GetValueOrDefault($"{module}.{name}") ?? throw input.File.Refuse(
            $"the pickle refers to {Refusal.Quote($"{module}.{name}")}, but only tensors are read and nothing of a " +
            "pickle is executed"));
    }

    private void Reduce()
    {
        if (PopMany(2) is not [PickleGlobal callee, object?[] arguments])
            throw Bad("calls what is not a function on a tuple");
        Push(callee.Name switch
        {
            PickleGlobal.OrderedDict when arguments.Length == 0 => new PickleDict(),
            PickleGlobal.RebuildTensor => PickleTensors.Tensor(arguments, Bad),
            PickleGlobal.RebuildParameter => PickleTensors.Parameter(arguments, Bad),
            PickleGlobal.Size when arguments is [object?[] sizes] =>
                PickleTensors.Integers(sizes, Bad).Cast<object?>().ToArray(),
            _ => throw Bad($"calls {callee.Name} with arguments that torch.save does not write"),
        });
    }

    // A state_dict carries its modules' versions as an attribute, which no tensor needs.
    private void Build()
    {
        if (PopMany(1) is not [PickleDict] || Top is not PickleDict)
            throw Bad("sets attributes of what is not a dict");
    }

    private void Append(object?[] items)
    {
        if (Top is not List<object?> list) throw Bad("appends to what is not a list");
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Top is not PickleDict dict) throw Bad("sets items of what is not a dict");
        if (items.Length % 2 != 0) throw Bad("sets a key without a value");
        for (var i = 0; i < items.Length; i += 2)
        {
            if (items[i] is not (string or long)) throw Bad("has a key that is neither a string nor an integer");
            if (!dict.TryAdd(items[i]!, items[i + 1])) throw Bad($"has key {Refusal.Quote($"{items[i]}")} twice");
        }
    }

    private void PushLongInteger(byte length)
    {
        if (length > 16) throw Bad($"has an integer of {length} bytes, expected at most 16");
        var value = new BigInteger(input.Take(length));
        Push(value < long.MinValue || value > long.MaxValue ? value : (object)(long)value);
    }

    private string Text(uint length)
    {
        try
        {
            return StrictUtf8.GetString(input.Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw Bad("has a string that is not valid UTF-8");
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private void Push(object? value)
    {
        if (++values > MostValues) throw Bad($"has more than the {MostValues} values that are allowed");
        stack.Add(value);
    }

    private object? Pop() => PopMany(1)[0];

    private object?[] PopMany(int count)
    {
        if (stack.Count - Floor < count) throw Bad("takes values that are not there");
        var taken = stack.GetRange(stack.Count - count, count).ToArray();
        stack.RemoveRange(stack.Count - count, count);
        return taken;
    }

    private void Mark()
    {
        if (marks.Count == MostMarks) throw Bad($"is nested deeper than {MostMarks} levels");
        marks.Push(stack.Count);
    }

    private object?[] PopMarked()
    {
        if (marks.Count == 0) throw Bad("closes what was not opened");
        var items = PopMany(stack.Count - marks.Peek());
        marks.Pop();
        return items;
    }

    private void Remember(uint slot)
    {
        if (stack.Count == Floor) throw Bad("remembers a value that is not there");
        if (memo.Count >= MostValues) throw Bad($"remembers more than {MostValues} values");
        if (slot != memo.Count)
            throw Bad($"remembers a value as {slot}, expected {memo.Count}, because picklers count");
        memo.Add(stack[^1]);
    }

    private void Recall(uint slot)
    {
        if (slot >= memo.Count) throw Bad($"recalls value {slot}, which it did not remember");
        Push(memo[(int)slot]);
    }

    private InvalidDataException Bad(string what) =>
        input.File.Refuse($"the pickle {what} (before byte {input.Position})");
}

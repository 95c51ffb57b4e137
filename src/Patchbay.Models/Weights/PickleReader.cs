namespace Patchbay.Models.Weights;

/// <summary>Reads one pickle: only what a dict of tensors needs, everything else is refused by name. Nothing is looked
/// up, called or built but the few values of this namespace, so a pickle cannot run code.</summary>
internal sealed class PickleReader(PickleInput input, Dictionary<string, PickleStorage> storages)
{
    private const int MaximumSteps = 4_000_000;
    private const int MaximumMarks = 10_000;

    private readonly PickleCalls calls = new(input, storages);
    private readonly List<object> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<uint, object> memo = [];

    /// <summary>Reads up to STOP and returns the object left.</summary>
    public object Read()
    {
        for (var step = 0; step < MaximumSteps; step++)
        {
            var code = input.Byte();
            if (code == '.') return Last();
            if (!Simple(code) && !Structure(code)) throw Refuse(code);
        }
        throw input.Fail($"more than {MaximumSteps} opcodes");
    }

    private object Last()
    {
        var value = Pop();
        if (stack.Count != 0 || marks.Count != 0) throw input.Fail($"{stack.Count + marks.Count} objects left at STOP, expected none");
        return value;
    }

    /// <summary>Opcodes that push one value or keep house.</summary>
    private bool Simple(byte code)
    {
        switch (code)
        {
            case 0x80: Version(); break;
            case 0x95: Frame(); break;
            case (byte)'}': Push(new PickleDict(ordered: false)); break;
            case (byte)']': Push(new PickleList()); break;
            case (byte)')': Push(new PickleTuple([])); break;
            case (byte)'N': Push(PickleNone.Value); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)input.Int32()); break;
            case (byte)'K': Push((long)input.Byte()); break;
            case (byte)'M': Push((long)input.UInt16()); break;
            case 0x8a: Push(input.Integer(input.Byte())); break;
            case 0x8b: Push(input.Integer(input.Int32())); break;
            case (byte)'G': Push(input.Double()); break;
            case (byte)'X': Push(input.Text(input.UInt32())); break;
            case 0x8c: Push(input.Text(input.Byte())); break;
            case 0x8d: Push(input.Text(input.Int64())); break;
            case (byte)'T': Push(input.Text(input.Int32())); break;
            case (byte)'U': Push(input.Text(input.Byte())); break;
            case (byte)'B': Push(input.Bytes(input.UInt32())); break;
            case (byte)'C': Push(input.Bytes(input.Byte())); break;
            case 0x8e: Push(input.Bytes(input.Int64())); break;
            default: return false;
        }
        return true;
    }

    /// <summary>Opcodes that work on what is on the stack.</summary>
    private bool Structure(byte code)
    {
        switch (code)
        {
            case (byte)'(': Mark(); break;
            case (byte)'q': Memoize(input.Byte()); break;
            case (byte)'r': Memoize(input.UInt32()); break;
            case 0x94: Memoize((uint)memo.Count); break;
            case (byte)'h': Recall(input.Byte()); break;
            case (byte)'j': Recall(input.UInt32()); break;
            case (byte)'t': Push(new PickleTuple(PopMark())); break;
            case 0x85: Push(new PickleTuple(PopMany(1))); break;
            case 0x86: Push(new PickleTuple(PopMany(2))); break;
            case 0x87: Push(new PickleTuple(PopMany(3))); break;
            case (byte)'a': Append(PopMany(1)); break;
            case (byte)'e': Append(PopMark()); break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(PopMark()); break;
            case (byte)'c': Push(calls.Global(input.Line(), input.Line())); break;
            case 0x93: StackGlobal(PopMany(2)); break;
            case (byte)'R': Reduce(PopMany(2)); break;
            case (byte)'b': Build(Pop()); break;
            case (byte)'Q': Push(calls.Storage(Pop())); break;
            default: return false;
        }
        return true;
    }

    private InvalidDataException Refuse(byte code) =>
        input.Fail($"opcode 0x{code:x2} at byte {input.Position - 1}, which a dict of tensors does not need and which is refused");

    private void Version()
    {
        var version = input.Byte();
        if (version is < 2 or > 5) throw input.Fail($"pickle protocol {version}, expected 2 to 5");
    }

    private void Frame()
    {
        var length = input.Int64();
        if (length < 0 || length > input.Left) throw input.Fail($"a frame of {length} bytes, with {input.Left} left");
    }

    private void Push(object value) => stack.Add(value);

    private object Pop() => PopMany(1)[0];

    /// <summary>Fewest objects that must stay: those below the last mark.</summary>
    private int Floor => marks.Count == 0 ? 0 : marks[^1];

    private object[] PopMany(int count)
    {
        if (stack.Count - Floor < count) throw input.Fail($"an opcode before byte {input.Position} that lacks operands");
        var values = stack.GetRange(stack.Count - count, count).ToArray();
        stack.RemoveRange(stack.Count - count, count);
        return values;
    }

    private object Top()
    {
        if (stack.Count == Floor) throw input.Fail($"an opcode before byte {input.Position} that lacks operands");
        return stack[^1];
    }

    private void Mark()
    {
        if (marks.Count == MaximumMarks) throw input.Fail($"more than {MaximumMarks} open marks");
        marks.Add(stack.Count);
    }

    private object[] PopMark()
    {
        if (marks.Count == 0) throw input.Fail($"an opcode before byte {input.Position} that lacks its mark");
        var values = PopMany(stack.Count - marks[^1]);
        marks.RemoveAt(marks.Count - 1);
        return values;
    }

    private void Memoize(uint index) => memo[index] = Top();

    private void Recall(uint index) =>
        Push(memo.TryGetValue(index, out var value) ? value : throw input.Fail($"memo {index} read before it was written"));

    private void Append(object[] items)
    {
        if (Top() is not PickleList list) throw input.Fail($"an append before byte {input.Position} to what is not a list");
        list.Add(items);
    }

    private void SetItems(object[] items)
    {
        if (Top() is not PickleDict dict || items.Length % 2 != 0)
            throw input.Fail($"items before byte {input.Position} that do not fit a dict");
        for (var i = 0; i < items.Length; i += 2) dict.Add(items[i], items[i + 1]);
    }

    private void StackGlobal(object[] names)
    {
        if (names is not [string module, string name]) throw input.Fail("a global whose name is not text");
        Push(calls.Global(module, name));
    }

    private void Reduce(object[] operands)
    {
        if (operands is not [PickleGlobal function, PickleTuple arguments])
            throw input.Fail($"a call before byte {input.Position} of what is not a function");
        Push(calls.Call(function, arguments.Items));
    }

    /// <summary>An OrderedDict's attributes (<c>_metadata</c>) are dropped; nothing else may have any.</summary>
    private void Build(object state)
    {
        if (state is not PickleDict || Top() is not PickleDict { Ordered: true })
            throw input.Fail($"attributes before byte {input.Position} for what is not an OrderedDict");
    }
}

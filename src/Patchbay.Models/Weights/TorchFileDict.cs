namespace Patchbay.Models.Weights;

/// <summary>Turns the pickled dict into tensors, each checked to lie inside its storage.</summary>
internal static class TorchFileDict
{
    /// <summary>Reads the dict; <paramref name="places"/> says where each storage begins in the file.</summary>
    public static Dictionary<string, StoredTensor> Read(TorchFileMap map, object top, Dictionary<string, long> places)
    {
        if (top is not PickleDict dict) throw map.Fail("the pickle's object is not a dict, expected one of names and tensors");
        var tensors = new Dictionary<string, StoredTensor>(dict.Count);
        foreach (var (key, value) in dict.Pairs)
        {
            if (key is not string name) throw map.Fail("the dict of tensors has a key that is not text");
            if (value is not PickleTensor tensor) throw map.Fail($"{TorchFileMap.Quote(name)} is not a tensor, expected one");
            if (!tensors.TryAdd(name, Tensor(map, name, tensor, places[tensor.Storage.Key])))
                throw map.Fail($"tensor {TorchFileMap.Quote(name)} is there twice");
        }
        return tensors;
    }

    private static TorchFileTensor Tensor(TorchFileMap map, string name, PickleTensor tensor, long place)
    {
        if (Problem(tensor) is { } problem) throw map.Fail($"tensor {TorchFileMap.Quote(name)} has {problem}");
        return new TorchFileTensor
        {
            Name = name,
            File = map.File,
            Type = tensor.Storage.Type,
            Shape = tensor.Shape,
            Strides = tensor.Strides,
            Map = map,
            Start = place + (tensor.Offset * tensor.Storage.ElementSize),
        };
    }

    /// <summary>What is wrong with a tensor, or null.</summary>
    private static string? Problem(PickleTensor tensor)
    {
        var (storage, offset, shape, strides) = tensor;
        if (shape.Length != strides.Length) return $"{shape.Length} sizes and {strides.Length} strides, expected as many";
        if (shape.Any(s => s < 0)) return $"shape [{string.Join(", ", shape)}], expected no negative size";
        if (strides.Any(s => s < 0)) return $"strides [{string.Join(", ", strides)}], expected no negative one";
        if (offset < 0 || offset > storage.Count) return $"offset {offset}, expected 0 to {storage.Count}, its storage's length";
        if (shape.Contains(0)) return null;
        var (count, last) = (Int128.One, (Int128)offset);
        for (var d = 0; d < shape.Length; d++)
        {
            count *= shape[d];
            last += (Int128)(shape[d] - 1) * strides[d];
            if (count > storage.Count || last >= storage.Count) break;
        }
        if (last >= storage.Count) return $"elements up to number {last} of its storage, expected fewer than {storage.Count}";
        return count > storage.Count ? $"at least {count} elements, expected at most the {storage.Count} of its storage" : null;
    }
}

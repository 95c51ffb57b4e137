namespace Patchbay.Patching;

/// <summary>Outputs that are not numbers are no result: whoever finds some says where they began.</summary>
internal static class Finite
{
    /// <summary>Whether all of a tensor's elements are finite numbers.</summary>
    public static bool All(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.isfinite().all().cpu().item<bool>();
    }

    /// <summary>What to throw where a model's outputs for some prompts are not numbers: the sentence names the tensor
    /// that holds none, or the first layer that overflows.</summary>
    public static InvalidDataException Refusal(Llama model, PaddedPrompts prompts)
    {
        if (model.Weights.NotFinite() is { } name)
            return new($"the model's outputs are not numbers: its tensor {name} holds NaN or infinity");
        int? first = null;
        Prefill.Run(model, prompts, model.Config.Layers, 0, wantFinal: false, visit =>
        {
            if ((first is null || visit.Layer < first) && !(All(visit.ResidPre) && All(visit.ResidMid)))
                first = visit.Layer;
        });
        var where = first is { } layer ? $"layer {layer}" : $"the MLP of layer {model.Config.Layers - 1}";
        var dtype = model.Dtype.ToString().ToLowerInvariant();
        return new($"the model's outputs are not numbers: from {where} on they overflow {dtype}");
    }
}

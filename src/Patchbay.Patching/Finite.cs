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

    /// <summary>The first layer in which a model's activations for some prompts overflow, in words.</summary>
    public static string Overflow(Decoder model, PaddedPrompts prompts)
    {
        int? first = null;
        Prefill.Run(model, prompts, model.Config.Layers, 0, wantFinal: false, visit =>
        {
            if ((first is null || visit.Layer < first) && !(All(visit.ResidPre) && All(visit.ResidMid)))
                first = visit.Layer;
        });
        var where = first is { } layer ? $"layer {layer}" : $"the MLP of layer {model.Config.Layers - 1}";
        return $"from {where} on they overflow {model.Dtype.ToString().ToLowerInvariant()}";
    }
}

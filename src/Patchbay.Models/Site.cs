namespace Patchbay.Models;

/// <summary>A place in an attention layer where activations are read or replaced, by the field's names.</summary>
public enum Site
{
    /// <summary>Query projection, before the rotary embedding.</summary>
    Q,

    /// <summary>Key projection, before the rotary embedding, as one query head sees it.</summary>
    K,

    /// <summary>Value projection, as one query head sees it.</summary>
    V,

    /// <summary>A head's weighted sum of values, before the output projection.</summary>
    Z,
}

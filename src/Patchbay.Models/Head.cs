using System.Globalization;

namespace Patchbay.Models;

/// <summary>An attention head: layer and index within it, both from 0.</summary>
public readonly record struct Head(int Layer, int Index)
{
    /// <summary>The head that a text such as "5.3" names, or null where it names none.</summary>
    public static Head? Read(string text) => text.Split('.') is [var layer, var index]
        && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var l)
        && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var i) ? new(l, i) : null;

    /// <inheritdoc/>
    public override string ToString() => $"{Layer}.{Index}";
}

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

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

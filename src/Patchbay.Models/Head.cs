namespace Patchbay.Models;

/// <summary>An attention head: layer and index within it, both from 0.</summary>
public readonly record struct Head(int Layer, int Index)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Layer}.{Index}";
}

namespace Patchbay.Web;

/// <summary>A link.</summary>
/// <param name="Path">Where it leads, within these pages.</param>
/// <param name="Name">What it is called.</param>
public sealed record PageLink(string Path, string Name);

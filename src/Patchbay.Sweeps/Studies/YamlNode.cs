namespace Patchbay.Sweeps.Studies;

/// <summary>A piece of a YAML file that knows where it stands.</summary>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
internal abstract record YamlNode(int Line, int Column)
{
    /// <summary>What it is, for "expected ..., found ...".</summary>
    public abstract string Found { get; }
}

internal sealed record YamlText(int Line, int Column, string Value, bool Quoted) : YamlNode(Line, Column)
{
    public bool IsNothing => !Quoted && Value is "" or "~" or "null";

    public override string Found => IsNothing ? "nothing" : $"{Refusal.Quote(Value)}";
}

internal sealed record YamlList(int Line, int Column, IReadOnlyList<YamlNode> Items) : YamlNode(Line, Column)
{
    public override string Found => "a list";
}

/// <summary>A mapping: its pairs as they stand, keys that are there twice too.</summary>
internal sealed record YamlMap(int Line, int Column, IReadOnlyList<KeyValuePair<YamlNode, YamlNode>> Pairs)
    : YamlNode(Line, Column)
{
    public override string Found => "a mapping";
}

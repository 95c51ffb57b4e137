using System.CommandLine;

namespace Patchbay.Cli;

/// <summary>A command that carries examples for its help page.</summary>
internal interface IHasExamples
{
    /// <summary>Whole command lines, beginning with "pbm".</summary>
    IReadOnlyList<string> Examples { get; }
}

/// <summary>A command that does something. A new one derives from this in Commands/ and is added in
/// <see cref="CommandLine.CreateRoot"/>.</summary>
internal abstract class PbmCommand(string name, string description, params string[] examples)
    : Command(name, description), IHasExamples
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>Does it. Bad input is thrown as <see cref="InvalidDataException"/>, a thing that is not there as
    /// <see cref="FileNotFoundException"/>; an <see cref="ArgumentException"/> is a fault of this program.</summary>
    public abstract ExitCode Run(Call call);
}

/// <summary>A noun whose verbs do something: "model" of "model inspect".</summary>
internal sealed class NounCommand : Command, IHasExamples
{
    public NounCommand(string name, string description, params PbmCommand[] verbs) : base(name, description)
    {
        foreach (var verb in verbs) Add(verb);
        Examples = [.. verbs.Select(verb => verb.Examples[0])];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples { get; }
}

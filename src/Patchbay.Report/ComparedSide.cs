namespace Patchbay.Report;

/// <summary>What one side of a comparison is: a sweep, or one model of it, named "SWEEP:MODEL".</summary>
internal sealed record ComparedSide(RunFacts Run, SweepFindings Findings, bool IsOneModel = false)
{
    private const char Separator = ':';

    /// <summary>The sweep and, where one is named, the model.</summary>
    public static (string Sweep, string? Model) Split(string text) => text.IndexOf(Separator) is var at and >= 0
        ? (text[..at], text[(at + 1)..]) : (text, null);

    /// <summary>How a model of a sweep is named.</summary>
    public static string NameOf(string sweep, string model) => $"{sweep}{Separator}{model}";

    /// <summary>A sweep's facts and findings, of all its models or of one.</summary>
    /// <exception cref="InvalidDataException">It has no such model.</exception>
    public static ComparedSide Of(RunFacts run, SweepFindings findings, string? model)
    {
        if (model is null) return new(run, findings);
        if (findings.Models.All(m => m.Name != model)) throw new InvalidDataException(
            $"{run.Sweep} has no model '{model}', only {string.Join(", ", findings.Models.Select(m => m.Name))}");
        return new(run with { Sweep = NameOf(run.Sweep, model) }, findings with
        {
            Models = [.. findings.Models.Where(m => m.Name == model)],
            Circuits = [.. findings.Circuits.Where(c => c.Model == model)],
            Cmap = [.. findings.Cmap.Where(c => c.Into == model)],
        }, IsOneModel: true);
    }
}

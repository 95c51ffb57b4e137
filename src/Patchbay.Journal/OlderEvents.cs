using System.Text.Json;
using Patchbay.Sweeps;
using Patchbay.Tasks;

namespace Patchbay.Journal;

/// <summary>A stage's beginning as version 0.1 wrote it: its inputs were a text.</summary>
internal sealed record StageBegun1(string Stage, string Inputs, IReadOnlyList<string> Units)
{
    /// <summary>The event of today; the text stays what it is, and findings read it.</summary>
    public StageBegun Today() => new(Stage, new(JsonSerializer.Serialize(Inputs)), Units);
}

/// <summary>A result as version 0.1 wrote it: its head was named in the item's text only, and its detail was a text
/// whose meaning followed from the experiment.</summary>
internal sealed record InterventionRecorded1(string Unit, string Item, double Score, double Error, int Samples,
    ulong Seed,
    string Fingerprint, string Code, double Seconds, string? Detail = null)
{
    /// <summary>The event of today.</summary>
    public InterventionRecorded Today() => new(Unit, Item, Score, Error, Samples, Seed, Fingerprint, Code, Seconds)
    {
        Head = Item.Split([' ', '+']).Select(Head.Read).OfType<Head>().ToArray() is [var one] ? one : null,
        Detail = Detail is null ? null : Read(Detail),
    };

    private ResultDetail Read(string detail) => (UnitId.StageOf(Unit).Split('/')[1], Item) switch
    {
        ("cmap" or "targeted-tuning", "capture") => new() { Artifact = detail },
        ("dcm", _) when detail == "kept" => new() { Kept = true },
        ("circuit", not ("circuit" or "model")) => new() { Size = int.Parse(detail) },
        _ => new() { Answers = detail },
    };
}

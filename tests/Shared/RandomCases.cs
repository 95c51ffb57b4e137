using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CsCheck;

namespace Patchbay.Tests;

/// <summary>
/// Random cases, the same in every run. Of one that fails CsCheck looks for a smaller one that fails too; the message
/// has the case and its seed. <c>PATCHBAY_CASES=10</c> runs ten times as many, <c>CsCheck_Seed=...</c> the case of that
/// seed.
/// </summary>
internal static class RandomCases
{
    /// <summary>How long to look for a smaller case.</summary>
    private const int ShrinkSeconds = 60;

    private static readonly JsonSerializerOptions Readable = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Checks the first cases of a generator.</summary>
    /// <param name="cases">Makes a case, of numbers and records that JSON can show.</param>
    /// <param name="count">How many are checked.</param>
    /// <param name="holds">Throws if a case fails.</param>
    /// <param name="threads">How many are checked at the same time.</param>
    public static void Check<T>(Gen<T> cases, int count, Action<T> holds, int threads = 1)
    {
        if (CsCheck.Check.Seed is { } seed)
        {
            Shrink(seed);
            return;
        }
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads };
        var done = Parallel.For(0, count * Times(), options, (number, loop) =>
        {
            if (Record.Exception(() => holds(Case(cases, number))) is not null) loop.Break();
        });
        if (done.LowestBreakIteration is not { } failed) return;
        Shrink(Numbers(failed).ToString());
        Assert.Fail($"case {failed} failed, but not when it was repeated");

        void Shrink(string from) => cases.Sample(holds, seed: from, time: ShrinkSeconds, threads: threads,
            print: found => JsonSerializer.Serialize(found, Readable));
    }

    /// <summary>The case of a number, from 0.</summary>
    public static T Case<T>(Gen<T> cases, long number) => cases.Generate(Numbers(number), null, out _);

    private static PCG Numbers(long number) => new((uint)number, 20);

    private static int Times() =>
        int.TryParse(Environment.GetEnvironmentVariable("PATCHBAY_CASES"), CultureInfo.InvariantCulture, out var times)
            ? times : 1;
}

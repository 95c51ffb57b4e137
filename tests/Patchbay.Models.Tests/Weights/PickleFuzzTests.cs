using System.Diagnostics;
using Patchbay.Models.Weights;
using Xunit.Abstractions;

namespace Patchbay.Models.Tests.Weights;

public class PickleFuzzTests(ITestOutputHelper output)
{
    private const int Cases = 4_000;
    private const long MostBytes = 2_000_000;

    [Fact]
    public void Mutations_of_a_zip_file_load_or_are_refused() =>
        Fuzz(PickleWriter.Zip(PickleWriter.Sample(), PickleWriter.SampleStorages()), 1);

    [Fact]
    public void Mutations_of_a_zip64_file_load_or_are_refused() =>
        Fuzz(PickleWriter.Zip(PickleWriter.Sample(), PickleWriter.SampleStorages(), zip64: true), 2);

    [Fact]
    public void Mutations_of_a_legacy_file_load_or_are_refused() => Fuzz(PickleWriter.SampleLegacy(), 3);

    private void Fuzz(byte[] original, int seed)
    {
        var random = new Random(seed);
        using var file = new PickleFile(original);
        var (loaded, most, slowest) = (0, 0L, TimeSpan.Zero);
        for (var i = 0; i < Cases; i++)
        {
            File.Delete(file.Path); // much faster than writing over it, which some file systems flush
            File.WriteAllBytes(file.Path, Mutate(original, random));
            var (before, clock) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
            if (Load(file)) loaded++;
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
            if (clock.Elapsed > slowest) slowest = clock.Elapsed;
        }
        output.WriteLine($"{Cases} mutations, {loaded} loaded, at most {most} bytes and {slowest.TotalMilliseconds:F1} ms each");
        Assert.InRange(most, 0, MostBytes);
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.InRange(loaded, 1, Cases - 1);
    }

    /// <summary>Whether the file loads, all its tensors read; any error but a refusal in one sentence fails the test.</summary>
    private static bool Load(PickleFile file)
    {
        try
        {
            using var open = file.Open();
            foreach (var tensor in open.Tensors.Values) PickleFile.Bytes(tensor);
            return true;
        }
        catch (InvalidDataException error)
        {
            Assert.StartsWith(PickleFile.Name + ": ", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
            return false;
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(8))
            {
                case 0: bytes.RemoveRange(at, bytes.Count - at); break;
                case 1: bytes.Insert(at, (byte)random.Next(256)); break;
                case 2: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(40)))); break;
                case 3: bytes.RemoveAt(at); break;
                case 4: bytes[at] = random.Next(2) == 0 ? (byte)0xff : (byte)0; break;
                case 5: bytes[at] = (byte)random.Next(256); break;
                default: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            }
            if (bytes.Count == 0) break;
        }
        return [.. bytes];
    }
}

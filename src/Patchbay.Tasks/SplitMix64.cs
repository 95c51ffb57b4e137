namespace Patchbay.Tasks;

/// <summary>The random numbers of every task: SplitMix64 (Steele, Lea, Flood 2014), written here so that a seed gives
/// the same prompts under every version of .NET. Not for cryptography.</summary>
/// <remarks>State s is 64 bits; a draw adds 0x9E3779B97F4A7C15 to it and returns the mixed sum: z ^= z >> 30, z *=
/// 0xBF58476D1CE4E5B9, z ^= z >> 27, z *= 0x94D049BB133111EB, z ^= z >> 31.</remarks>
public sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A generator for one purpose of a seed: its state is the seed xor the 64-bit FNV-1a hash of
    /// <paramref name="purpose"/>'s UTF-16 code units, so that purposes do not disturb each other.</summary>
    public static SplitMix64 For(ulong seed, string purpose)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var unit in purpose) hash = unchecked((hash ^ unit) * 0x100000001B3UL);
        return new SplitMix64(seed ^ hash);
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong Next()
    {
        unchecked
        {
            var z = _state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>A uniform number in [0, <paramref name="bound"/>): the upper 32 bits of a draw times the bound, divided
    /// by 2^32; draws that would favour some numbers are thrown away (Lemire 2019).</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        var range = (uint)bound;
        var unfair = unchecked(0u - range) % range;
        while (true)
        {
            var product = (Next() >> 32) * range;
            if ((uint)product >= unfair) return (int)(product >> 32);
        }
    }

    /// <summary>A uniform number in [0, 1): the upper 53 bits of a draw divided by 2^53.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>One item, each as likely as every other.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary><paramref name="count"/> different items in random order: the first steps of a Fisher-Yates shuffle
    /// that swaps place i with place i + Below(n - i).</summary>
    public T[] Sample<T>(IReadOnlyList<T> items, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, items.Count);
        T[] all = [.. items];
        for (var i = 0; i < count; i++)
        {
            var j = i + Below(all.Length - i);
            (all[i], all[j]) = (all[j], all[i]);
        }
        return all[..count];
    }
}

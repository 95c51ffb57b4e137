using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Patchbay.Tasks;

/// <summary>One position in each of N prompts: where all of them are edited, held or read. Two are equal where their
/// numbers are, so that variants at the same places go together.</summary>
[CollectionBuilder(typeof(Positions), nameof(Create))]
public sealed class Positions : IReadOnlyList<int>, IEquatable<Positions>
{
    private readonly int[] each;
    private readonly int hash;

    private Positions(int[] each)
    {
        this.each = each;
        var code = new HashCode();
        code.AddBytes(MemoryMarshal.AsBytes<int>(each));
        hash = code.ToHashCode();
    }

    /// <summary>Positions of prompts 0, 1, ...; what a collection expression makes.</summary>
    public static Positions Create(ReadOnlySpan<int> each) => new(each.ToArray());

    /// <summary>N, the number of prompts.</summary>
    public int Count => each.Length;

    /// <summary>The position in prompt <paramref name="n"/>.</summary>
    public int this[int n] => each[n];

    /// <summary>Those of <paramref name="count"/> prompts from <paramref name="first"/> on.</summary>
    public Positions Slice(int first, int count) => new(each[first..(first + count)]);

    /// <inheritdoc/>
    public bool Equals(Positions? other) =>
        ReferenceEquals(this, other)
        || (other is not null && hash == other.hash && each.AsSpan().SequenceEqual(other.each));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Positions);

    /// <inheritdoc/>
    public override int GetHashCode() => hash;

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)each).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One part of an index expression: a position, a slice, a tensor of positions or of bools, None, Ellipsis.</summary>
    public struct TensorIndex
    {
        internal long Kind;
        internal long Start;
        internal long Stop;
        internal long Step;
        internal Tensor? Positions;

        private const long Absent = long.MinValue;

        public static TensorIndex Ellipsis = new() { Kind = 3 };
        public static TensorIndex None = new() { Kind = 0 };
        public static TensorIndex Null = new() { Kind = 2 };
        public static TensorIndex Colon = Slice();

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { Kind = 6, Start = start ?? Absent, Stop = stop ?? Absent, Step = step ?? Absent };

        public static TensorIndex Slice((int? start, int? end) range) => Slice(range.start, range.end);

        public static TensorIndex Slice(Range range) => Slice(
            range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
            !range.End.IsFromEnd ? range.End.Value : range.End.Value == 0 ? null : -range.End.Value);

        public static TensorIndex Bool(bool value) => new() { Kind = 4, Start = value ? 1 : 0 };

        public static TensorIndex Single(long? index) => new() { Kind = 1, Start = index ?? throw new ArgumentNullException(nameof(index)) };

        public static TensorIndex Tensor(Tensor tensor) => new() { Kind = 5, Positions = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);

        /// <summary>Exists, as in TorchSharp, only so that overloads taking indices are preferred to those taking tensors.</summary>
        public static implicit operator Tensor(TensorIndex value) => throw new InvalidOperationException("An index is not a tensor.");

        internal readonly IndexPart Part => new(Kind, Start, Stop, Step, Maybe(Positions));
    }

    public sealed partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => index_put_(value, i1);
        }

        public Tensor this[long i1, long i2]
        {
            get => index(i1, i2);
            set => index_put_(value, i1, i2);
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => index(i1, i2, i3);
            set => index_put_(value, i1, i2, i3);
        }

        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => index(i1, i2, i3, i4);
            set => index_put_(value, i1, i2, i3, i4);
        }

        public Tensor index(params TensorIndex[] indices) => New(pt_index(Handle, Parts(indices), indices.Length), this, indices);

        public Tensor index(params Tensor[] indices) => index(Indices(indices));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices) =>
            Act(pt_index_put_(Handle, Parts(indices), indices.Length, value.Handle), this, value, indices);

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, Indices(indices));

        public Tensor index_put_(Scalar value, params TensorIndex[] indices) =>
            Act(pt_index_put_scalar_(Handle, Parts(indices), indices.Length, value.Value), this, indices);

        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(value, Indices(indices));

        private static IndexPart[] Parts(TensorIndex[] indices) => Array.ConvertAll(indices, i => i.Part);

        private static TensorIndex[] Indices(Tensor[] tensors) => Array.ConvertAll(tensors, TensorIndex.Tensor);
    }
}

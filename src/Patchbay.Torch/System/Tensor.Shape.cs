using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public sealed unsafe partial class Tensor
    {
        public Tensor view(params long[] shape) => New(pt_view(Handle, shape, shape.Length), this);

        public Tensor view_as(Tensor other) => view(other.shape);

        public Tensor reshape(params long[] shape) => New(pt_reshape(Handle, shape, shape.Length), this);

        public Tensor expand(params long[] sizes) => expand(sizes.AsSpan(), false);

        public Tensor expand(long[] sizes, bool isImplicit = false) => expand(sizes.AsSpan(), isImplicit);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) =>
            New(pt_expand(Handle, sizes, sizes.Length, isImplicit), this);

        public Tensor expand_as(Tensor other) => expand(other.shape);

        public Tensor broadcast_to(params long[] shape) => expand(shape);

        public Tensor repeat(params long[] sizes) => New(pt_repeat(Handle, sizes, sizes.Length), this);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            New(pt_repeat_interleave(Handle, repeats, dim ?? Failed, output_size ?? Failed), this);

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) =>
            New(pt_repeat_interleave_tensor(Handle, repeats.Handle, dim ?? Failed, output_size ?? Failed), this, repeats);

        public Tensor permute(params long[] permutation) => New(pt_permute(Handle, permutation, permutation.Length), this);

        public Tensor transpose(long dim0, long dim1) => New(pt_transpose(Handle, dim0, dim1), this);

        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);

        public Tensor movedim(long[] source, long[] destination) =>
            New(pt_movedim(Handle, source, source.Length, destination, destination.Length), this);

        /// <summary>A matrix transposed; a vector or number as it is.</summary>
        public Tensor t() => dim() < 2 ? alias() : dim() == 2 ? transpose(0, 1) : throw new InvalidOperationException($"t() needs at most 2 dimensions; the tensor has {dim()}.");

        /// <summary>All dimensions in reverse order.</summary>
        public Tensor T => permute(Enumerable.Range(0, (int)dim()).Select(i => (long)i).Reverse().ToArray());

        /// <summary>The last two dimensions exchanged.</summary>
        public Tensor mT => New(pt_mT(Handle), this);

        public Tensor unsqueeze(long dim) => New(pt_unsqueeze(Handle, dim), this);

        public Tensor unsqueeze_(long dim) => Act(pt_unsqueeze_(Handle, dim), this);

        public Tensor squeeze(long? dim = null) => New(dim is { } d ? pt_squeeze_dim(Handle, d) : pt_squeeze(Handle), this);

        public Tensor squeeze_(long? dim = null) => Act(dim is { } d ? pt_squeeze_dim_(Handle, d) : pt_squeeze_(Handle), this);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => New(pt_flatten(Handle, start_dim, end_dim), this);

        public Tensor narrow(long dim, long start, long length) => New(pt_narrow(Handle, dim, start, length), this);

        public Tensor slice(long dim, long start, long finish, long step) => New(pt_slice(Handle, dim, start, finish, step), this);

        public Tensor select(long dim, long index) => New(pt_select(Handle, dim, index), this);

        public Tensor[] split(long size, int dim = 0) => List(pt_split(Handle, size, dim), this);

        public Tensor[] split(long[] sizes, long dim = 0) => List(pt_split_sizes(Handle, sizes, sizes.Length, dim), this);

        public Tensor[] chunk(long chunks, long dim = 0L) => List(pt_chunk(Handle, chunks, dim), this);

        public Tensor[] unbind(long dimension = 0L) => List(pt_unbind(Handle, dimension), this);

        public Tensor flip(params long[] dims) => New(pt_flip(Handle, dims, dims.Length), this);

        public Tensor roll(long shifts, long? dims = null) => roll([shifts], dims is { } d ? [d] : default(ReadOnlySpan<long>));

        public Tensor roll(long[] shifts, long[] dims) => roll(shifts.AsSpan(), dims.AsSpan());

        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) =>
            New(pt_roll(Handle, shifts, shifts.Length, dims, dims.Length), this);

        public Tensor diag(long diagonal = 0) => New(pt_diag(Handle, diagonal), this);

        public Tensor diagonal(long offset = 0L, long dim1 = 0L, long dim2 = 1L) => New(pt_diagonal(Handle, offset, dim1, dim2), this);

        public Tensor tril(long diagonal = 0) => New(pt_tril(Handle, diagonal), this);

        public Tensor triu(long diagonal = 0) => New(pt_triu(Handle, diagonal), this);

        public Tensor index_select(long dim, Tensor index) => New(pt_index_select(Handle, dim, index.Handle), this, index);

        public Tensor index_copy_(long dim, Tensor index, Tensor source) =>
            Act(pt_index_copy_(Handle, dim, index.Handle, source.Handle), this, index, source);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) =>
            New(pt_index_add(Handle, dim, index.Handle, source.Handle, alpha.Value), this, index, source);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Act(pt_index_add_(Handle, dim, index.Handle, source.Handle, alpha.Value), this, index, source);

        public Tensor gather(long dim, Tensor index) => New(pt_gather(Handle, dim, index.Handle), this, index);

        public Tensor take_along_dim(Tensor indices, long dim) => New(pt_take_along_dim(Handle, indices.Handle, dim), this, indices);

        public Tensor scatter(long dim, Tensor index, Tensor src) =>
            New(pt_scatter(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_(long dim, Tensor index, Tensor src) =>
            Act(pt_scatter_(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) =>
            New(pt_scatter_add(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) =>
            Act(pt_scatter_add_(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor masked_fill(Tensor mask, Scalar value) => New(pt_masked_fill(Handle, mask.Handle, value.Value), this, mask);

        public Tensor masked_fill_(Tensor mask, Scalar value) => Act(pt_masked_fill_(Handle, mask.Handle, value.Value), this, mask);

        public Tensor masked_select(Tensor mask) => New(pt_masked_select(Handle, mask.Handle), this, mask);

        /// <summary>This where the condition holds, y elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) => New(pt_where(condition.Handle, Handle, y.Handle), condition, this, y);

        public Tensor nonzero() => New(pt_nonzero(Handle), this);

        public Tensor copy_(Tensor source, bool nonBlocking = false) => Act(pt_copy_(Handle, source.Handle, nonBlocking), this, source);

        public Tensor fill_(Scalar value) => Act(pt_fill_(Handle, value.Value), this);

        public Tensor zero_() => Act(pt_zero_(Handle), this);

        public Tensor clone() => New(pt_clone(Handle), this);

        public Tensor contiguous() => New(pt_contiguous(Handle), this);

        /// <summary>Another handle to the same tensor.</summary>
        public Tensor alias() => New(pt_alias(Handle), this);

        public Tensor detach() => New(pt_detach(Handle), this);

        public Tensor detach_() => Act(pt_detach_(Handle), this);

        /// <summary>Makes this tensor share the source's storage.</summary>
        public Tensor set_(Tensor source) => Act(pt_set_data(Handle, source.Handle), this, source);

        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            Act(pt_uniform_(Handle, from, to, Maybe(generator)), this, generator);

        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null) =>
            Act(pt_normal_(Handle, mean, std, Maybe(generator)), this, generator);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            New(pt_multinomial(Handle, num_samples, replacement, Maybe(generator)), this, generator);

        public Tensor bernoulli(Generator? generator = null) => New(pt_bernoulli(Handle, Maybe(generator)), this, generator);

        public Tensor empty_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            New(pt_empty_like(Handle, Options(dtype, device, requires_grad)), this);

        public Tensor zeros_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            New(pt_zeros_like(Handle, Options(dtype, device, requires_grad)), this);

        public Tensor ones_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            New(pt_ones_like(Handle, Options(dtype, device, requires_grad)), this);

        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            New(pt_full_like(Handle, value.Value, Options(dtype, device, requires_grad)), this);

        public Tensor rand_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            New(pt_rand_like(Handle, Options(dtype, device, requires_grad)), this);

        public Tensor randn_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            New(pt_randn_like(Handle, Options(dtype, device, requires_grad)), this);
    }
}

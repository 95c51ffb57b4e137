using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public sealed unsafe partial class Tensor
    {
        public Tensor matmul(Tensor target) => New(pt_matmul(Handle, target.Handle), this, target);

        public Tensor mm(Tensor target) => New(pt_mm(Handle, target.Handle), this, target);

        public Tensor mv(Tensor target) => New(pt_mv(Handle, target.Handle), this, target);

        public Tensor dot(Tensor target) => New(pt_dot(Handle, target.Handle), this, target);

        public Tensor bmm(Tensor batch2) => New(pt_bmm(Handle, batch2.Handle), this, batch2);

        public Tensor outer(Tensor vec2) => New(pt_outer(Handle, vec2.Handle), this, vec2);

        public Tensor minimum(Tensor other) => New(pt_minimum(Handle, other.Handle), this, other);

        public Tensor maximum(Tensor other) => New(pt_maximum(Handle, other.Handle), this, other);

        public Tensor logical_and(Tensor other) => New(pt_logical_and(Handle, other.Handle), this, other);

        public Tensor logical_or(Tensor other) => New(pt_logical_or(Handle, other.Handle), this, other);

        public Tensor logical_xor(Tensor other) => New(pt_logical_xor(Handle, other.Handle), this, other);

        public Tensor bitwise_and(Tensor other) => New(pt_bitwise_and(Handle, other.Handle), this, other);

        public Tensor bitwise_or(Tensor other) => New(pt_bitwise_or(Handle, other.Handle), this, other);

        public Tensor bitwise_xor(Tensor other) => New(pt_bitwise_xor(Handle, other.Handle), this, other);

        public Tensor max(Tensor other) => maximum(other);

        public Tensor min(Tensor other) => minimum(other);

        /// <summary>beta·this + alpha·mat1·mat2.</summary>
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            New(pt_addmm(Handle, mat1.Handle, mat2.Handle, beta, alpha), this, mat1, mat2);

        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Act(pt_addmm_(Handle, mat1.Handle, mat2.Handle, beta, alpha), this, mat1, mat2);

        /// <summary>this + value·tensor1·tensor2, element by element.</summary>
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) =>
            New(pt_addcmul(Handle, tensor1.Handle, tensor2.Handle, value.Value), this, tensor1, tensor2);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Act(pt_addcmul_(Handle, tensor1.Handle, tensor2.Handle, value.Value), this, tensor1, tensor2);

        /// <summary>this + value·tensor1/tensor2, element by element.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) =>
            New(pt_addcdiv(Handle, tensor1.Handle, tensor2.Handle, value.Value), this, tensor1, tensor2);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => addcdiv(tensor1, tensor2, 1);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Act(pt_addcdiv_(Handle, tensor1.Handle, tensor2.Handle, value.Value), this, tensor1, tensor2);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => addcdiv_(tensor1, tensor2, 1);

        /// <summary>this + weight·(end - this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) => New(pt_lerp(Handle, end.Handle, weight.Handle), this, end, weight);

        public Tensor lerp_(Tensor end, Tensor weight) => Act(pt_lerp_(Handle, end.Handle, weight.Handle), this, end, weight);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) =>
            New(pt_clamp(Handle, Scalar.Maybe(min), Scalar.Maybe(max)), this);

        public Tensor clamp(Tensor? min = null, Tensor? max = null) =>
            New(pt_clamp_tensor(Handle, Maybe(min), Maybe(max)), this, min, max);

        public Tensor clamp_(Scalar? min = null, Scalar? max = null) =>
            Act(pt_clamp_(Handle, Scalar.Maybe(min), Scalar.Maybe(max)), this);

        public Tensor clamp_(Tensor? min = null, Tensor? max = null) =>
            Act(pt_clamp_tensor_(Handle, Maybe(min), Maybe(max)), this, min, max);

        public Tensor clamp_min(Scalar min) => clamp(min, null);

        public Tensor clamp_min_(Scalar min) => clamp_(min, null);

        public Tensor clamp_max(Scalar max) => clamp(null, max);

        public Tensor clamp_max_(Scalar max) => clamp_(null, max);

        /// <summary>Element by element, as eq: TorchSharp's meaning, not PyTorch's.</summary>
        public Tensor equal(Tensor target) => eq(target);

        /// <summary>Whether shape and all elements are equal.</summary>
        public bool Equals(Tensor target) => target is not null && Ask(pt_equal(Handle, target.Handle), this, target) != 0;

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Ask(pt_allclose(Handle, target.Handle, rtol, atol, equal_nan), this, target) != 0;

        public Tensor softmax(long dim, ScalarType? dtype = null) => New(pt_softmax(Handle, dim, Type(dtype)), this);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => New(pt_log_softmax(Handle, dim, Type(dtype)), this);

        public Tensor logsumexp(long dim, bool keepdim = false) => New(pt_logsumexp(Handle, dim, keepdim), this);

        public Tensor cumsum(long dim, ScalarType? type = null) => New(pt_cumsum(Handle, dim, Type(type)), this);

        public Tensor sum(ScalarType? type = null) => New(pt_sum(Handle, NotZero(type)), this);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => sum(dim.AsSpan(), keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) =>
            New(pt_sum_dims(Handle, dim, dim.Length, keepdim, Type(type)), this);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor mean() => New(pt_mean(Handle), this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            New(pt_mean_dims(Handle, dimensions, dimensions.Length, keepdim, Type(type)), this);

        public Tensor prod(ScalarType? type = null) => New(pt_prod(Handle, NotZero(type)), this);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) =>
            New(pt_prod_dim(Handle, dim, keepdim, Type(type)), this);

        public Tensor std(bool unbiased = true) => New(pt_std(Handle, unbiased), this);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Typed(New(pt_std_dims(Handle, dimensions, dimensions.Length, unbiased, keepdim), this), type);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std([dim], unbiased, keepdim, type);

        public Tensor var(bool unbiased = true) => New(pt_var(Handle, unbiased), this);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Typed(New(pt_var_dims(Handle, dimensions, dimensions.Length, unbiased, keepdim), this), type);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var([dim], unbiased, keepdim, type);

        // C# takes sum(0) for sum(ScalarType.Byte), with TorchSharp too, where the result is silently wrong.
        private static int NotZero(ScalarType? type) => type != ScalarType.Byte ? Type(type)
            : throw new ArgumentException("Nothing is summed as bytes: to sum along dimension 0, write 0L.", nameof(type));

        private static Tensor Typed(Tensor result, ScalarType? type) => type is { } t ? result.to_type(t, disposeAfter: true) : result;

        public Tensor norm(float p = 2.0f) => New(pt_norm(Handle, p), this);

        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) => New(pt_norm_dim(Handle, p, dim, keepdim), this);

        public Tensor min() => New(pt_min(Handle), this);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Two(pt_min_dim(Handle, dim, keepdim), this);

        public Tensor max() => New(pt_max(Handle), this);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Two(pt_max_dim(Handle, dim, keepdim), this);

        public Tensor amin(params long[] dims) => amin(dims, false);

        public Tensor amin(long[] dims, bool keepdim = false) => New(pt_amin(Handle, dims, dims.Length, keepdim), this);

        public Tensor amax(params long[] dims) => amax(dims, false);

        public Tensor amax(long[] dims, bool keepdim = false) => New(pt_amax(Handle, dims, dims.Length, keepdim), this);

        public Tensor argmin() => New(pt_argmin(Handle), this);

        public Tensor argmin(long dim, bool keepdim = false) => New(pt_argmin_dim(Handle, dim, keepdim), this);

        public Tensor argmax() => New(pt_argmax(Handle), this);

        public Tensor argmax(long dim, bool keepdim = false) => New(pt_argmax_dim(Handle, dim, keepdim), this);

        public Tensor any() => New(pt_any(Handle), this);

        public Tensor any(long dim, bool keepdim = false) => New(pt_any_dim(Handle, dim, keepdim), this);

        public Tensor all() => New(pt_all(Handle), this);

        public Tensor all(long dim, bool keepdim = false) => New(pt_all_dim(Handle, dim, keepdim), this);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Two(pt_topk(Handle, k, dim, largest, sorted), this);

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Two(pt_sort(Handle, dim, descending, stable), this);

        public Tensor argsort(long dim = -1, bool descending = false) => New(pt_argsort(Handle, dim, descending), this);
    }
}

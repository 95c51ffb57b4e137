using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }

    public sealed partial class Tensor
    {
        public Tensor abs() => New(pt_abs(Handle), this);

        public Tensor abs_() => Act(pt_abs_(Handle), this);

        public Tensor neg() => New(pt_neg(Handle), this);

        public Tensor neg_() => Act(pt_neg_(Handle), this);

        public Tensor exp() => New(pt_exp(Handle), this);

        public Tensor exp_() => Act(pt_exp_(Handle), this);

        public Tensor log() => New(pt_log(Handle), this);

        public Tensor log_() => Act(pt_log_(Handle), this);

        public Tensor log2() => New(pt_log2(Handle), this);

        public Tensor log2_() => Act(pt_log2_(Handle), this);

        public Tensor log1p() => New(pt_log1p(Handle), this);

        public Tensor log1p_() => Act(pt_log1p_(Handle), this);

        public Tensor expm1() => New(pt_expm1(Handle), this);

        public Tensor expm1_() => Act(pt_expm1_(Handle), this);

        public Tensor sqrt() => New(pt_sqrt(Handle), this);

        public Tensor sqrt_() => Act(pt_sqrt_(Handle), this);

        public Tensor rsqrt() => New(pt_rsqrt(Handle), this);

        public Tensor rsqrt_() => Act(pt_rsqrt_(Handle), this);

        public Tensor square() => New(pt_square(Handle), this);

        public Tensor sin() => New(pt_sin(Handle), this);

        public Tensor sin_() => Act(pt_sin_(Handle), this);

        public Tensor cos() => New(pt_cos(Handle), this);

        public Tensor cos_() => Act(pt_cos_(Handle), this);

        public Tensor tanh() => New(pt_tanh(Handle), this);

        public Tensor tanh_() => Act(pt_tanh_(Handle), this);

        public Tensor sigmoid() => New(pt_sigmoid(Handle), this);

        public Tensor sigmoid_() => Act(pt_sigmoid_(Handle), this);

        public Tensor relu() => New(pt_relu(Handle), this);

        public Tensor relu_() => Act(pt_relu_(Handle), this);

        public Tensor floor() => New(pt_floor(Handle), this);

        public Tensor floor_() => Act(pt_floor_(Handle), this);

        public Tensor ceil() => New(pt_ceil(Handle), this);

        public Tensor ceil_() => Act(pt_ceil_(Handle), this);

        public Tensor trunc() => New(pt_trunc(Handle), this);

        public Tensor trunc_() => Act(pt_trunc_(Handle), this);

        public Tensor reciprocal() => New(pt_reciprocal(Handle), this);

        public Tensor reciprocal_() => Act(pt_reciprocal_(Handle), this);

        public Tensor erf() => New(pt_erf(Handle), this);

        public Tensor erf_() => Act(pt_erf_(Handle), this);

        public Tensor sign() => New(pt_sign(Handle), this);

        public Tensor sign_() => Act(pt_sign_(Handle), this);

        public Tensor logical_not() => New(pt_logical_not(Handle), this);

        public Tensor logical_not_() => Act(pt_logical_not_(Handle), this);

        public Tensor bitwise_not() => New(pt_bitwise_not(Handle), this);

        public Tensor bitwise_not_() => Act(pt_bitwise_not_(Handle), this);

        public Tensor silu() => New(pt_silu(Handle), this);

        public Tensor silu_() => Act(pt_silu_(Handle), this);

        public Tensor negative() => neg();

        public Tensor gelu() => New(pt_gelu(Handle), this);

        public Tensor round(long decimals = 0L) => New(pt_round(Handle, decimals), this);

        public Tensor round_(long decimals = 0L) => Act(pt_round_(Handle, decimals), this);

        public Tensor isnan() => New(pt_isnan(Handle), this);

        public Tensor isinf() => New(pt_isinf(Handle), this);

        public Tensor isfinite() => New(pt_isfinite(Handle), this);

        public Tensor add(Tensor target) => New(pt_add(Handle, target.Handle, Scalar.One), this, target);

        public Tensor add(Tensor target, Scalar alpha) => New(pt_add(Handle, target.Handle, alpha.Value), this, target);

        public Tensor add(Scalar scalar) => New(pt_add_scalar(Handle, scalar.Value, Scalar.One), this);

        public Tensor add(Scalar scalar, Scalar alpha) => New(pt_add_scalar(Handle, scalar.Value, alpha.Value), this);

        public Tensor add_(Tensor target) => Act(pt_add_(Handle, target.Handle, Scalar.One), this, target);

        public Tensor add_(Tensor target, Scalar alpha) => Act(pt_add_(Handle, target.Handle, alpha.Value), this, target);

        public Tensor add_(Scalar scalar) => Act(pt_add_scalar_(Handle, scalar.Value, Scalar.One), this);

        public Tensor add_(Scalar scalar, Scalar alpha) => Act(pt_add_scalar_(Handle, scalar.Value, alpha.Value), this);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            New(pt_div(Handle, target.Handle, (int)rounding_mode), this, target);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            New(pt_div_scalar(Handle, target.Value, (int)rounding_mode), this);

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Act(pt_div_(Handle, target.Handle, (int)rounding_mode), this, target);

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Act(pt_div_scalar_(Handle, target.Value, (int)rounding_mode), this);

        public Tensor sub(Tensor target) => New(pt_sub(Handle, target.Handle), this, target);

        public Tensor sub(Scalar target) => New(pt_sub_scalar(Handle, target.Value), this);

        public Tensor sub_(Tensor target) => Act(pt_sub_(Handle, target.Handle), this, target);

        public Tensor sub_(Scalar target) => Act(pt_sub_scalar_(Handle, target.Value), this);

        public Tensor mul(Tensor target) => New(pt_mul(Handle, target.Handle), this, target);

        public Tensor mul(Scalar target) => New(pt_mul_scalar(Handle, target.Value), this);

        public Tensor mul_(Tensor target) => Act(pt_mul_(Handle, target.Handle), this, target);

        public Tensor mul_(Scalar target) => Act(pt_mul_scalar_(Handle, target.Value), this);

        public Tensor pow(Tensor exponent) => New(pt_pow(Handle, exponent.Handle), this, exponent);

        public Tensor pow(Scalar exponent) => New(pt_pow_scalar(Handle, exponent.Value), this);

        public Tensor pow_(Tensor exponent) => Act(pt_pow_(Handle, exponent.Handle), this, exponent);

        public Tensor pow_(Scalar exponent) => Act(pt_pow_scalar_(Handle, exponent.Value), this);

        public Tensor remainder(Tensor target) => New(pt_remainder(Handle, target.Handle), this, target);

        public Tensor remainder(Scalar scalar) => New(pt_remainder_scalar(Handle, scalar.Value), this);

        public Tensor remainder_(Tensor target) => Act(pt_remainder_(Handle, target.Handle), this, target);

        public Tensor remainder_(Scalar scalar) => Act(pt_remainder_scalar_(Handle, scalar.Value), this);

        public Tensor fmod(Tensor target) => New(pt_fmod(Handle, target.Handle), this, target);

        public Tensor fmod(Scalar scalar) => New(pt_fmod_scalar(Handle, scalar.Value), this);

        public Tensor fmod_(Tensor target) => Act(pt_fmod_(Handle, target.Handle), this, target);

        public Tensor fmod_(Scalar scalar) => Act(pt_fmod_scalar_(Handle, scalar.Value), this);

        public Tensor eq(Tensor target) => New(pt_eq(Handle, target.Handle), this, target);

        public Tensor eq(Scalar target) => New(pt_eq_scalar(Handle, target.Value), this);

        public Tensor eq_(Tensor target) => Act(pt_eq_(Handle, target.Handle), this, target);

        public Tensor eq_(Scalar target) => Act(pt_eq_scalar_(Handle, target.Value), this);

        public Tensor ne(Tensor target) => New(pt_ne(Handle, target.Handle), this, target);

        public Tensor ne(Scalar target) => New(pt_ne_scalar(Handle, target.Value), this);

        public Tensor ne_(Tensor target) => Act(pt_ne_(Handle, target.Handle), this, target);

        public Tensor ne_(Scalar target) => Act(pt_ne_scalar_(Handle, target.Value), this);

        public Tensor lt(Tensor target) => New(pt_lt(Handle, target.Handle), this, target);

        public Tensor lt(Scalar target) => New(pt_lt_scalar(Handle, target.Value), this);

        public Tensor lt_(Tensor target) => Act(pt_lt_(Handle, target.Handle), this, target);

        public Tensor lt_(Scalar target) => Act(pt_lt_scalar_(Handle, target.Value), this);

        public Tensor le(Tensor target) => New(pt_le(Handle, target.Handle), this, target);

        public Tensor le(Scalar target) => New(pt_le_scalar(Handle, target.Value), this);

        public Tensor le_(Tensor target) => Act(pt_le_(Handle, target.Handle), this, target);

        public Tensor le_(Scalar target) => Act(pt_le_scalar_(Handle, target.Value), this);

        public Tensor gt(Tensor target) => New(pt_gt(Handle, target.Handle), this, target);

        public Tensor gt(Scalar target) => New(pt_gt_scalar(Handle, target.Value), this);

        public Tensor gt_(Tensor target) => Act(pt_gt_(Handle, target.Handle), this, target);

        public Tensor gt_(Scalar target) => Act(pt_gt_scalar_(Handle, target.Value), this);

        public Tensor ge(Tensor target) => New(pt_ge(Handle, target.Handle), this, target);

        public Tensor ge(Scalar target) => New(pt_ge_scalar(Handle, target.Value), this);

        public Tensor ge_(Tensor target) => Act(pt_ge_(Handle, target.Handle), this, target);

        public Tensor ge_(Scalar target) => Act(pt_ge_scalar_(Handle, target.Value), this);

    }
}

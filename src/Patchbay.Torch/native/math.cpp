// Pointwise operations, products, comparisons, reductions, sorting.
#include "shim.h"

#define BOTH(X) X(abs) X(neg) X(exp) X(log) X(log2) X(log1p) X(expm1) X(sqrt) X(rsqrt) X(sin) X(cos) X(tanh) \
    X(sigmoid) X(relu) X(floor) X(ceil) X(trunc) X(reciprocal) X(erf) X(sign) X(logical_not) X(bitwise_not)
#define MAKE(f) OP(f, (H a), T(a).f())
#define EDIT(f) ACT(f##_, (H a), T(a).f##_())
BOTH(MAKE)
BOTH(EDIT)
MAKE(square) MAKE(isnan) MAKE(isinf) MAKE(isfinite)
OP(round, (H a, int64_t decimals), T(a).round(decimals))
ACT(round_, (H a, int64_t decimals), T(a).round_(decimals))
OP(silu, (H a), at::silu(T(a)))
ACT(silu_, (H a), at::silu_(T(a)))
OP(gelu, (H a), at::gelu(T(a)))

OP(add, (H a, H b, Sc alpha), T(a).add(T(b), N(alpha)))
ACT(add_, (H a, H b, Sc alpha), T(a).add_(T(b), N(alpha)))
OP(add_scalar, (H a, Sc b, Sc alpha), T(a).add(N(b), N(alpha)))
ACT(add_scalar_, (H a, Sc b, Sc alpha), T(a).add_(N(b), N(alpha)))

// Tensor with tensor and tensor with number, each returning a new tensor or in place.
#define PAIRS(f) \
    OP(f, (H a, H b), T(a).f(T(b))) ACT(f##_, (H a, H b), T(a).f##_(T(b))) \
    OP(f##_scalar, (H a, Sc b), T(a).f(N(b))) ACT(f##_scalar_, (H a, Sc b), T(a).f##_(N(b)))
PAIRS(sub) PAIRS(mul) PAIRS(pow) PAIRS(remainder) PAIRS(fmod)
PAIRS(eq) PAIRS(ne) PAIRS(lt) PAIRS(le) PAIRS(gt) PAIRS(ge)

static c10::optional<c10::string_view> Rounding(int32_t mode) {
    if (mode == 1) return c10::string_view("trunc");
    if (mode == 2) return c10::string_view("floor");
    return c10::nullopt;
}
OP(div, (H a, H b, int32_t mode), T(a).div(T(b), Rounding(mode)))
ACT(div_, (H a, H b, int32_t mode), T(a).div_(T(b), Rounding(mode)))
OP(div_scalar, (H a, Sc b, int32_t mode), T(a).div(N(b), Rounding(mode)))
ACT(div_scalar_, (H a, Sc b, int32_t mode), T(a).div_(N(b), Rounding(mode)))

#define PAIR(f) OP(f, (H a, H b), T(a).f(T(b)))
PAIR(matmul) PAIR(mm) PAIR(bmm) PAIR(mv) PAIR(dot) PAIR(outer) PAIR(minimum) PAIR(maximum)
PAIR(logical_and) PAIR(logical_or) PAIR(logical_xor) PAIR(bitwise_and) PAIR(bitwise_or) PAIR(bitwise_xor)
OP(addmm, (H a, H b, H c, double beta, double alpha), T(a).addmm(T(b), T(c), beta, alpha))
ACT(addmm_, (H a, H b, H c, double beta, double alpha), T(a).addmm_(T(b), T(c), beta, alpha))
OP(addcmul, (H a, H b, H c, Sc v), T(a).addcmul(T(b), T(c), N(v)))
ACT(addcmul_, (H a, H b, H c, Sc v), T(a).addcmul_(T(b), T(c), N(v)))
OP(addcdiv, (H a, H b, H c, Sc v), T(a).addcdiv(T(b), T(c), N(v)))
ACT(addcdiv_, (H a, H b, H c, Sc v), T(a).addcdiv_(T(b), T(c), N(v)))
OP(lerp, (H a, H b, H w), T(a).lerp(T(b), T(w)))
ACT(lerp_, (H a, H b, H w), T(a).lerp_(T(b), T(w)))
OP(einsum, (const char* equation, const H* p, int64_t n), at::einsum(NN(equation), Ts(p, n)))
OP(clamp, (H a, Sc low, Sc high), T(a).clamp(MaybeN(low), MaybeN(high)))
ACT(clamp_, (H a, Sc low, Sc high), T(a).clamp_(MaybeN(low), MaybeN(high)))
OP(clamp_tensor, (H a, H low, H high), T(a).clamp(Maybe(low), Maybe(high)))
ACT(clamp_tensor_, (H a, H low, H high), T(a).clamp_(Maybe(low), Maybe(high)))

ASK(allclose, (H a, H b, double rtol, double atol, bool nan), T(a).allclose(T(b), rtol, atol, nan))
ASK(equal, (H a, H b), T(a).equal(T(b)))

OP(softmax, (H a, int64_t d, int32_t type), at::softmax(T(a), d, MaybeTy(type)))
OP(log_softmax, (H a, int64_t d, int32_t type), at::log_softmax(T(a), d, MaybeTy(type)))
OP(logsumexp, (H a, int64_t d, bool keep), T(a).logsumexp(d, keep))
OP(cumsum, (H a, int64_t d, int32_t type), T(a).cumsum(d, MaybeTy(type)))

OP(sum, (H a, int32_t type), T(a).sum(MaybeTy(type)))
OP(sum_dims, (H a, P p, int64_t n, bool keep, int32_t type), T(a).sum(Ints(p, n), keep, MaybeTy(type)))
OP(mean, (H a), T(a).mean())
OP(mean_dims, (H a, P p, int64_t n, bool keep, int32_t type), T(a).mean(Ints(p, n), keep, MaybeTy(type)))
OP(prod, (H a, int32_t type), T(a).prod(MaybeTy(type)))
OP(prod_dim, (H a, int64_t d, bool keep, int32_t type), T(a).prod(d, keep, MaybeTy(type)))
OP(std, (H a, bool unbiased), T(a).std(unbiased))
OP(var, (H a, bool unbiased), T(a).var(unbiased))
OP(std_dims, (H a, P p, int64_t n, bool unbiased, bool keep), T(a).std(Ints(p, n), unbiased, keep))
OP(var_dims, (H a, P p, int64_t n, bool unbiased, bool keep), T(a).var(Ints(p, n), unbiased, keep))
OP(norm, (H a, double p), T(a).norm(p))
OP(norm_dim, (H a, double p, int64_t d, bool keep), T(a).norm(p, {d}, keep))
#define REDUCE(f) OP(f, (H a), T(a).f())
REDUCE(min) REDUCE(max) REDUCE(argmin) REDUCE(argmax) REDUCE(any) REDUCE(all)
#define REDUCE_DIM(f) OP(f##_dim, (H a, int64_t d, bool keep), T(a).f(d, keep))
REDUCE_DIM(argmin) REDUCE_DIM(argmax) REDUCE_DIM(any) REDUCE_DIM(all)
OP(amin, (H a, P p, int64_t n, bool keep), T(a).amin(Ints(p, n), keep))
OP(amax, (H a, P p, int64_t n, bool keep), T(a).amax(Ints(p, n), keep))
LIST(min_dim, (H a, int64_t d, bool keep), T(a).min(d, keep))
LIST(max_dim, (H a, int64_t d, bool keep), T(a).max(d, keep))
LIST(topk, (H a, int64_t k, int64_t d, bool largest, bool sorted), T(a).topk(k, d, largest, sorted))
LIST(sort, (H a, int64_t d, bool descending, bool stable), T(a).sort(c10::optional<bool>(stable), d, descending))
OP(argsort, (H a, int64_t d, bool descending), T(a).argsort(d, descending))

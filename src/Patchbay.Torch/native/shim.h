// The C side of Patchbay.Torch: a flat C ABI over ATen, read by Native.cs.
// A tensor crosses as a pointer to a heap-allocated at::Tensor that the caller owns and gives to pt_free.
// No C++ exception leaves an export: each is written with one of the five macros below, which catch everything,
// keep the message for pt_last_error() and return the value that means failure:
//   OP    makes a tensor          null on failure
//   LIST  makes several tensors   null on failure; a malloc'd block [count, tensor...] given to
//         pt_free_list, null in it standing for an undefined tensor
//   ACT   works in place          non-zero on failure
//   ASK   answers with a number   INT64_MIN on failure
//   PTR   answers with a pointer  null on failure
#pragma once
#include <ATen/ATen.h>
#include <torch/version.h>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#define PT extern "C" __attribute__((visibility("default")))
#define OP(name, args, ...)   PT H pt_##name args noexcept { return guard((H)nullptr, [&]() -> H { return new at::Tensor(__VA_ARGS__); }); }
#define LIST(name, args, ...) PT H* pt_##name args noexcept { return guard((H*)nullptr, [&]() -> H* { return pack(__VA_ARGS__); }); }
#define ACT(name, args, ...)  PT int32_t pt_##name args noexcept { return guard((int32_t)1, [&]() -> int32_t { __VA_ARGS__; return 0; }); }
#define ASK(name, args, ...)  PT int64_t pt_##name args noexcept { return guard((int64_t)INT64_MIN, [&]() -> int64_t { return (int64_t)(__VA_ARGS__); }); }
#define PTR(name, args, ...)  PT const void* pt_##name args noexcept { return guard((const void*)nullptr, [&]() -> const void* { return __VA_ARGS__; }); }

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
template <class X> using Optional = std::optional<X>;
#else
template <class X> using Optional = c10::optional<X>;
#endif

using H = at::Tensor*;
using P = const int64_t*;                                          // an array of numbers, with its length beside it
struct Sc { int64_t bits; int64_t kind; };                         // a number: kind 0 integer, 1 double, 2 bool, 3 absent
struct Opt { int32_t dtype, device, index, requires_grad; };       // dtype and device -1: libtorch's default

inline std::string& error_text() { static thread_local std::string text; return text; }

inline void keep_error(const char* what) noexcept {
    try {
        std::string text(what);
        auto trace = text.find("\nException raised from");         // where libtorch's own C++ backtrace begins
        error_text() = trace == std::string::npos ? text : text.substr(0, trace);
    } catch (...) { }
}

template <class R, class F> R guard(R failed, F body) noexcept {
    try { return body(); }
    catch (const c10::Error& e) { keep_error(e.what_without_backtrace()); }
    catch (const std::exception& e) { keep_error(e.what()); }
    catch (...) { keep_error("libtorch threw something that is not an exception."); }
    return failed;
}

inline at::Tensor& T(H h) {
    if (!h || !h->defined()) throw std::invalid_argument("The tensor handle is null or undefined.");
    return *h;
}
template <class X> X* NN(X* p) {
    if (!p) throw std::invalid_argument("A required pointer argument is null.");
    return p;
}
inline Optional<at::Tensor> Maybe(H h) { return h ? Optional<at::Tensor>(*h) : Optional<at::Tensor>(); }
inline at::IntArrayRef Ints(P p, int64_t n) {
    if (n < 0 || (!p && n)) throw std::invalid_argument("An array argument is null.");
    return at::IntArrayRef(p, (size_t)n);
}
inline std::vector<at::Tensor> Ts(const H* p, int64_t n) {
    if (n < 0 || (!p && n)) throw std::invalid_argument("An array of tensors is null.");
    std::vector<at::Tensor> all;
    all.reserve((size_t)n);
    for (int64_t i = 0; i < n; i++) all.push_back(T(p[i]));
    return all;
}
inline at::Scalar N(Sc s) {
    if (s.kind == 1) { double d; std::memcpy(&d, &s.bits, 8); return d; }
    return s.kind == 2 ? at::Scalar(s.bits != 0) : at::Scalar(s.bits);
}
inline Optional<at::Scalar> MaybeN(Sc s) { return s.kind == 3 ? Optional<at::Scalar>() : Optional<at::Scalar>(N(s)); }
inline at::ScalarType Ty(int32_t t) {
    if (t < 0 || t >= (int32_t)at::ScalarType::NumOptions) throw std::invalid_argument("There is no scalar type " + std::to_string(t) + ".");
    return (at::ScalarType)t;
}
inline Optional<at::ScalarType> MaybeTy(int32_t t) { return t < 0 ? Optional<at::ScalarType>() : Optional<at::ScalarType>(Ty(t)); }
inline at::Device Dev(int32_t type, int32_t index) { return at::Device((at::DeviceType)type, (at::DeviceIndex)index); }
inline at::TensorOptions O(Opt o) {
    auto options = at::TensorOptions();
    if (o.dtype >= 0) options = options.dtype(Ty(o.dtype));
    if (o.device >= 0) options = options.device(Dev(o.device, o.index));
    return options;
}
inline at::Tensor Grad(at::Tensor t, Opt o) { if (o.requires_grad) t.requires_grad_(true); return t; }

inline H* pack(const std::vector<at::Tensor>& all) {
    auto block = (H*)std::calloc(all.size() + 1, sizeof(H));
    if (!block) throw std::bad_alloc();
    block[0] = (H)all.size();
    for (size_t i = 0; i < all.size(); i++) if (all[i].defined()) block[i + 1] = new at::Tensor(all[i]);
    return block;
}
inline H* pack(const std::tuple<at::Tensor, at::Tensor>& two) { return pack(std::vector<at::Tensor>{std::get<0>(two), std::get<1>(two)}); }

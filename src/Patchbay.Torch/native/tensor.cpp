// Lifetime, properties, data, conversion, creation and indexing.
#include "shim.h"
#include <ATen/TensorIndexing.h>

PT const char* pt_last_error() noexcept { return error_text().c_str(); }
PT void pt_free(H a) noexcept { try { delete a; } catch (...) { } }
PT void pt_free_list(H* list) noexcept { std::free(list); }

ASK(dim, (H a), T(a).dim())
ASK(numel, (H a), T(a).numel())
ASK(element_size, (H a), T(a).element_size())
ASK(storage_offset, (H a), T(a).storage_offset())
ASK(dtype, (H a), (int)T(a).scalar_type())
ASK(device_type, (H a), (int)T(a).device().type())
ASK(device_index, (H a), T(a).device().index())
ASK(is_contiguous, (H a), T(a).is_contiguous())
ASK(requires_grad, (H a), T(a).requires_grad())
ASK(is_leaf, (H a), T(a).is_leaf())
ASK(size, (H a, int64_t dim), T(a).size(dim))
ASK(stride, (H a, int64_t dim), T(a).stride(dim))
PTR(sizes, (H a), T(a).sizes().data())
PTR(strides, (H a), T(a).strides().data())
PTR(data, (H a), T(a).data_ptr())

ACT(set_requires_grad, (H a, bool on), T(a).requires_grad_(on))
ACT(retain_grad, (H a), T(a).retain_grad())
ACT(set_grad, (H a, H g), T(a).mutable_grad() = g ? *g : at::Tensor())
// The gradient, or an undefined tensor (see pt_defined) where there is none.
OP(grad, (H a), T(a).grad())
ASK(defined, (H a), NN(a)->defined())
ACT(set_data, (H a, H b), T(a).set_(T(b)))

OP(to_type, (H a, int32_t type, bool copy, bool async), T(a).to(Ty(type), async, copy))
OP(to_device, (H a, int32_t device, int32_t index, bool copy, bool async), T(a).to(Dev(device, index), T(a).scalar_type(), async, copy))
OP(to_both, (H a, int32_t type, int32_t device, int32_t index, bool copy, bool async), T(a).to(Dev(device, index), Ty(type), async, copy))
OP(pin_memory, (H a), T(a).pin_memory())

OP(empty, (P p, int64_t n, Opt o), Grad(at::empty(Ints(p, n), O(o)), o))
OP(zeros, (P p, int64_t n, Opt o), Grad(at::zeros(Ints(p, n), O(o)), o))
OP(ones, (P p, int64_t n, Opt o), Grad(at::ones(Ints(p, n), O(o)), o))
OP(full, (P p, int64_t n, Sc v, Opt o), Grad(at::full(Ints(p, n), N(v), O(o)), o))
OP(eye, (int64_t n, int64_t m, Opt o), Grad(at::eye(n, m, O(o)), o))
OP(arange, (Sc from, Sc to, Sc step, Opt o), Grad(at::arange(N(from), N(to), N(step), O(o)), o))
OP(linspace, (double from, double to, int64_t steps, Opt o), Grad(at::linspace(from, to, steps, O(o)), o))
OP(empty_like, (H a, Opt o), Grad(at::empty_like(T(a), O(o)), o))
OP(zeros_like, (H a, Opt o), Grad(at::zeros_like(T(a), O(o)), o))
OP(ones_like, (H a, Opt o), Grad(at::ones_like(T(a), O(o)), o))
OP(full_like, (H a, Sc v, Opt o), Grad(at::full_like(T(a), N(v), O(o)), o))

// One part of an index expression; kind counts as TensorIndex.Kind in Indexing.cs.
struct Part { int64_t kind, start, stop, step; H tensor; };
static constexpr int64_t absent = INT64_MIN;

static std::vector<at::indexing::TensorIndex> Parts(const Part* p, int64_t n) {
    using namespace at::indexing;
    if (n <= 0) throw std::invalid_argument("An index needs at least one part.");
    NN(p);
    auto maybe = [](int64_t v) { return v == absent ? Optional<int64_t>() : Optional<int64_t>(v); };
    std::vector<TensorIndex> all;
    for (int64_t i = 0; i < n; i++) {
        switch (p[i].kind) {
            case 0: case 2: all.emplace_back(at::indexing::None); break;
            case 1: all.emplace_back(p[i].start); break;
            case 3: all.emplace_back(at::indexing::Ellipsis); break;
            case 4: all.emplace_back(p[i].start != 0); break;
            case 5: all.emplace_back(T(p[i].tensor)); break;
            case 6: all.emplace_back(Slice(maybe(p[i].start), maybe(p[i].stop), maybe(p[i].step))); break;
            default: throw std::invalid_argument("Unknown kind of index.");
        }
    }
    return all;
}
OP(index, (H a, const Part* p, int64_t n), T(a).index(Parts(p, n)))
ACT(index_put_, (H a, const Part* p, int64_t n, H v), T(a).index_put_(Parts(p, n), T(v)))
ACT(index_put_scalar_, (H a, const Part* p, int64_t n, Sc v), T(a).index_put_(Parts(p, n), N(v)))

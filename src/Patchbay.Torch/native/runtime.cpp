// Random numbers, losses, autograd, threads and devices.
#include "shim.h"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

using G = at::Generator*;

static at::Generator New(uint64_t seed, int32_t device, int32_t index) {
    auto made = device <= 0 ? at::detail::createCPUGenerator(seed)
                            : at::globalContext().defaultGenerator(Dev(device, index)).clone();
    made.set_current_seed(seed);
    return made;
}
static at::Generator& Locked(G g) { return *NN(g); }
static Optional<at::Generator> Gen(G g) { return g ? Optional<at::Generator>(*g) : Optional<at::Generator>(); }

PTR(generator_new, (uint64_t seed, int32_t device, int32_t index), new at::Generator(New(seed, device, index)))
PTR(generator_default, (), new at::Generator(at::globalContext().defaultGenerator(at::kCPU)))
PT void pt_generator_free(G g) noexcept { try { delete g; } catch (...) { } }
ACT(generator_seed, (G g, uint64_t seed), std::lock_guard<std::mutex> lock(Locked(g).mutex()); g->set_current_seed(seed))
ASK(generator_initial_seed, (G g), Locked(g).current_seed())
OP(generator_state, (G g), Locked(g).get_state())
ACT(generator_set_state, (G g, H state), Locked(g).set_state(T(state)))
ACT(manual_seed, (uint64_t seed), at::manual_seed(seed))

OP(rand, (P p, int64_t n, G g, Opt o), Grad(at::rand(Ints(p, n), Gen(g), O(o)), o))
OP(randn, (P p, int64_t n, G g, Opt o), Grad(at::randn(Ints(p, n), Gen(g), O(o)), o))
OP(randint, (int64_t low, int64_t high, P p, int64_t n, G g, Opt o), Grad(at::randint(low, high, Ints(p, n), Gen(g), O(o)), o))
OP(randperm, (int64_t n, G g, Opt o), Grad(at::randperm(n, Gen(g), O(o)), o))
OP(rand_like, (H a, Opt o), Grad(at::rand_like(T(a), O(o)), o))
OP(randn_like, (H a, Opt o), Grad(at::randn_like(T(a), O(o)), o))
ACT(uniform_, (H a, double from, double to, G g), T(a).uniform_(from, to, Gen(g)))
ACT(normal_, (H a, double mean, double std, G g), T(a).normal_(mean, std, Gen(g)))
OP(multinomial, (H a, int64_t n, bool replacement, G g), T(a).multinomial(n, replacement, Gen(g)))
OP(bernoulli, (H a, G g), T(a).bernoulli(Gen(g)))

OP(linear, (H x, H w, H b), at::linear(T(x), T(w), Maybe(b)))
OP(cross_entropy, (H x, H y, H w, int64_t reduction, int64_t ignore, double smoothing),
    at::cross_entropy_loss(T(x), T(y), Maybe(w), reduction, ignore, smoothing))
OP(nll_loss, (H x, H y, H w, int64_t reduction), at::nll_loss_nd(T(x), T(y), Maybe(w), reduction))
OP(mse_loss, (H x, H y, int64_t reduction), at::mse_loss(T(x), T(y), reduction))
OP(bce_with_logits, (H x, H y, H w, H pos, int64_t reduction),
    at::binary_cross_entropy_with_logits(T(x), T(y), Maybe(w), Maybe(pos), reduction))

ASK(grad_enabled, (), c10::GradMode::is_enabled())
ACT(set_grad_enabled, (bool on), c10::GradMode::set_enabled(on))
PTR(inference_begin, (bool on), new c10::InferenceMode(on))
ACT(inference_end, (c10::InferenceMode* mode), delete NN(mode))
ACT(backward, (const H* p, int64_t n, const H* g, int64_t gn, bool keep, bool create, const H* in, int64_t inn),
    torch::autograd::backward(Ts(p, n), Ts(g, gn), keep, create, Ts(in, inn)))
LIST(autograd_grad, (const H* p, int64_t n, const H* in, int64_t inn, const H* g, int64_t gn, bool keep, bool create, bool unused),
    torch::autograd::grad(Ts(p, n), Ts(in, inn), Ts(g, gn), keep, create, unused))

ACT(set_num_threads, (int32_t n), at::set_num_threads(n))
ACT(set_num_interop_threads, (int32_t n), at::set_num_interop_threads(n))
ASK(get_num_threads, (), at::get_num_threads())
ASK(get_num_interop_threads, (), at::get_num_interop_threads())
ASK(cuda_is_available, (), torch::cuda::is_available())
ASK(cuda_device_count, (), torch::cuda::device_count())
ACT(cuda_synchronize, (int64_t index), torch::cuda::synchronize(index))
PT const char* pt_version() noexcept { return TORCH_VERSION; }

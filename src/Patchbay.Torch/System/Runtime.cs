using System.Runtime.InteropServices;
using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static string __version__ { get; } = Marshal.PtrToStringUTF8(pt_version())!;

    public static int get_num_threads() => (int)Ask(pt_get_num_threads());

    public static void set_num_threads(int num) => Check(pt_set_num_threads(num));

    public static int get_num_interop_threads() => (int)Ask(pt_get_num_interop_threads());

    public static void set_num_interop_threads(int num) => Check(pt_set_num_interop_threads(num));

    public static bool cuda_is_available() => cuda.is_available();

    /// <summary>Seeds the default generators of all devices.</summary>
    public static Generator manual_seed(long seed)
    {
        Check(pt_manual_seed((ulong)seed));
        return Generator.Default;
    }

    public static partial class cuda
    {
        public static bool is_available() => Ask(pt_cuda_is_available()) != 0;

        public static int device_count() => (int)Ask(pt_cuda_device_count());

        /// <summary>Waits for all work on a device; on the current one when none is given.</summary>
        public static void synchronize(Device? device = null) => Check(pt_cuda_synchronize(device?.index ?? -1));
    }

    /// <summary>A source of random numbers with its own state.</summary>
    public class Generator : IDisposable
    {
        private nint handle;

        private Generator(nint handle, Device device) => (this.handle, this.device) = (handle, device);

        public Generator(ulong seed = 0, Device? device = null)
            : this(Ptr(pt_generator_new(seed, (int)(device?.type ?? DeviceType.CPU), device?.index ?? -1)), device ?? CPU)
        {
        }

        ~Generator() => Dispose(false);

        /// <summary>The CPU's own generator, which operations use when none is given.</summary>
        public static Generator Default => new(Ptr(pt_generator_default()), CPU);

        public IntPtr Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(Generator));

        public Device device { get; }

        public Generator manual_seed(long seed) => Act(pt_generator_seed(Handle, (ulong)seed), this);

        public long initial_seed() => Ask(pt_generator_initial_seed(Handle), this);

        public Tensor get_state() => New(pt_generator_state(Handle), this);

        public void set_state(Tensor value) => Act(pt_generator_set_state(Handle, value.Handle), this, value);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var mine = Interlocked.Exchange(ref handle, 0);
            if (mine != 0) pt_generator_free(mine);
        }
    }

    public static partial class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);
    }

    public static unsafe partial class autograd
    {
        /// <summary>
        /// Gradients of the outputs with respect to the inputs. With allow_unused, the gradient of an input that took no
        /// part is an invalid Tensor (<see cref="Tensor.IsInvalid"/>).
        /// </summary>
        public static IList<Tensor> grad(
            IList<Tensor> outputs,
            IList<Tensor> inputs,
            IList<Tensor>? grad_outputs = null,
            bool retain_graph = false,
            bool create_graph = false,
            bool allow_unused = false)
        {
            var (o, i, g) = (Handles(outputs), Handles(inputs), Handles(grad_outputs ?? []));
            var block = pt_autograd_grad(o, o.Length, i, i.Length, g, g.Length, retain_graph, create_graph, allow_unused);
            return List(block, outputs, inputs, grad_outputs);
        }

        public static void backward(
            IList<Tensor> tensors,
            IList<Tensor>? grad_tensors = null,
            bool? retain_graph = null,
            bool create_graph = false,
            IList<Tensor>? inputs = null)
        {
            var (t, g, i) = (Handles(tensors), Handles(grad_tensors ?? []), Handles(inputs ?? []));
            var failed = pt_backward(t, t.Length, g, g.Length, retain_graph ?? create_graph, create_graph, i, i.Length);
            Act(failed, tensors, grad_tensors, inputs);
        }

        public static void backward(
            Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);
    }

    public static partial class nn
    {
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        public static partial class functional
        {
            /// <summary>x·weightsᵀ + bias; weights are (outputs, inputs).</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                New(pt_linear(input.Handle, weights.Handle, Maybe(bias)), input, weights, bias);

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_().alias() : x.relu();

            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_().alias() : x.silu();

            public static Tensor gelu(Tensor x) => x.gelu();

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            /// <summary>input (N, C) or (N, C, ...) of logits, target (N) or (N, ...) of int64 classes, or of probabilities as the input.</summary>
            public static Tensor cross_entropy(
                Tensor input,
                Tensor target,
                Tensor? weight = null,
                long ignore_index = -100,
                Reduction reduction = Reduction.Mean,
                double label_smoothing = 0.0) =>
                New(pt_cross_entropy(input.Handle, target.Handle, Maybe(weight), (long)reduction, ignore_index, label_smoothing), input, target, weight);

            /// <summary>input (N, C) of log-probabilities, target (N) of int64 classes.</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                New(pt_nll_loss(input.Handle, target.Handle, Maybe(weight), (long)reduction), input, target, weight);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                New(pt_mse_loss(input.Handle, target.Handle, (long)reduction), input, target);

            public static Tensor binary_cross_entropy_with_logits(
                Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean, Tensor? pos_weights = null)
            {
                var loss = pt_bce_with_logits(input.Handle, target.Handle, Maybe(weight), Maybe(pos_weights), (long)reduction);
                return New(loss, input, target, (weight, pos_weights));
            }
        }
    }
}

using TorchSharp.Utils;
using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A libtorch tensor. Owns one native handle; freed by <see cref="Dispose()"/>, by its dispose scope, or by the finalizer.
    /// </summary>
    public sealed partial class Tensor : IDisposable
    {
        private static long totalCount;
        private nint handle;

        internal Tensor(nint handle)
        {
            this.handle = handle;
            if (handle == 0)
            {
                GC.SuppressFinalize(this);
                return;
            }

            Interlocked.Increment(ref totalCount);
            DisposeScope.Current?.Add(this);
        }

        ~Tensor() => Free();

        /// <summary>How many tensors are alive in this process.</summary>
        public static long TotalCount => Interlocked.Read(ref totalCount);

        internal DisposeScope? OwningScope { get; set; }

        internal int PlaceInScope { get; set; }

        public string? name { get; set; }

        public IntPtr Handle => handle != 0 ? handle : throw new ObjectDisposedException(nameof(Tensor));

        public bool IsInvalid => handle == 0;

        public void Dispose()
        {
            if (!Free()) return;
            GC.SuppressFinalize(this);
            OwningScope?.Remove(this);
        }

        // Called by the finalizer too, so it touches no other object; whoever comes first frees.
        private bool Free()
        {
            var mine = Interlocked.Exchange(ref handle, 0);
            if (mine == 0) return false;
            pt_free(mine);
            Interlocked.Decrement(ref totalCount);
            return true;
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningScope is { } scope) scope.MoveToOther(other, this);
            else other?.Attach(this);
            return this;
        }

        public long Dimensions => Ask(pt_dim(Handle), this);

        public long dim() => Dimensions;

        public long ndim => Dimensions;

        public long NumberOfElements => Ask(pt_numel(Handle), this);

        public long numel() => NumberOfElements;

        public long ElementSize => Ask(pt_element_size(Handle), this);

        public long element_size() => ElementSize;

        public ScalarType dtype => (ScalarType)Ask(pt_dtype(Handle), this);

        public Device device => device_type == DeviceType.CPU ? CPU : new Device(device_type, device_index);

        public DeviceType device_type => (DeviceType)Ask(pt_device_type(Handle), this);

        public int device_index => (int)Ask(pt_device_index(Handle), this);

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_contiguous() => Ask(pt_is_contiguous(Handle), this) != 0;

        public bool is_leaf => Ask(pt_is_leaf(Handle), this) != 0;

        public bool is_nonzero() => ToBoolean(this);

        public long storage_offset() => Ask(pt_storage_offset(Handle), this);

        public long[] shape => Numbers(pt_sizes(Handle));

        public long[] size() => shape;

        public long size(int dim) => Ask(pt_size(Handle, dim), this);

        public long[] stride() => Numbers(pt_strides(Handle));

        public long stride(int dim) => Ask(pt_stride(Handle, dim), this);

        private unsafe long[] Numbers(nint first)
        {
            var numbers = new ReadOnlySpan<long>((void*)Ptr(first), (int)Dimensions).ToArray();
            GC.KeepAlive(this);
            return numbers;
        }

        public bool requires_grad
        {
            get => Ask(pt_requires_grad(Handle), this) != 0;
            set => Act(pt_set_requires_grad(Handle, value), this);
        }

        public Tensor requires_grad_(bool requires_grad = true) => Act(pt_set_requires_grad(Handle, requires_grad), this);

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public void retain_grad() => Act(pt_retain_grad(Handle), this);

        /// <summary>The accumulated gradient, as a new Tensor object on every read; null where there is none.</summary>
        public Tensor? grad
        {
            get
            {
                var gradient = Ptr(pt_grad(Handle), this);
                if (Ask(pt_defined(gradient)) != 0) return new Tensor(gradient);
                pt_free(gradient);
                return null;
            }
            set => Act(pt_set_grad(Handle, Maybe(value)), this, value);
        }

        public void backward() => autograd.backward([this]);

        public void backward(
            IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);

        /// <summary>The elements; T must be the .NET type of the dtype. A tensor elsewhere is copied to the CPU first.</summary>
        public TensorAccessor<T> data<T>()
            where T : unmanaged => new(device_type == DeviceType.CPU ? this : cpu());

        /// <summary>The one element of a tensor of one element.</summary>
        public T item<T>()
            where T : unmanaged
        {
            if (NumberOfElements != 1) throw new ArgumentException($"item() needs one element; the tensor has {NumberOfElements}.");
            if (device_type == DeviceType.CPU) return data<T>()[0];
            using var here = cpu();
            return here.data<T>()[0];
        }

        /// <summary>The memory of a contiguous tensor on the CPU, at most 2 GiB; valid while the tensor lives.</summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_contiguous()) throw new InvalidOperationException("bytes needs a contiguous tensor.");
                if (device_type != DeviceType.CPU) throw new InvalidOperationException("bytes needs a tensor on the CPU.");
                var length = checked((int)(NumberOfElements * ElementSize));
                return length == 0 ? [] : new Span<byte>((void*)Ptr(pt_data(Handle)), length);
            }
            set
            {
                var target = bytes;
                if (target.Length != value.Length)
                    throw new ArgumentException($"The tensor has {target.Length} bytes, {value.Length} were given.");
                value.CopyTo(target);
            }
        }

        private static bool ToBoolean(Tensor t) => TensorExtensionMethods.ToBoolean(t);

        /// <summary>Shape, dtype and device, as TorchSharp's Metadata style.</summary>
        public override string ToString() =>
            IsInvalid ? "(disposed tensor)" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
    }
}

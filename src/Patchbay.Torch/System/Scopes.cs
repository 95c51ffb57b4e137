using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>
/// Disposes, at its end, the tensors made on its thread since its beginning, but for those moved out or detached.
/// Scopes nest, and each thread has its own.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic] private static DisposeScope? current;

    // Each tensor knows its place, so that leaving is one swap; only the scope's own thread changes the list.
    private readonly List<Tensor> tensors = [];
    private readonly int thread = Environment.CurrentManagedThreadId;
    private DisposeScope? outer;
    private bool disposed;

    internal DisposeScope()
    {
        outer = current;
        current = this;
    }

    internal static DisposeScope? Current => current;

    public IReadOnlyList<IDisposable> DisposablesView => Alive.tensors.Where(t => !t.IsInvalid).ToArray();

    public int DisposablesCount => Alive.tensors.Count(t => !t.IsInvalid);

    private DisposeScope Alive => disposed ? throw new ObjectDisposedException(nameof(DisposeScope)) : this;

    internal void Add(Tensor tensor)
    {
        tensor.OwningScope = this;
        tensor.PlaceInScope = tensors.Count;
        tensors.Add(tensor);
    }

    internal void Remove(Tensor tensor)
    {
        // Disposed on another thread: its entry stays, empty, until the scope ends.
        if (Environment.CurrentManagedThreadId != thread && tensor.IsInvalid) return;
        var last = tensors[^1];
        tensors[tensor.PlaceInScope] = last;
        last.PlaceInScope = tensor.PlaceInScope;
        tensors.RemoveAt(tensors.Count - 1);
        tensor.OwningScope = null;
    }

    public bool Contains(IDisposable disposable) => disposable is Tensor t && ReferenceEquals(t.OwningScope, this) && !t.IsInvalid;

    public T MoveToOuter<T>(T disposable)
        where T : IDisposable => MoveToOther(outer, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (MoveToOuter(first), MoveToOuter(second));

    public (T1 first, T2 second, T3 third) MoveToOuter<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (MoveToOuter(first), MoveToOuter(second), MoveToOuter(third));

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOther(outer, disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables) => MoveToOther(outer, disposables);

    /// <summary>Hands a tensor of this scope to another one; to nobody when <paramref name="scope"/> is null.</summary>
    public T MoveToOther<T>(DisposeScope? scope, T disposable)
        where T : IDisposable
    {
        if (Alive.Contains(disposable) && disposable is Tensor tensor)
        {
            Remove(tensor);
            scope?.Add(tensor);
        }

        return disposable;
    }

    public void MoveToOther(DisposeScope? scope, params IDisposable[] disposables) => MoveToOther(scope, disposables.AsEnumerable());

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        foreach (var disposable in disposables) MoveToOther<IDisposable>(scope, disposable);
    }

    public T Detach<T>(T disposable)
        where T : IDisposable => MoveToOther(null, disposable);

    public (T1 first, T2 second) Detach<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable => (Detach(first), Detach(second));

    public (T1 first, T2 second, T3 third) Detach<T1, T2, T3>(T1 first, T2 second, T3 third)
        where T1 : IDisposable
        where T2 : IDisposable
        where T3 : IDisposable => (Detach(first), Detach(second), Detach(third));

    public void Detach(params IDisposable[] disposables) => MoveToOther(null, disposables);

    public void Detach(IEnumerable<IDisposable> disposables) => MoveToOther(null, disposables);

    /// <summary>Takes a tensor from wherever it belongs into this scope.</summary>
    public void Attach(IDisposable disposable)
    {
        if (disposable is not Tensor tensor) throw new InvalidOperationException("A dispose scope manages tensors only.");
        if (Alive.Contains(tensor)) return;
        tensor.OwningScope?.Remove(tensor);
        Add(tensor);
    }

    public void Attach(params IDisposable[] disposables) => Attach(disposables.AsEnumerable());

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        var all = disposables.ToArray();
        foreach (var disposable in all) Attach(disposable);
        return all;
    }

    public void DisposeEverything() => DisposeEverythingBut();

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        var keep = new HashSet<IDisposable>(inKeep, ReferenceEqualityComparer.Instance);
        // Backwards: the swap in Remove then only moves tensors already kept.
        for (var i = Alive.tensors.Count - 1; i >= 0; i--)
        {
            if (keep.Count == 0 || !keep.Contains(tensors[i])) tensors[i].Dispose();
        }
    }

    public void DisposeEverythingBut(params IDisposable[] keep) => DisposeEverythingBut(keep.AsEnumerable());

    public T DisposeEverythingBut<T>(T keep)
        where T : IDisposable
    {
        DisposeEverythingBut([keep]);
        return keep;
    }

    public void MarkAsDisposed(IDisposable disposable)
    {
        if (Alive.Contains(disposable)) Remove((Tensor)disposable);
    }

    public void Dispose()
    {
        if (disposed) return;
        foreach (var tensor in CollectionsMarshal.AsSpan(tensors))
        {
            tensor.OwningScope = null;
            tensor.Dispose();
        }

        tensors.Clear();
        Leave();
        disposed = true;
    }

    // Out of the thread's chain of scopes, also when an inner one is still open.
    private void Leave()
    {
        if (ReferenceEquals(current, this)) current = outer;
        for (var scope = current; scope is not null; scope = scope.outer)
        {
            if (ReferenceEquals(scope.outer, this)) scope.outer = outer;
        }
    }
}

public static partial class torch
{
    public static DisposeScope NewDisposeScope() => new();

    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    public static bool is_grad_enabled() => Native.Ask(Native.pt_grad_enabled()) != 0;

    /// <summary>As no_grad, and without version counters: its tensors can never enter a graph. Dispose on the same thread.</summary>
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    private sealed class GradMode : IDisposable
    {
        private readonly bool before = is_grad_enabled();

        public GradMode(bool enabled) => Set(enabled);

        public void Dispose() => Set(before);

        private void Set(bool enabled) => Native.Act(Native.pt_set_grad_enabled(enabled), this);
    }

    private sealed class InferenceMode(bool mode) : IDisposable
    {
        private nint guard = Native.Ptr(Native.pt_inference_begin(mode));

        public void Dispose()
        {
            if (guard == 0) return;
            Native.Act(Native.pt_inference_end(guard), this);
            guard = 0;
        }
    }
}

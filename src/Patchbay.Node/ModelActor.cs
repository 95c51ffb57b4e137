using System.Diagnostics;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Node;

/// <summary>A loaded model that runs units.</summary>
public interface IUnitRunner : IDisposable
{
    /// <summary>Fingerprint of the checkpoint that was loaded.</summary>
    string Fingerprint { get; }

    /// <summary>Runs a unit.</summary>
    /// <param name="order">The unit.</param>
    /// <param name="progress">Told the share done, 0 to 1, however often.</param>
    /// <param name="cancel">Asked often.</param>
    /// <exception cref="InvalidDataException">It can never be run: the message says why.</exception>
    IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress, CancellationToken cancel);
}

/// <summary>Loads models: from checkpoints, or in a simulation from nothing.</summary>
public interface IModelSource
{
    /// <summary>Loads one.</summary>
    /// <exception cref="InvalidDataException">It can never be loaded, or is not the model that the sweep was planned
    /// with.</exception>
    IUnitRunner Open(ModelKey model, CancellationToken cancel);
}

/// <summary>
/// Owns one checkpoint on one device and runs units one at a time. Loads when first needed; a unit that fails costs it
/// all that it holds, so that the next one starts on clean ground.
/// </summary>
/// <param name="model">Which.</param>
/// <param name="source">Loads it.</param>
/// <param name="reply">Takes what it has to say.</param>
public sealed class ModelActor(ModelKey model, IModelSource source, Action<CoordinatorMessage> reply) : IDisposable
{
    private static readonly TimeSpan SayEvery = TimeSpan.FromMilliseconds(200);

    private IUnitRunner? runner;

    /// <summary>Does what a message asks, to the end.</summary>
    public void Handle(ModelMessage message, CancellationToken cancel)
    {
        switch (message)
        {
            case RunUnit(var order): Run(order, cancel); break;
            case LoadModel: Load(cancel); break;
            case UnloadModel: Unload(null); break;
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        runner?.Dispose();
        runner = null;
    }

    private void Run(UnitOrder order, CancellationToken cancel)
    {
        try
        {
            cancel.ThrowIfCancellationRequested();
            Open(cancel);
            reply(new UnitWorking(model, order.Sweep, order.Unit, 0));
            var (clock, said) = (Stopwatch.StartNew(), TimeSpan.Zero);
            var results = runner!.Run(order, share =>
            {
                if (clock.Elapsed - said < SayEvery) return;
                said = clock.Elapsed;
                reply(new UnitWorking(model, order.Sweep, order.Unit, share));
            }, cancel);
            reply(new UnitDone(model, order, results, runner.Fingerprint, clock.Elapsed.TotalSeconds));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            reply(new UnitDropped(model, order));
        }
#pragma warning disable CA1031 // Whatever went wrong becomes a recorded failure of this unit; the sweep goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Unload(null);
            reply(new UnitBroke(model, order, Sentence(e), e is InvalidDataException));
        }
    }

    private void Load(CancellationToken cancel)
    {
        try
        {
            Open(cancel);
        }
#pragma warning disable CA1031 // Loading ahead of time may fail; the unit that needs the model will say so again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Unload(Sentence(e));
        }
    }

    private void Open(CancellationToken cancel)
    {
        if (runner is not null) return;
        runner = source.Open(model, cancel);
        reply(new ModelLoaded(model));
    }

    private void Unload(string? error)
    {
        Dispose();
        reply(new ModelUnloaded(model, error));
    }

    private static string Sentence(Exception e)
    {
        var text = string.Join(' ', e.Message.Split((char[])['\r', '\n', '\t', ' '],
            StringSplitOptions.RemoveEmptyEntries));
        return e is InvalidDataException or IOException ? text : $"a fault of Patchbay itself ({text})";
    }
}

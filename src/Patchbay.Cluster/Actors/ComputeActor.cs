using System.Diagnostics;
using Akka.Actor;
using Patchbay.Experiments;

namespace Patchbay.Cluster.Actors;

/// <summary>Compute a unit.</summary>
internal sealed record Compute(UnitOrder Order, string Worker, string Device, CancellationToken Stop) : ILocalMessage;

/// <summary>A unit has come so far.</summary>
internal sealed record UnitMoved(double Share, CancellationToken Stop) : ILocalMessage;

/// <summary>A unit has ended; without an outcome where it was stopped.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Stop">What would have stopped it.</param>
/// <param name="Refused">Whether the checkpoint is not here, or another: it may be on another node.</param>
internal sealed record UnitEnded(UnitOutcome? Outcome, CancellationToken Stop, bool Refused = false) : ILocalMessage;

/// <summary>Load the checkpoint, if it is not.</summary>
internal sealed record LoadNow(string Device) : ILocalMessage;

/// <summary>It is loaded, or cannot be: the first unit will say why.</summary>
internal sealed record ModelLoaded : ILocalMessage
{
    public static ModelLoaded Instance { get; } = new();
}

/// <summary>Free the checkpoint.</summary>
internal sealed record FreeModel : ILocalMessage
{
    public static FreeModel Instance { get; } = new();
}

/// <summary>It is freed.</summary>
internal sealed record ModelFreed : ILocalMessage
{
    public static ModelFreed Instance { get; } = new();
}

/// <summary>Runs units of one model, on a thread of its own, and loads the checkpoint when the first comes. A unit that
/// fails costs all that it holds, so that the next one starts on clean ground.</summary>
internal sealed class ComputeActor : ReceiveActor
{
    private static readonly TimeSpan SayEvery = TimeSpan.FromMilliseconds(200);
    private readonly ModelKey key;
    private readonly IModelSource source;
    private readonly string code;
    private IUnitRunner? runner;

    public ComputeActor(ModelKey key, IModelSource source, string code)
    {
        (this.key, this.source, this.code) = (key, source, code);
        Receive<Compute>(message => Context.Parent.Tell(Run(message)));
        Receive<LoadNow>(message =>
        {
            Load(message.Device);
            Context.Parent.Tell(ModelLoaded.Instance);
        });
        Receive<FreeModel>(_ =>
        {
            Free();
            Context.Parent.Tell(ModelFreed.Instance);
        });
    }

    protected override void PostStop() => Free();

    private UnitEnded Run(Compute message)
    {
        var (order, parent) = (message.Order, Context.Parent);
        var (clock, said) = (Stopwatch.StartNew(), TimeSpan.Zero);
        UnitOutcome Outcome(IReadOnlyList<Sweeps.InterventionResult>? results, string? error, bool permanent) => new(
            order.Sweep, message.Worker, order.Unit, order.Attempt, results, runner?.Fingerprint ?? "", code,
            clock.Elapsed.TotalSeconds, error, permanent);
        try
        {
            message.Stop.ThrowIfCancellationRequested();
            runner ??= source.Open(key with { Device = message.Device }, message.Stop);
            clock.Restart();
            var results = runner.Run(order, share =>
            {
                if (clock.Elapsed - said < SayEvery) return;
                said = clock.Elapsed;
                parent.Tell(new UnitMoved(share, message.Stop));
            }, message.Stop);
            return new(Outcome(results, null, false), message.Stop);
        }
        catch (OperationCanceledException) when (message.Stop.IsCancellationRequested)
        {
            return new(null, message.Stop);
        }
#pragma warning disable CA1031 // Whatever went wrong becomes a recorded failure of this unit; the sweep goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var isRefused = runner is null && e is InvalidDataException;
            Free();
            return new(Outcome(null, Sentence(e), e is InvalidDataException), message.Stop, isRefused);
        }
    }

    private void Load(string device)
    {
        try
        {
            runner ??= source.Open(key with { Device = device }, CancellationToken.None);
        }
#pragma warning disable CA1031 // Loading ahead of time may fail; the unit that needs the model will say so again.
        catch (Exception)
#pragma warning restore CA1031
        {
            Free();
        }
    }

    private void Free()
    {
        runner?.Dispose();
        runner = null;
    }

    private static string Sentence(Exception e)
    {
        var text = string.Join(' ', e.Message.Split((char[])['\r', '\n', '\t', ' '],
            StringSplitOptions.RemoveEmptyEntries));
        return e is InvalidDataException or IOException ? text : $"a fault of Patchbay itself ({text})";
    }
}

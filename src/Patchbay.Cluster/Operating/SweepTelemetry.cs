using System.Diagnostics;
using Akka.Event;
using Patchbay.Cluster.Dispatch;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Operating;

/// <summary>What the actor of a sweep tells operators, in metrics, traces and the log, of each step that it has
/// recorded.</summary>
internal sealed class SweepTelemetry(string sweep, ILoggingAdapter log)
{
    private readonly UnitTraces traces = new(sweep);

    /// <summary>A step is recorded.</summary>
    /// <param name="step">The step.</param>
    /// <param name="began">Timestamp of <see cref="Stopwatch"/> when its events were handed to the journal.</param>
    public void Recorded(Step step, long began)
    {
        var state = step.State;
        var recording = Stopwatch.GetElapsedTime(began);
        Telemetry.JournalLatency.Record(recording.TotalSeconds);
        foreach (var happened in step.Events) Tell(happened, state);
        if (step.Taken is { } outcome)
        {
            var failed = step.Events.OfType<UnitFailed>().FirstOrDefault(f => f.Unit == outcome.Unit);
            traces.Recorded(outcome, recording, failed?.Error);
        }
        foreach (var given in step.HandOuts) traces.HandedOut(given, state);
    }

    private void Tell(SweepEvent happened, SweepState state)
    {
        switch (happened)
        {
            case SweepPlanned { Plan: var plan }:
                log.Info("sweep {Sweep} planned: study {Study}, {Stages} stages on {Models} models", sweep, plan.Study,
                    plan.Stages.Count, plan.Models.Count);
                break;
            case SweepStarted: log.Info("sweep {Sweep} started", sweep); break;
            case SweepPaused: log.Info("sweep {Sweep} paused", sweep); break;
            case SweepResumed: log.Info("sweep {Sweep} resumed", sweep); break;
            case SweepCancelled: log.Info("sweep {Sweep} cancelled", sweep); break;
            case SweepRetried retried:
                log.Info("sweep {Sweep}: {Units} units are tried again", sweep, retried.Units.Count);
                break;
            case SweepCompleted { Failures: 0 }: log.Info("sweep {Sweep} completed", sweep); break;
            case SweepCompleted completed:
                log.Warning("sweep {Sweep} completed, {Units} units set aside", sweep, completed.Failures);
                break;
            case StageBegun begun:
                log.Info("sweep {Sweep}: stage {Stage} began with {Units} units", sweep, begun.Stage,
                    begun.Units.Count);
                break;
            case UnitCompleted done:
                Telemetry.Results.Add(state.Unit(done.Unit)!.Results.Length, TagsOf(done.Unit, state));
                log.Debug("sweep {Sweep}: unit {Unit} recorded, {Seconds} s on {Node}", sweep, done.Unit, done.Seconds,
                    done.Node);
                break;
            case UnitFailed failed:
                Telemetry.Failures.Add(1, TagsOf(failed.Unit, state));
                log.Warning("sweep {Sweep}: unit {Unit} failed, attempt {Attempt} on {Node}: {Error}", sweep,
                    failed.Unit, failed.Attempt, failed.Node, failed.Error);
                break;
            case UnitSetAside aside:
                log.Error("sweep {Sweep}: unit {Unit} is set aside", sweep, aside.Unit);
                break;
        }
    }

    private static TagList TagsOf(string unit, SweepState state)
    {
        var stage = state.Stages[UnitId.StageOf(unit)].Stage;
        return Telemetry.Tags(stage.Model, stage.Kind);
    }
}

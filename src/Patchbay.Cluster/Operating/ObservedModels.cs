using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Event;
using Patchbay.Experiments;
using Patchbay.Sweeps;

namespace Patchbay.Cluster.Operating;

/// <summary>A source of models that knows which are loaded, how long each of their units takes, and tells the log when
/// one is loaded or freed.</summary>
/// <param name="source">The source.</param>
/// <param name="log">The log; made when it is first needed.</param>
internal sealed class ObservedModels(IModelSource source, Func<ILoggingAdapter> log) : IModelSource
{
    private readonly ConcurrentDictionary<Runner, ModelKey> loaded = new();

    /// <summary>Bytes of the weights that are loaded now, by the model's name.</summary>
    public IEnumerable<(string Model, long Bytes)> Loaded => loaded.Values.GroupBy(model => model.Name)
        .Select(same => (same.Key, same.Sum(model => model.Model.Bytes)));

    /// <inheritdoc/>
    public IUnitRunner Open(ModelKey model, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var runner = new Runner(this, model, source.Open(model, cancel));
            loaded[runner] = model;
            log().Info("model {Model} loaded on {Device} in {Seconds} s, {Bytes} bytes", model.Name, model.Device,
                Rounded(began), model.Model.Bytes);
            return runner;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log().Error("model {Model} could not be loaded: {Error}", model.Name, e.Message);
            throw;
        }
    }

    private void Free(Runner runner)
    {
        if (loaded.TryRemove(runner, out var model))
            log().Info("model {Model} freed, {Bytes} bytes", model.Name, model.Model.Bytes);
    }

    private static double Rounded(long began) => Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3);

    private sealed class Runner(ObservedModels models, ModelKey model, IUnitRunner runner) : IUnitRunner
    {
        public string Fingerprint => runner.Fingerprint;

        public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress, CancellationToken cancel)
        {
            var began = Stopwatch.GetTimestamp();
            var outcome = "failed";
            try
            {
                var results = runner.Run(order, progress, cancel);
                outcome = "done";
                return results;
            }
            finally
            {
                var tags = Telemetry.Tags(model.Name, order.Stage.Kind);
                tags.Add("outcome", outcome);
                Telemetry.UnitDuration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, tags);
            }
        }

        public void Dispose()
        {
            runner.Dispose();
            models.Free(this);
        }
    }
}

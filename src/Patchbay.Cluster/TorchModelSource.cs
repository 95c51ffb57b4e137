using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Models.Libtorch;
using Patchbay.Sweeps;
using TorchSharp;
using static TorchSharp.torch;

namespace Patchbay.Cluster;

/// <summary>Loads models from their checkpoints, and refuses one that is not what its sweep was planned with.</summary>
/// <param name="artifacts">Where prompt files are, and what units keep for others.</param>
/// <param name="experiments">The experiments that it can run.</param>
public sealed class TorchModelSource(IArtifacts artifacts, IReadOnlyList<Experiment> experiments) : IModelSource
{
    /// <inheritdoc/>
    public IUnitRunner Open(ModelKey model, CancellationToken cancel)
    {
        using var computing = ComputingScope.Begin();
        return new Runner(model, artifacts, experiments, cancel);
    }

    /// <summary>A dtype by its name.</summary>
    public static ScalarType DtypeOf(string name) => name switch
    {
        "float16" => ScalarType.Float16,
        "bfloat16" => ScalarType.BFloat16,
        "float64" => ScalarType.Float64,
        _ => ScalarType.Float32,
    };

    /// <summary>A device by its name.</summary>
    /// <exception cref="InvalidDataException">There is no such device here.</exception>
    public static Device DeviceOf(string name)
    {
        if (name == "cpu") return new Device(DeviceType.CPU); // torch.CPU loads libtorch, which may take its time yet
        var devices = cuda.is_available() ? cuda.device_count() : 0;
        if (name == "cuda") name = "cuda:0"; // the first of any
        return int.TryParse(name.AsSpan(name.IndexOf(':') + 1), out var index) && index < devices
            ? new Device(DeviceType.CUDA, index)
            : throw new InvalidDataException($"there is no device {name}: libtorch sees {devices} CUDA devices here");
    }

    private sealed class Runner : IUnitRunner
    {
        private readonly ModelKey key;
        private readonly ModelSession session;
        private readonly IReadOnlyList<Experiment> experiments;
        private IReadOnlyList<(string Path, long Length, DateTime Written)> stamps;

        public Runner(ModelKey key, IArtifacts artifacts, IReadOnlyList<Experiment> experiments,
            CancellationToken cancel)
        {
            (this.key, this.experiments) = (key, experiments);
            using var checkpoint = Checkpoint.Open(key.Model.Path, key.Model.Adapter);
            stamps = Stamps(checkpoint);
            Fingerprint = Same(checkpoint, cancel);
            var weights = checkpoint.Load(DtypeOf(key.Dtype), DeviceOf(key.Device), null, cancel);
            session = new ModelSession(new Decoder(checkpoint.Config, weights) { ExactRotary = key.ExactRotary },
                SweepPlanner.EncoderOf(key.Model.Path, key.Model.Adapter, key.Model.Tokenizer), artifacts);
        }

        public string Fingerprint { get; }

        public IReadOnlyList<InterventionResult> Run(UnitOrder order, Action<double> progress, CancellationToken cancel)
        {
            using var computing = ComputingScope.Begin();
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            set_num_threads(key.Threads); // of this thread; the unit before may have been another sweep's
            Unchanged(cancel);
            var experiment = experiments.FirstOrDefault(e => e.Name == order.Stage.Kind)
                ?? throw new InvalidDataException(
                $"this Patchbay knows no experiment '{order.Stage.Kind}', only "
                    + $"{string.Join(", ", experiments.Select(e => e.Name))}");
            return experiment.Run(order, session, progress, cancel);
        }

        public void Dispose()
        {
            session.Dispose();
            TorchRuntime.ReturnFreedMemory();
        }

        /// <summary>Looks whether a file was touched since, and if one was, whether its bytes are still the
        /// same.</summary>
        private void Unchanged(CancellationToken cancel)
        {
            using var checkpoint = Checkpoint.Open(key.Model.Path, key.Model.Adapter);
            var now = Stamps(checkpoint);
            if (now.SequenceEqual(stamps)) return;
            Same(checkpoint, cancel);
            stamps = now;
        }

        private string Same(Checkpoint checkpoint, CancellationToken cancel)
        {
            var found = checkpoint.ComputeFingerprint(null, cancel);
            return found == key.Model.Fingerprint ? found
                : throw new InvalidDataException($"the checkpoint of {key.Name} at {key.Model.Path} has changed "
                + $"since the sweep was planned: its fingerprint is {found[..12]}, expected "
                    + $"{key.Model.Fingerprint[..Math.Min(12, key.Model.Fingerprint.Length)]}");
        }

        private static (string, long, DateTime)[] Stamps(Checkpoint checkpoint) =>
            [.. checkpoint.Files.Select(f => (f, new FileInfo(f).Length, File.GetLastWriteTimeUtc(f)))];
    }
}

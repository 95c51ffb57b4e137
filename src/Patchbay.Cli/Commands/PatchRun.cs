using Patchbay.Cli.Results;
using Patchbay.Experiments;
using Patchbay.Models;
using Patchbay.Tasks;

namespace Patchbay.Cli.Commands;

/// <summary>Loading a checkpoint and path-patching it under progress bars, as several commands do.</summary>
internal static class PatchRun
{
    /// <summary>Loads the weights.</summary>
    public static Llama Load(Call call, Checkpoint checkpoint, Compute.Choice choice) => call.WithProgress("loading", report =>
        new Llama(checkpoint.Config, checkpoint.Load(choice.Dtype, choice.Device,
            new Direct<LoadProgress>(p => report("loading", p.BytesDone / (double)p.BytesTotal)), call.Interrupted)));

    /// <summary>The checkpoint's fingerprint, under a progress bar.</summary>
    public static string Fingerprint(Call call, Checkpoint checkpoint) => call.WithProgress("fingerprint", report =>
        checkpoint.ComputeFingerprint(new Direct<double>(done => report("fingerprint", done)), call.Interrupted));

    /// <summary>Path-patches every head; <paramref name="of"/> stands before what the progress bar says.</summary>
    public static PathPatchingResult Patch(Call call, Llama model, PromptSet prompts, PathPatchingOptions options, string of = "") =>
        call.WithProgress($"{of}path patching", report => PathPatching.Run(model, prompts, PathChain.EntityTracking, options,
            new Direct<PathPatchingProgress>(p => report($"{of}group {p.Group}", p.Fraction)), call.Interrupted));

    /// <summary>A result as a report; the caller fills in what it was run on.</summary>
    public static ScoreReport Report(PathPatchingResult result, PathPatchingOptions options) => new()
    {
        Model = "",
        Task = "",
        Prompts = result.Correct.Length,
        Dtype = "",
        Device = "",
        Threads = 0,
        Accuracy = result.Correct.Count(c => c) / (double)result.Correct.Length,
        Evaluator = options.Reference ? "reference" : "cone",
        Groups = PathPatchingOutput.Groups(result),
        SecondsTotal = result.Seconds,
        PeakRssBytes = ProcessMemory.PeakBytes(),
    };

    /// <summary>Progress told at once, on the thread that reports it.</summary>
    internal sealed class Direct<T>(Action<T> tell) : IProgress<T>
    {
        /// <inheritdoc/>
        public void Report(T value) => tell(value);
    }
}

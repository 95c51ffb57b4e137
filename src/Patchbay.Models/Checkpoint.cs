using System.Security.Cryptography;
using System.Text;
using Patchbay.Models.Weights;

namespace Patchbay.Models;

/// <summary>How far <see cref="Checkpoint.Load"/> has come.</summary>
/// <param name="Tensor">The tensor that was just loaded.</param>
/// <param name="BytesDone">Stored bytes read so far.</param>
/// <param name="BytesTotal">Stored bytes to be read.</param>
public sealed record LoadProgress(string Tensor, long BytesDone, long BytesTotal);

/// <summary>A model on disk, open for reading: a folder in Hugging Face's layout, a llama2.c checkpoint, or a PEFT LoRA
/// adapter together with its base. Opening reads headers only and checks all names and shapes against the
/// configuration.</summary>
public sealed class Checkpoint : IDisposable
{
    private readonly CheckpointSource source;

    private Checkpoint(CheckpointSource source, LoraAdapter? adapter)
    {
        (this.source, Adapter) = (source, adapter);
        Tensors = [.. source.Stored.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];
    }

    /// <summary>The folder of the weights; of the base where there is an adapter.</summary>
    public string Folder => source.Folder;

    /// <summary>The folder of the tokenizer: the adapter's where that has one of its own, otherwise
    /// <see cref="Folder"/>.</summary>
    public string TokenizerFolder => TokenizerFolderOf(Folder, Adapter?.Folder);

    /// <summary>The same, of a checkpoint's folder and an adapter's, before either is opened.</summary>
    public static string TokenizerFolderOf(string folder, string? adapter) =>
        adapter is not null && File.Exists(Path.Combine(adapter, "tokenizer.json")) ? adapter : folder;

    /// <summary>Shape and constants of the model.</summary>
    public DecoderConfig Config => source.Config;

    /// <summary>The stored tensors in order of their names, without the adapter's.</summary>
    public IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>The adapter that is merged in at loading, or null.</summary>
    public LoraAdapter? Adapter { get; }

    /// <summary>Paths of configuration, weights, and the adapter's two.</summary>
    public IReadOnlyList<string> Files => [.. source.Files, .. Adapter?.Files ?? []];

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">A folder with config.json and weights, a llama2.c .bin or a folder with one, or a PEFT
    /// adapter's folder, whose base_model_name_or_path leads to the base (relative to the adapter's folder).</param>
    /// <param name="adapter">An adapter's folder for the base at <paramref name="path"/>, whatever it names; or
    /// null.</param>
    /// <exception cref="InvalidDataException">A file is damaged, refers to anything but tensors, or is of a kind that
    /// is not supported; the message is a sentence that names file, field or tensor, what was expected and
    /// found.</exception>
    /// <exception cref="FileNotFoundException">A file is missing; the message says what was looked for.</exception>
    /// <exception cref="DirectoryNotFoundException">A folder is missing.</exception>
    public static Checkpoint Open(string path, string? adapter = null)
    {
        if (adapter is null && File.Exists(Path.Combine(path, LoraAdapter.SettingsName))) adapter = path;
        if (adapter is null) return new(CheckpointSource.Open(path), null);
        var settingsPath = Path.Combine(adapter, LoraAdapter.SettingsName);
        if (!File.Exists(settingsPath))
            throw new FileNotFoundException(
                $"{adapter} is no adapter: looked for {LoraAdapter.SettingsName}.", settingsPath);
        var settings = LoraSettings.Read(settingsPath);
        if (ReferenceEquals(adapter, path)) path = BaseOf(adapter, settingsPath, settings);
        return Opening.CloseOnError(CheckpointSource.Open(path),
            source =>
            {
                var opened = LoraAdapter.Open(adapter, settings, source.Config);
                return new Checkpoint(source.With(opened), opened);
            });
    }

    private static string BaseOf(string adapter, string settingsPath, LoraSettings settings)
    {
        const string Advice = "give the base's folder and the adapter's";
        if (string.IsNullOrEmpty(settings.BaseModel) || settings.BaseModel.Contains('\0'))
            throw Refusal.Because(settingsPath, $"base_model_name_or_path names no folder ({Advice})");
        var folder = Path.GetFullPath(Path.Combine(adapter, settings.BaseModel));
        return Path.Exists(folder) ? folder : throw new DirectoryNotFoundException(
            $"{settingsPath} names the base {Refusal.Quote(settings.BaseModel)}, which is not at {folder}: {Advice}.");
    }

    /// <summary>Reads all weights, one tensor at a time, converted to <paramref name="dtype"/>; an adapter is merged in
    /// (in float32, or float64 where that is the dtype) before the conversion.</summary>
    /// <param name="dtype">float64, float32, float16 or bfloat16.</param>
    /// <param name="device">Where the weights go; null is the CPU.</param>
    /// <param name="progress">Told after each tensor.</param>
    /// <param name="cancellation">Asked before each tensor.</param>
    /// <returns>The weights, which belong to the caller and to no dispose scope.</returns>
    /// <exception cref="InvalidDataException">Weights contradict the configuration, or a file shrank.</exception>
    public DecoderWeights Load(
        ScalarType dtype, Device? device = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellation = default) =>
        new CheckpointLoader(source, Adapter?.Modules ?? [], dtype, device ?? CPU, progress, cancellation).Load();

    /// <summary>SHA-256 of the bytes of configuration, weights and adapter, in lower-case hexadecimal digits: the same
    /// wherever the files lie and whatever folder they are in. Reads every file once, 1 MiB at a time.</summary>
    /// <param name="progress">Told after each piece.</param>
    /// <param name="cancellation">Asked before each piece.</param>
    public string ComputeFingerprint(IProgress<ReadProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        var total = Files.Sum(f => new FileInfo(f).Length);
        var done = 0L;
        foreach (var path in Files)
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            hash.AppendData(Encoding.ASCII.GetBytes($"{stream.Length}\n"));
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
                progress?.Report(new(path, (done += count) / (double)Math.Max(total, 1)));
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Closes all files; loaded weights stay valid.</summary>
    public void Dispose()
    {
        Adapter?.Dispose();
        source.Dispose();
    }
}

/// <summary>How far the reading of a checkpoint's files is.</summary>
/// <param name="File">The file that is being read.</param>
/// <param name="Share">Share of the bytes of all files that has been read.</param>
public readonly record struct ReadProgress(string File, double Share);

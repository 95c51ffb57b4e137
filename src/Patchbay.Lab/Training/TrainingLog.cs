using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patchbay.Tasks;

namespace Patchbay.Lab.Training;

/// <summary>One line of a run's log: a step that was trained, or an evaluation after it.</summary>
public sealed record LogEntry
{
    /// <summary>Steps done so far.</summary>
    public required long Step { get; init; }

    /// <summary>Stage of the curriculum.</summary>
    public string? Stage { get; init; }

    /// <summary>Weighted mean loss over all predictions of the step, nats; null in an evaluation.</summary>
    public double? Loss { get; init; }

    /// <summary>Mean loss of the answers by kind, nats.</summary>
    public IReadOnlyDictionary<string, double>? Losses { get; init; }

    /// <summary>Learning rate of the step.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Norm of the gradient before clipping.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>Tokens of the step.</summary>
    public int? Tokens { get; init; }

    /// <summary>Seconds the step took.</summary>
    public double? Seconds { get; init; }

    /// <summary>Evaluations by name ("7 boxes"), null in a line about a step.</summary>
    public IReadOnlyDictionary<string, Proportion>? Scores { get; init; }
}

/// <summary>log.jsonl of a run: one <see cref="LogEntry"/> a line.</summary>
public static class TrainingLog
{
    /// <summary>Name of the log in a run's folder.</summary>
    public const string FileName = "log.jsonl";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The line of an entry, without its end.</summary>
    public static string Line(LogEntry entry) => JsonSerializer.Serialize(entry, Options);

    /// <summary>The entry of a line, or null where it is none.</summary>
    public static LogEntry? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<LogEntry>(line, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads a log. A last line that was cut off by a crash is left out.</summary>
    /// <exception cref="InvalidDataException">Another line is no entry; the message names it.</exception>
    public static IReadOnlyList<LogEntry> Read(string path)
    {
        LogEntry?[] entries = [.. File.ReadAllLines(path).Select(TryParse)];
        if (entries is [.. var whole, null]) entries = whole;
        var bad = Array.IndexOf(entries, null);
        if (bad >= 0)
            throw new InvalidDataException($"{path}, line {bad + 1}: expected a JSON object of a training log.");
        return entries!;
    }
}

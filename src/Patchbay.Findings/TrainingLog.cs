using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patchbay.Findings;

/// <summary>One line of a run's log: a step that was trained, or an evaluation after it, of which only step and scores
/// are told.</summary>
/// <param name="Step">Steps done so far.</param>
/// <param name="Stage">Stage of the curriculum.</param>
/// <param name="Loss">Weighted mean loss over all predictions of the step, nats.</param>
/// <param name="Losses">Mean loss of the answers by kind, nats.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="Tokens">Tokens of the step.</param>
/// <param name="Seconds">Seconds the step took.</param>
/// <param name="Scores">Evaluations by name ("7 boxes"); null in a line about a step.</param>
public sealed record LogEntry(long Step, string? Stage = null, double? Loss = null,
    IReadOnlyDictionary<string, double>? Losses = null, double? LearningRate = null, double? GradientNorm = null,
    int? Tokens = null, double? Seconds = null, IReadOnlyDictionary<string, Proportion>? Scores = null);

/// <summary>log.jsonl of a run: one <see cref="LogEntry"/> a line.</summary>
public static class TrainingLog
{
    /// <summary>Name of the log in a run's folder.</summary>
    public const string FileName = "log.jsonl";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
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
        LogEntry?[] entries = [.. InputFile.Text(path).TrimEnd().Split('\n').Select(TryParse)];
        if (entries is [.. var whole, null]) entries = whole;
        var bad = Array.IndexOf(entries, null);
        if (bad >= 0)
            throw new InvalidDataException($"{path}, line {bad + 1}: expected a JSON object of a training log.");
        return entries!;
    }
}

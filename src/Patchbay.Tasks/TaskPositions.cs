using System.Text.Json;

namespace Patchbay.Tasks;

/// <summary>What a prompt file says of its positions, before a tokenizer has read it.</summary>
public static class TaskPositions
{
    /// <summary>Names of the positions of a file's prompts: those of its first line, and the last token. Null where they are
    /// entity tracking's, and where the first line is no JSON, which its loader refuses.</summary>
    public static IReadOnlyList<string>? Of(string path)
    {
        try
        {
            using var line = JsonDocument.Parse(File.ReadLines(path).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text)) ?? "");
            if (line.RootElement.ValueKind != JsonValueKind.Object || line.RootElement.TryGetProperty("sentence", out _)) return null;
            var named = line.RootElement.TryGetProperty("positions", out var rules) && rules.ValueKind == JsonValueKind.Object
                ? rules.EnumerateObject().Select(rule => rule.Name) : [];
            return [.. named.Append(PositionNames.Last).Distinct()];
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

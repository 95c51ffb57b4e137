using System.Text.Json;

namespace Patchbay.Tasks;

/// <summary>Prompts of a JSONL file, whichever of the two forms it has.</summary>
public static class PromptInput
{
    /// <summary>What a file holds.</summary>
    /// <param name="Kind">"entity tracking" or "own task".</param>
    /// <param name="Prompts">Its prompts as tokens.</param>
    public sealed record Loaded(string Kind, PromptSet Prompts);

    /// <summary>Loads the first prompts of a file, or all.</summary>
    /// <param name="path">JSONL with a field "sentence" (entity tracking) or the fields of docs/tasks.md.</param>
    /// <param name="encode">The tokenizer.</param>
    /// <param name="seed">Seed of the counterfactuals where the file has none of its own.</param>
    /// <param name="prompts">How many lines to use.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A line is not as it must be.</exception>
    public static Loaded Load(string path, EncodeText encode, ulong seed, int? prompts = null)
    {
        RequireFile(path);
        return HasSentences(path)
            ? new("entity tracking", EntityPrompts.Load(path, encode, seed, prompts))
            : new("own task", PromptFile.Load(path, encode, prompts));
    }

    /// <summary>Ends the command where a file is not there.</summary>
    /// <exception cref="FileNotFoundException">It is not.</exception>
    public static void RequireFile(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"there is no file {path}", path);
    }

    /// <summary>Whether the first line has a field "sentence"; a line that is no JSON is left to the loader to
    /// refuse.</summary>
    private static bool HasSentences(string path)
    {
        try
        {
            var first = File.ReadLines(path).FirstOrDefault(text => !string.IsNullOrWhiteSpace(text)) ?? "{}";
            using var line = JsonDocument.Parse(first);
            var root = line.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("sentence", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

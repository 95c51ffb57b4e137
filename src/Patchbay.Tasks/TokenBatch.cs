using System.Text.Json;

namespace Patchbay.Tasks;

/// <summary>Prompts given as tokens, with receivers for path patching: the form of the golden batches.</summary>
/// <param name="Prompts">The prompts. Positions: "last"; with a query-label offset also "query_label" and
/// "previous_query_label", the latter in the counterfactuals only where group D's positions were given.</param>
/// <param name="Receivers">Layer and head of every receiver in the file; empty where it names none.</param>
/// <param name="Segments">Segments of the context, where the file says.</param>
public sealed record TokenBatch(PromptSet Prompts, IReadOnlyList<(int Layer, int Head)> Receivers, int? Segments)
{
    /// <summary>Loads a batch. Fields: base_tokens and source_tokens (lists of id lists; what lies behind a row's last
    /// index is padding and left out), base_last_token_indices and source_last_token_indices, labels (answer ids), and
    /// if wanted receivers ([[layer, head], ...]), segments and query_label_offset_from_last. Others are
    /// ignored.</summary>
    /// <param name="path">The batch.</param>
    /// <param name="dPositionsPath">A list with one position per counterfactual, which group D's senders are taken
    /// from.</param>
    /// <exception cref="InvalidDataException">A file is not as it must be; the message names it and the
    /// field.</exception>
    public static TokenBatch Load(string path, string? dPositionsPath = null)
    {
        var origin = Path.GetFileName(path);
        var root = JsonLines.ReadFile(path);
        if (root.ValueKind != JsonValueKind.Object) throw Refusal.Of(origin, "a JSON object", JsonLines.Describe(root));

        var clean = Rows(root, "base", origin);
        var source = Rows(root, "source", origin);
        Same(source.Count, clean.Count, "source_tokens", origin);
        var answers = Integers(Required(root, "labels", origin), "labels", origin);
        Same(answers.Length, clean.Count, "labels", origin);
        int? offset = Optional(root, "query_label_offset_from_last", origin);
        var dPositions = dPositionsPath is null ? null : DPositions(dPositionsPath, source);

        List<Prompt> prompts =
        [
            .. Enumerable.Range(0, clean.Count).Select(i => new Prompt(
                Clean(clean[i], offset, $"{origin}, prompt {i}"),
                Counterfactual(source[i], offset, dPositions?[i], $"{origin}, prompt {i}"),
                answers[i],
                $"{origin}, prompt {i}")),
        ];
        return new TokenBatch(new PromptSet(prompts), ReadReceivers(root, origin), Optional(root, "segments", origin));
    }

    /// <summary>Only the receivers of such a file, whatever else it holds.</summary>
    /// <exception cref="InvalidDataException">It names none, or one is not [layer, head].</exception>
    public static IReadOnlyList<(int Layer, int Head)> LoadReceivers(string path)
    {
        var origin = Path.GetFileName(path);
        var root = JsonLines.ReadFile(path);
        var receivers = root.ValueKind == JsonValueKind.Object ? ReadReceivers(root, origin) : [];
        return receivers.Count > 0
            ? receivers
            : throw Refusal.Field(origin, "receivers", "a list of [layer, head] pairs", "none");
    }

    private static TokenSequence Clean(int[] ids, int? offset, string origin)
    {
        var positions = Positions(ids, offset, origin);
        if (positions.TryGetValue(PositionNames.QueryLabel, out var query))
        {
            var before = EntityLayout.Occurrences(ids, query);
            if (before.Count != 1)
            {
                throw Refusal.Field(origin, "base_tokens",
                    $"the query label's token {ids[query]} exactly once before position {query}",
                    $"{before.Count} times");
            }
            positions[PositionNames.PreviousQueryLabel] = before[0];
        }
        return new TokenSequence(ids, positions);
    }

    private static TokenSequence Counterfactual(int[] ids, int? offset, int? dPosition, string origin)
    {
        var positions = Positions(ids, offset, origin);
        if (dPosition is int position) positions[PositionNames.PreviousQueryLabel] = position;
        return new TokenSequence(ids, positions);
    }

    private static Dictionary<string, int> Positions(int[] ids, int? offset, string origin)
    {
        var last = ids.Length - 1;
        var positions = new Dictionary<string, int> { [PositionNames.Last] = last };
        if (offset is not int back) return positions;
        if (back < 0 || back > last)
        {
            throw Refusal.Field(origin, "query_label_offset_from_last", $"0 to {last}", $"{back}");
        }
        positions[PositionNames.QueryLabel] = last - back;
        return positions;
    }

    private static List<int[]> Rows(JsonElement root, string side, string origin)
    {
        var (tokensField, lastField) = ($"{side}_tokens", $"{side}_last_token_indices");
        var rows = Items(Required(root, tokensField, origin), tokensField, origin)
            .Select((row, i) => Integers(row, $"{tokensField}[{i}]", origin)).ToList();
        if (rows.Count == 0) throw Refusal.Field(origin, tokensField, "at least one prompt", "none");
        var last = Integers(Required(root, lastField, origin), lastField, origin);
        Same(last.Length, rows.Count, lastField, origin);
        for (var i = 0; i < rows.Count; i++)
        {
            var range = rows[i].Length == 0 ? "a row of at least one id" : $"0 to {rows[i].Length - 1}";
            if (last[i] < 0 || last[i] >= rows[i].Length)
            {
                throw Refusal.Field(origin, $"{lastField}[{i}]", range, $"{last[i]}");
            }
            rows[i] = rows[i][..(last[i] + 1)];
        }
        return rows;
    }

    private static int[] DPositions(string path, List<int[]> source)
    {
        var origin = Path.GetFileName(path);
        var positions = Integers(JsonLines.ReadFile(path), "positions", origin);
        Same(positions.Length, source.Count, "positions", origin);
        for (var i = 0; i < positions.Length; i++)
        {
            if (positions[i] >= 0 && positions[i] < source[i].Length) continue;
            throw Refusal.Field(origin, $"positions[{i}]", $"0 to {source[i].Length - 1}", $"{positions[i]}");
        }
        return positions;
    }

    private static List<(int Layer, int Head)> ReadReceivers(JsonElement root, string origin)
    {
        if (!root.TryGetProperty("receivers", out var value)) return [];
        var receivers = new List<(int, int)>();
        foreach (var (pair, i) in Items(value, "receivers", origin).Select((pair, i) => (pair, i)))
        {
            var numbers = Integers(pair, $"receivers[{i}]", origin);
            if (numbers.Length != 2 || numbers.Any(number => number < 0))
            {
                throw Refusal.Field(origin, $"receivers[{i}]", "[layer, head], both 0 or more", pair.GetRawText());
            }
            receivers.Add((numbers[0], numbers[1]));
        }
        return receivers;
    }

    private static JsonElement Required(JsonElement root, string field, string origin) =>
        root.TryGetProperty(field, out var value)
            ? value
            : throw Refusal.Field(origin, field, "a list", "no such field");

    private static int? Optional(JsonElement root, string field, string origin) =>
        root.TryGetProperty(field, out var value) ? JsonLines.Integer(value, field, origin) : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement value, string field, string origin) =>
        value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw Refusal.Field(origin, field, "a list", JsonLines.Describe(value));

    private static int[] Integers(JsonElement value, string field, string origin) =>
        [.. Items(value, field, origin).Select((item, i) => JsonLines.Integer(item, $"{field}[{i}]", origin))];

    private static void Same(int found, int expected, string field, string origin)
    {
        if (found != expected)
        {
            throw Refusal.Field(origin, field, $"{expected} entries, one per prompt in base_tokens", $"{found}");
        }
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Patchbay.Tasks;

/// <summary>Files of prompts given as tokens, with receivers for path patching: the form of the golden
/// batches.</summary>
public static class TokenBatch
{
    private static readonly string[] Own =
        ["base_tokens", "source_tokens", "base_last_token_indices", "source_last_token_indices"];

    private static readonly PromptFields Fields = new("base_tokens", "source_tokens", "labels");

    /// <summary>Loads a batch. Fields: base_tokens and source_tokens (lists of id lists; what lies behind a row's last
    /// index is padding and left out), base_last_token_indices and source_last_token_indices, labels (answer ids), and
    /// if wanted receivers ([[layer, head], ...]), query_label_offset_from_last and d_positions (one position per
    /// counterfactual, which group D's senders are taken from). Others are ignored.</summary>
    /// <param name="path">The batch.</param>
    /// <param name="dPositionsPath">A list of group D's positions in a file of its own.</param>
    /// <param name="name">What messages call the batch, where that is not its path.</param>
    /// <returns>The prompts, and layer and head of every receiver, none where the file names none. Positions: "last";
    /// with a query-label offset also "query_label" and "previous_query_label", the latter in the counterfactuals only
    /// where group D's positions were given.</returns>
    /// <exception cref="InvalidDataException">A file is not as it must be, or padded on the left; the message names it
    /// and the field.</exception>
    public static (PromptSet Prompts, IReadOnlyList<Head> Receivers) Load(
        string path, string? dPositionsPath = null, string? name = null)
    {
        var file = JsonFile.Value(path, name).AsObject();
        var clean = Rows(file, "base");
        var source = Rows(file, "source");
        Require(file["source_tokens"], source.Count, clean.Count);
        var answers = Ids(file["labels"]);
        Require(file["labels"], answers.Length, clean.Count);
        int? offset = file["query_label_offset_from_last"] is { Exists: true } field ? field.Integer : null;
        int[]? dPositions = null;
        var positions = dPositionsPath is null ? file["d_positions"] : JsonFile.Value(dPositionsPath);
        if (positions.Exists)
        {
            Integers(positions, source.Count);
            dPositions = [.. positions.Items.Select((item, i) => item.IntegerIn(0, source[i].Length - 1))];
        }
        var prompts = new Prompt[clean.Count];
        for (var i = 0; i < prompts.Length; i++)
        {
            var origin = $"{file.Origin}, prompt {i}";
            var counterfactual = Counterfactual(source[i], offset, dPositions?[i], origin);
            prompts[i] = new(Clean(clean[i], offset, origin), counterfactual, answers[i], origin)
            {
                Fields = Fields,
            };
        }
        return (new PromptSet(prompts), Receivers(file));
    }

    /// <summary>Token ids alone: a list of a prompt's, or a list of such lists.</summary>
    /// <exception cref="InvalidDataException">It is neither; the message names the file and the place.</exception>
    public static int[][] LoadIds(string path)
    {
        InputFile.Require(path);
        var file = JsonFile.Value(path);
        JsonField[] lists = file.Items is [{ Value.ValueKind: JsonValueKind.Array }, ..] several ? several : [file];
        return [.. lists.Select(list => list.Items.Length > 0
            ? Ids(list)
            : throw list.Refused("at least one id", "none"))];
    }

    /// <summary>Whether a text is meant as a batch: it has a field that nothing else has.</summary>
    public static bool IsBatch(string text) =>
        Own.Any(field => text.Contains($"\"{field}\"", StringComparison.Ordinal));

    /// <summary>Names of the positions that a batch of this text has.</summary>
    public static IReadOnlyList<string> PositionsOf(string text) =>
        text.Contains("\"query_label_offset_from_last\"", StringComparison.Ordinal)
            ? [PositionNames.Last, PositionNames.QueryLabel, PositionNames.PreviousQueryLabel] : [PositionNames.Last];

    /// <summary>The text of a batch with group D's positions from another file put in.</summary>
    /// <exception cref="InvalidDataException">A file is no JSON.</exception>
    public static string WithDPositions(string path, string dPositionsPath)
    {
        var batch = JsonNode.Parse(JsonFile.Value(path).AsObject().Value.GetRawText())!;
        batch["d_positions"] = JsonNode.Parse(JsonFile.Value(dPositionsPath).Value.GetRawText());
        return batch.ToJsonString();
    }

    /// <summary>Only the receivers of such a file, whatever else it holds.</summary>
    /// <exception cref="InvalidDataException">It names none, or one is not [layer, head].</exception>
    public static IReadOnlyList<Head> LoadReceivers(string path)
    {
        var file = JsonFile.Value(path);
        Head[] receivers = file.Value.ValueKind == JsonValueKind.Object ? Receivers(file) : [];
        return receivers.Length > 0 ? receivers
            : throw Refusal.Field(file.Origin, "receivers", "a list of [layer, head] pairs", "none");
    }

    private static TokenSequence Clean(int[] ids, int? offset, string origin)
    {
        var positions = Positions(ids, offset, origin);
        if (positions.TryGetValue(PositionNames.QueryLabel, out var query))
        {
            var before = EntityLayout.Occurrences(ids, query);
            if (before.Count != 1)
                throw Refusal.Field(origin, "base_tokens",
                    $"the query label's token {ids[query]} exactly once before position {query}",
                    $"{before.Count} times");
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
            throw Refusal.Field(origin, "query_label_offset_from_last", $"0 to {last}", $"{back}");
        positions[PositionNames.QueryLabel] = last - back;
        return positions;
    }

    /// <summary>The ids of each prompt, without padding.</summary>
    private static List<int[]> Rows(JsonField file, string side)
    {
        var tokens = file[$"{side}_tokens"];
        List<int[]> rows = [.. tokens.Items.Select(Ids)];
        if (rows.Count == 0) throw tokens.Refused("at least one prompt", "none");
        var last = file[$"{side}_last_token_indices"];
        Integers(last, rows.Count);
        List<int[]> kept = [.. rows.Zip(last.Items, (row, index) => row[..(index.IntegerIn(
            0, row.Length - 1, row.Length == 0 ? "a row of at least one id" : null) + 1)])];
        if (PaddedBefore(kept) is { } padded)
            throw tokens.Items[padded.Row].Refused("a prompt from its first id on, padded behind its last token alone",
                $"padding before it, {padded.Pads} times id {kept[padded.Row][0]} from index 0 on");
        return kept;
    }

    /// <summary>The first row that is padded on the left, and by how many ids; null where none seems to be. Rows that
    /// are padded so all begin with three or more of one id, which is nowhere else. Or they all end at the same index
    /// and begin with more or fewer of it; then what follows begins in every row with the same id, which is nowhere
    /// else either, or several rows begin with such an id, and some with two or more of it.</summary>
    private static (int Row, int Pads)? PaddedBefore(List<int[]> rows)
    {
        var least = rows.Min(row => row.TakeWhile(id => id == rows[0][0]).Count());
        if (least >= 3 && !rows.Any(row => row.SkipWhile(id => id == rows[0][0]).Contains(rows[0][0])))
            return (0, rows[0].TakeWhile(id => id == rows[0][0]).Count());
        if (rows.Count < 2 || rows.Any(row => row.Length != rows[0].Length)) return null;
        foreach (var pad in rows.Select(row => row[0]).Distinct())
        {
            int[] runs = [.. rows.Select(row => row.TakeWhile(id => id == pad).Count())];
            var texts = rows.Zip(runs, (row, run) => row[run..]).ToArray();
            if (runs.Distinct().Count() == 1 || texts.Any(text => text.Contains(pad))) continue;
            var beginsAlike = texts.All(text => text.Length > 0 && text.Count(id => id == texts[0][0]) == 1
                && text[0] == texts[0][0]);
            // Where the first token is the padding's own id, one of them belongs to the text.
            var own = beginsAlike || runs.Min() == 0 ? 0 : 1;
            var padded = runs.Count(run => run > own);
            if (!beginsAlike && (runs.Max() < 2 || (padded < 2 && rows.Count > 2))) continue;
            var first = Array.FindIndex(runs, run => run > own);
            return (first, runs[first] - own);
        }
        return null;
    }

    private static Head[] Receivers(JsonField file) =>
        file["receivers"] is not { Exists: true } list ? [] : [.. list.Items.Select(pair =>
            Integers(pair) is [>= 0 and var layer, >= 0 and var head] ? new Head(layer, head)
                : throw pair.Refused("[layer, head], both 0 or more", pair.Value.GetRawText()))];

    private static int[] Ids(JsonField list) =>
        [.. list.Items.Select(id => id.IntegerIn(0, int.MaxValue, "a token id of 0 or more"))];

    private static int[] Integers(JsonField list, int? count = null)
    {
        int[] integers = [.. list.Items.Select(item => item.Integer)];
        Require(list, integers.Length, count ?? integers.Length);
        return integers;
    }

    private static void Require(JsonField list, int found, int expected)
    {
        if (found != expected) throw list.Refused($"{expected} entries, one per prompt in base_tokens", $"{found}");
    }
}

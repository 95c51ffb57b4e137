using System.Runtime.InteropServices;
using System.Text;

namespace Patchbay.Models.Tokenizers;

/// <summary>The model of a tokenizer.json: turns one word into ids.</summary>
/// <param name="Name">What it is, for people: "BPE, byte fallback".</param>
/// <param name="Tokenize">Appends the ids of a word to a list.</param>
internal sealed record HuggingFaceModel(string Name, Action<string, List<int>> Tokenize)
{
    public static HuggingFaceModel Read(JsonField model, Vocabulary vocabulary) => TypeOf(model) == "WordLevel"
        ? WordLevel(vocabulary, model.Required("unk_token").Text())
        : new(model.Flag("byte_fallback") ? "BPE, byte fallback" : "BPE", new Bpe(model, vocabulary).Tokenize);

    /// <summary>Refuses another kind of model, whose vocabulary looks otherwise.</summary>
    public static void CheckType(JsonField model)
    {
        if (TypeOf(model) is not ("BPE" or "WordLevel"))
            throw (model.Optional("type") ?? model).Expected("a supported model (BPE, WordLevel)");
    }

    // Files of old versions do not name the type; only BPE has merges.
    private static string TypeOf(JsonField model) =>
        model.Optional("type")?.Text() ?? (model.Optional("merges") is null ? "" : "BPE");

    // Every word is one token, or the unknown one.
    private static HuggingFaceModel WordLevel(Vocabulary vocabulary, string unknownToken)
    {
        var unknown = vocabulary.Find(unknownToken);
        return new("WordLevel", (word, ids) => ids.Add(vocabulary.Find(word) ?? unknown ??
            throw new InvalidDataException($"the word {Refusal.Quote(word)} is not in the vocabulary, " +
                $"and neither is the unknown token {Refusal.Quote(unknownToken)}.")));
    }
}

/// <summary>Byte-pair encoding by a list of merges. A character that the vocabulary lacks becomes its bytes where the
/// vocabulary has them all and byte_fallback is set, else the unknown token, else nothing.</summary>
internal sealed class Bpe
{
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<Rune, int> _characters;
    private readonly BytePairMerger _merger;
    private readonly int[] _byteIds; // -1 where the vocabulary has no such byte
    private readonly int? _unknown;
    private readonly bool _byteFallback, _fuseUnknown, _ignoreMerges;

    public Bpe(JsonField model, Vocabulary vocabulary)
    {
        CheckSupported(model);
        _vocabulary = vocabulary;
        if (model.Optional("unk_token") is { } unknown)
            _unknown = vocabulary.Find(unknown.Text()) ?? throw unknown.Expected("a token of model.vocab");
        _byteFallback = model.Flag("byte_fallback");
        _fuseUnknown = model.Flag("fuse_unk");
        _ignoreMerges = model.Flag("ignore_merges");
        _characters = Utf8Text.CharacterIds(vocabulary.ModelIds);
        _merger = new(ReadMerges(model.Required("merges"), vocabulary), vocabulary.Pieces);
        _byteIds = [.. Enumerable.Range(0, 256).Select(b => vocabulary.Find(Utf8Text.PieceOf((byte)b)) ?? -1)];
    }

    private static void CheckSupported(JsonField model)
    {
        foreach (var name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Optional(name) is { } affix && affix.Text().Length > 0)
                throw affix.Expected("none (it is not supported)");
        if (model.Optional("dropout") is { } dropout && dropout.Number() != 0)
            throw dropout.Expected("none (it is not supported)");
    }

    private static List<MergeRule> ReadMerges(JsonField merges, Vocabulary vocabulary)
    {
        var rules = new List<MergeRule>();
        foreach (var merge in merges.Items())
        {
            // "a b" in older files, ["a", "b"] in newer ones.
            string[] sides = merge.IsArray ? [.. merge.Items().Select(side => side.Text())] : merge.Text().Split(' ');
            if (sides is not [{ Length: > 0 }, { Length: > 0 }]) throw merge.Expected("two tokens");
            if (vocabulary.Find(sides[0]) is not { } left || vocabulary.Find(sides[1]) is not { } right ||
                vocabulary.Find(sides[0] + sides[1]) is not { } result)
                throw merge.Expected("two tokens that are, also joined, in model.vocab");
            rules.Add(new(left, right, result, rules.Count));
        }
        return rules;
    }

    public void Tokenize(string word, List<int> ids)
    {
        if (_ignoreMerges && _vocabulary.Find(word) is { } whole)
        {
            ids.Add(whole);
            return;
        }
        var symbols = new List<int>(word.Length);
        var pending = false; // an unknown token that is not in the list yet
        foreach (var rune in word.EnumerateRunes())
        {
            if (_characters.TryGetValue(rune, out var known))
            {
                if (pending) symbols.Add(_unknown!.Value);
                pending = false;
                symbols.Add(known);
            }
            else if (!(_byteFallback && TryAddBytes(rune, symbols)) && _unknown is { } unknown)
            {
                if (pending && !_fuseUnknown) symbols.Add(unknown);
                pending = true;
            }
        }
        if (pending) symbols.Add(_unknown!.Value);
        _merger.Merge(CollectionsMarshal.AsSpan(symbols), ids);
    }

    private bool TryAddBytes(Rune rune, List<int> symbols)
    {
        var count = symbols.Count;
        Utf8Text.AppendByteIds(rune, _byteIds, symbols);
        if (!CollectionsMarshal.AsSpan(symbols)[count..].Contains(-1)) return true;
        symbols.RemoveRange(count, symbols.Count - count);
        return false;
    }
}

using Patchbay.Tasks;

namespace Patchbay.Lab.Data;

/// <summary>The lab's words, each one token: what its data are made of.</summary>
public static class LabVocabulary
{
    /// <summary>Id of an unknown word, of the beginning and of the end of a text.</summary>
    public const int Unknown = 0, Begin = 1, End = 2;

    /// <summary>All tokens; a token's id is its index.</summary>
    public static IReadOnlyList<string> Tokens { get; } = [.. ((string[])
    [
        "<unk>", "<s>", "</s>", ".", ",", ":", "?", "!", "+", "-", "*", "=",
        .. Enumerable.Range(0, 10).Select(d => $"{d}"), .. EntityWords.All.Labels,
        "The", "the", "is", "in", "Box", "contains",
        .. ConversationData.Words, .. ArithmeticData.Words, .. EntityWords.All.Objects,
    ]).Distinct()];

    private static readonly Dictionary<string, int> Ids = Tokens.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);

    /// <summary>Id of a word, 0 where it is unknown.</summary>
    public static int Id(string word) => Ids.GetValueOrDefault(word, Unknown);

    /// <summary>Ids of a text, without the one that begins it: words, single digits and single punctuation marks, as the tokenizer
    /// that <see cref="LabTokenizer"/> writes has them. "&lt;/s&gt;" is the end.</summary>
    public static int[] Encode(string text)
    {
        var ids = new List<int>(text.Length / 4);
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i])) i++;
            else if (text.AsSpan(i).StartsWith("</s>"))
            {
                ids.Add(End);
                i += 4;
            }
            else
            {
                var end = i + 1;
                if (char.IsAsciiLetter(text[i])) while (end < text.Length && char.IsAsciiLetter(text[end])) end++;
                ids.Add(Id(text[i..end]));
                i = end;
            }
        }
        return [.. ids];
    }
}

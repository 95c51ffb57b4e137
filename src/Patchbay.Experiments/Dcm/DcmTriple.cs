namespace Patchbay.Experiments;

/// <summary>A case of a desideratum: what carries the information, patched from source into base, should make the model
/// answer the target.</summary>
/// <param name="Base">Token ids of the base prompt, BOS included.</param>
/// <param name="BasePosition">Position of the group's heads in it.</param>
/// <param name="Source">Token ids of the source prompt.</param>
/// <param name="SourcePosition">The corresponding position in that.</param>
/// <param name="Target">Token that should be the most probable at the base's last token.</param>
public sealed record DcmTriple(int[] Base, int BasePosition, int[] Source, int SourcePosition, int Target)
{
    /// <summary>Says whether a model can run these triples.</summary>
    /// <param name="triples">The triples.</param>
    /// <param name="name">What they are, for the message: "train".</param>
    /// <param name="config">The model's shape.</param>
    /// <exception cref="InvalidDataException">There is none, or one does not fit.</exception>
    internal static void Check(IReadOnlyList<DcmTriple> triples, string name, DecoderConfig config)
    {
        if (triples.Count == 0) throw new InvalidDataException($"DCM needs at least one triple to {name}, found none.");
        foreach (var (i, triple) in triples.Index())
        {
            Check(triple.Base, triple.BasePosition, $"{name} triple {i}", "base");
            Check(triple.Source, triple.SourcePosition, $"{name} triple {i}", "source");
            foreach (var id in triple.Base.Concat(triple.Source).Append(triple.Target)
                .Where(id => id < 0 || id >= config.Vocabulary))
            {
                throw new InvalidDataException(
                    $"{name} triple {i}: expected token ids from 0 to {config.Vocabulary - 1}, the model's "
                        + $"vocabulary, found {id}.");
            }
        }
    }

    private static void Check(int[] ids, int position, string origin, string side)
    {
        if (position >= 0 && position < ids.Length) return;
        throw new InvalidDataException(
            $"{origin}: expected a {side} position inside its {ids.Length} tokens, found {position}.");
    }
}

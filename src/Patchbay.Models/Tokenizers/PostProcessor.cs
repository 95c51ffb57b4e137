namespace Patchbay.Models.Tokenizers;

/// <summary>The ids that go around a sequence.</summary>
internal sealed record PostProcessor(IReadOnlyList<int> Before, IReadOnlyList<int> After)
{
    private const string Supported = "a supported post-processor (Sequence, TemplateProcessing, ByteLevel)";

    public static PostProcessor Read(JsonField? field, int vocabularySize)
    {
        if (field is not { } processor) return new([], []);
        var type = processor.Required("type");
        return type.Text() switch
        {
            "ByteLevel" => new([], []), // trims offsets, which nothing here uses
            "TemplateProcessing" => Template(processor, vocabularySize),
            "Sequence" => processor.Required("processors").Items().Select(item => Read(item, vocabularySize))
                .Aggregate(new PostProcessor([], []), (inner, outer) =>
                    new([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After])),
            _ => throw type.Expected(Supported),
        };
    }

    private static PostProcessor Template(JsonField processor, int vocabularySize)
    {
        var (before, after, seen) = (new List<int>(), new List<int>(), false);
        var single = processor.Required("single");
        foreach (var piece in single.Items())
        {
            if (piece.Optional("SpecialToken") is { } special)
            {
                var token = processor.Required("special_tokens").Required(special.Required("id").Text());
                (seen ? after : before).AddRange(token.Required("ids").Items().Select(id => id.Id(vocabularySize)));
            }
            else
            {
                var id = piece.Required("Sequence").Required("id");
                if (seen || id.Text() != "A") throw id.Expected("sequence A, once");
                seen = true;
            }
        }
        return seen ? new(before, after) : throw single.Expected("a template with sequence A");
    }
}
